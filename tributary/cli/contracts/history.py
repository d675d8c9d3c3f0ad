"""`tributary history`: a subject's versions and what each changed."""

from __future__ import annotations

import argparse

from tributary import catalog, settings
from tributary.cli import exits
from tributary.cli.options import add_against, add_subject
from tributary.cli.output import add_format, show
from tributary.registry.check import history
from tributary.registry.check.baseline import baseline
from tributary.registry.render import documents, markdown, text


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Its arguments."""
    add_format(command)
    add_subject(command)
    add_against(command)


def run(args: argparse.Namespace) -> int:
    """Print the versions."""
    loaded = settings.load()
    topic = history.find_topic(args.subject, catalog.load(loaded).topics)
    entries = history.history(baseline(args.against, loaded, [topic])[topic.subject])
    show(args.format, topic.subject, entries, text=text.history, json=documents.history, markdown=markdown.history)
    return exits.FINE

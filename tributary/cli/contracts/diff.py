"""`tributary diff`: what differs between two versions of a subject."""

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
    for name, metavar in (("before", "V1"), ("after", "V2")):
        command.add_argument(name, metavar=metavar, help="a version: 2, v2, latest, or working (the contract as it is)")
    add_against(command)


def run(args: argparse.Namespace) -> int:
    """Print the difference."""
    loaded = settings.load()
    topic = history.find_topic(args.subject, catalog.load(loaded).topics)
    versions = baseline(args.against, loaded, [topic])[topic.subject]
    found = history.diff(*(history.find_version(name, topic, versions) for name in (args.before, args.after)))
    show(args.format, found, text=text.diff, json=documents.diff, markdown=markdown.diff)
    return exits.FINE

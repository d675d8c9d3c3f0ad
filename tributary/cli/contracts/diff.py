"""`tributary diff`: what differs between two versions of a subject."""

from __future__ import annotations

import argparse
from typing import Any

from tributary import catalog, settings
from tributary.cli import exits
from tributary.cli.options import add_against, add_subject
from tributary.cli.output import add_format, show
from tributary.printable import lines, paragraphs
from tributary.registry.check.baseline import baseline
from tributary.registry.check.history import Diff, diff, find_topic, find_version
from tributary.registry.render import changes
from tributary.registry.render.words import attributes


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Its arguments."""
    add_format(command)
    add_subject(command)
    for name, metavar in (("before", "V1"), ("after", "V2")):
        command.add_argument(
            name, metavar=metavar, help="a version: 2, v2, latest, or working (the contract in the working copy)"
        )
    add_against(command)


def run(args: argparse.Namespace) -> int:
    """Print the difference."""
    loaded = settings.load()
    topic = find_topic(args.subject, catalog.load(loaded).topics)
    versions = baseline(args.against, loaded, [topic])[topic.subject]
    found = diff(*(find_version(name, topic, versions) for name in (args.before, args.after)))
    show(args.format, found, text=_text, json=_document, markdown=_markdown)
    return exits.FINE


def _text(found: Diff) -> str:
    if not found.unified:
        return _same(found)
    return "\n".join([lines(changes.rows(found.changes) or ["same in meaning"]), "", paragraphs(found.unified)])


def _document(found: Diff) -> dict[str, Any]:
    documents = changes.documents(found.changes)
    return {**attributes(found, "before", "after"), "changes": documents, "unified": found.unified}


def _markdown(found: Diff) -> str:
    if not found.unified:
        return _same(found)
    words = [f"- {span}" for span in changes.spans(found.changes)]
    return "\n".join([f"### {found.before} → {found.after}", "", *words, "", "```diff", found.unified, "```"])


def _same(found: Diff) -> str:
    return f"{found.before} and {found.after} are the same"

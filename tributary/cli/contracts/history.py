"""`tributary history`: a subject's versions and what each changed."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

from tributary import catalog, settings
from tributary.cli import exits
from tributary.cli.options import add_against, add_subject
from tributary.cli.output import add_format, show
from tributary.printable import lines
from tributary.registry.check.baseline import baseline
from tributary.registry.check.history import HistoryEntry, find_topic, history
from tributary.registry.render import changes
from tributary.registry.render.markup import code, table
from tributary.registry.render.words import number


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Its arguments."""
    add_format(command)
    add_subject(command)
    add_against(command)


def run(args: argparse.Namespace) -> int:
    """Print the versions."""
    loaded = settings.load()
    topic = find_topic(args.subject, catalog.load(loaded).topics)
    entries = history(baseline(args.against, loaded, [topic])[topic.subject])
    show(args.format, topic.subject, entries, text=_text, json=_document, markdown=_markdown)
    return exits.FINE


def _text(subject: str, entries: Sequence[HistoryEntry]) -> str:
    rows = [f"{subject}: {number(len(entries), 'version')}"]
    for entry in entries:
        rows.append(f"v{entry.version.version} (id {entry.version.id}): {changes.summary(entry)}")
        rows += [f"    {row}" for row in changes.rows(entry.changes)]
    return lines(rows)


def _document(subject: str, entries: Sequence[HistoryEntry]) -> dict[str, Any]:
    return {"subject": subject, "versions": [changes.version(entry) for entry in entries]}


def _markdown(subject: str, entries: Sequence[HistoryEntry]) -> str:
    rows = [
        (f"v{e.version.version}", str(e.version.id), changes.summary(e), "\n".join(changes.spans(e.changes)))
        for e in entries
    ]
    return "\n".join([f"### {code(subject)}", *table(("version", "id", "", "changes"), rows)])

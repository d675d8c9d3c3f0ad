"""What changed between versions of a subject, in each format: for check, history, diff and the event catalogue."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tributary.registry.check.history import HistoryEntry
from tributary.registry.contract.diff import Change
from tributary.registry.render.markup import code, line
from tributary.registry.render.words import attributes


def field(path: str) -> str:
    """What a path names; an empty one names the record itself."""
    return path or "the record"


def rows(found: Iterable[Change]) -> list[str]:
    """Each change in words, with its field."""
    return [f"{field(change.path)}: {change.text}" for change in found]


def spans(found: Iterable[Change]) -> list[str]:
    """The same as Markdown."""
    return [f"{code(field(change.path))} {line(change.text)}" for change in found]


def documents(found: Iterable[Change]) -> list[dict[str, Any]]:
    """The same as JSON."""
    return [attributes(change, "kind", "path", "text") for change in found]


def summary(entry: HistoryEntry) -> str:
    """How a version relates to the one before it, in a few words."""
    if not entry.changes:
        return "the first"
    if all(change.kind == "doc" for change in entry.changes):
        return "docs only"
    if entry.reads_before and entry.read_by_before:
        return "compatible both ways"
    if entry.reads_before:
        return "reads the previous version, and is not read by it"
    if entry.read_by_before:
        return "is read by the previous version, and does not read it"
    return "incompatible with the previous version"


def version(entry: HistoryEntry) -> dict[str, Any]:
    """One version and its changes as JSON."""
    return {
        **attributes(entry.version, "version", "id", "fingerprint"),
        "summary": summary(entry),
        **attributes(entry, "reads_before", "read_by_before"),
        "changes": documents(entry.changes),
        "schema": entry.version.schema,
    }

"""The event catalogue as text, as Markdown and as a JSON document; `catalogue` has it as a page."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from tributary.printable import lines
from tributary.registry.catalogue.model import NOT_REGISTERED, Event, Handbook, Note, version_name
from tributary.registry.check.verdict import retention
from tributary.registry.render.documents import version
from tributary.registry.render.markdown import table
from tributary.registry.render.markup import code, line, paragraph, plain
from tributary.registry.render.text import shown, summary


def text(book: Handbook) -> str:
    """Each event with its facts, fields and versions."""
    return "\n\n".join(lines(_text(event)) for event in book.events)


def _text(event: Event) -> Iterator[str]:
    yield f"{event.title}: {event.doc}"
    yield from (f"  {name:<9} {_words(notes)}" for name, notes in event.facts)
    yield "  fields"
    for field in event.fields:
        marks = "".join(f" [{mark}]" for mark in field.marks)
        yield f"    {field.path}: {field.type}{marks}"
        yield f"        {field.doc}"
        if field.notes:
            yield f"        {_words(field.notes)}"
    yield "  versions"
    for entry in reversed(event.versions):
        yield f"    {version_name(entry)}: {summary(entry)}"
        yield from (f"        {change.path or 'the record'}: {change.text}" for change in entry.changes)


def markdown(book: Handbook) -> str:
    """The whole catalogue, ending in a newline."""
    return "\n".join(["# Event catalogue", "", *_overview(book), *_events(book), *_letters(book)]) + "\n"


def _overview(book: Handbook) -> Iterator[str]:
    yield "Written by `make docs` from the contracts, and from the versions in the lock."
    heads = ("event", "topic", "owner", "version")
    yield from table(
        heads,
        [(_link(event), code(event.topic.name), line(event.topic.owner), event.status) for event in book.events],
    )
    if book.personal:
        yield "\n## Personal data"
        rows = [
            (code(path), plain(mark), ", ".join(_link(event) for event in events))
            for (path, mark), events in book.personal.items()
        ]
        yield from table(("field", "mark", "events"), rows)


def _events(book: Handbook) -> Iterator[str]:
    for event in book.events:
        yield f"\n## {plain(event.title)}\n\n{paragraph(event.doc)}\n"
        yield from (f"- {name}: {_words(notes, line, code)}" for name, notes in event.facts)
        rows = [
            (
                code(field.path),
                plain(field.type),
                plain(field.doc),
                _words([*map(Note, field.marks), *field.notes], line, code),
            )
            for field in event.fields
        ]
        yield from table(("field", "type", "meaning", ""), rows)
        rows = [(code(one.name), one.kind, code(one.path), plain(one.doc)) for one in event.types]
        yield from table(("type", "kind", "defined at", "meaning"), rows)
        yield ""
        for entry in reversed(event.versions):
            identity = "" if entry.version.id == NOT_REGISTERED else f" (id {entry.version.id})"
            yield f"- **{version_name(entry)}**{identity}: {summary(entry)}"
            yield from (f"  - {code(change.path or 'the record')} {line(change.text)}" for change in entry.changes)


def _letters(book: Handbook) -> Iterator[str]:
    letters = book.dead_letters
    yield "\n## Dead letters\n"
    yield (
        f"Messages that no reader could decode, as they came, in the topic {code(letters.name)}: kept "
        f"{retention(letters.retention_ms)}, owner {line(letters.owner)}. They have no contract: they broke one."
    )


def document(book: Handbook) -> dict[str, Any]:
    """`events` with their fields, types and versions, and the `dead_letters`' topic."""
    return {
        "events": [_document(event) for event in book.events],
        "dead_letters": {"topic": book.dead_letters.name, "owner": book.dead_letters.owner},
    }


def _document(event: Event) -> dict[str, Any]:
    topic = event.topic
    return {
        "event": event.title,
        "record": event.name,
        "doc": event.doc,
        "owner": topic.owner,
        "topic": topic.name,
        "key": topic.key,
        "partitions": topic.partitions,
        "retention_ms": topic.retention_ms,
        "subject": topic.subject,
        "level": topic.compatibility,
        "fields": [
            {
                "field": field.path,
                "type": field.type,
                "doc": field.doc,
                "personal": field.personal,
                "key": field.key,
                "envelope": field.envelope,
                "notes": [_words([note]) for note in field.notes],
            }
            for field in event.fields
        ],
        "types": [
            {"name": one.name, "kind": one.kind, "field": one.path, "doc": one.doc, "symbols": list(one.symbols)}
            for one in event.types
        ],
        "versions": [version(entry) for entry in event.versions],
    }


def written(files: dict[Path, bool]) -> str:
    """Which files were written (true), and which said so already."""
    return lines(f"{shown(path)}: {'written' if new else 'up to date'}" for path, new in files.items())


def _words(notes: Sequence[Note], words: Callable[[str], str] = str, value: Callable[[str], str] = str) -> str:
    return "; ".join(" ".join(filter(None, (words(n.words), ", ".join(map(value, n.code))))) for n in notes)


def _link(event: Event) -> str:
    return f"[{plain(event.title)}](#{event.title.lower()})"

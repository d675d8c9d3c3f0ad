"""The event catalogue as text, as Markdown and as a JSON document; `page` has it as HTML."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from tributary.printable import lines
from tributary.registry.catalogue import NOT_REGISTERED, Event, EventCatalogue, Note, version_name
from tributary.registry.check.verdict import retention
from tributary.registry.render import changes
from tributary.registry.render.markup import code, line, paragraph, plain, table
from tributary.registry.render.words import attributes


def text(catalogue: EventCatalogue) -> str:
    """Each event with its facts, fields and versions."""
    return "\n\n".join(lines(_text(event)) for event in catalogue.events)


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
        yield f"    {version_name(entry)}: {changes.summary(entry)}"
        yield from (f"        {row}" for row in changes.rows(entry.changes))


def markdown(catalogue: EventCatalogue) -> str:
    """The whole catalogue, ending in a newline."""
    return "\n".join(["# Event catalogue", "", *_overview(catalogue), *_events(catalogue), *_letters(catalogue)]) + "\n"


def _overview(catalogue: EventCatalogue) -> Iterator[str]:
    yield "Written by `tributary docs` from the contracts, and from the versions in the lock."
    heads = ("event", "topic", "owner", "version")
    yield from table(
        heads,
        [(_link(event), code(event.topic.name), line(event.topic.owner), event.status) for event in catalogue.events],
    )
    if catalogue.personal:
        yield "\n## Personal data"
        rows = [
            (code(path), plain(mark), ", ".join(_link(event) for event in events))
            for (path, mark), events in catalogue.personal.items()
        ]
        yield from table(("field", "mark", "events"), rows)


def _events(catalogue: EventCatalogue) -> Iterator[str]:
    for event in catalogue.events:
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
            yield f"- **{version_name(entry)}**{identity}: {changes.summary(entry)}"
            yield from (f"  - {span}" for span in changes.spans(entry.changes))


def _letters(catalogue: EventCatalogue) -> Iterator[str]:
    letters = catalogue.dead_letters
    yield "\n## Dead letters\n"
    yield (
        f"Messages that could not be read, with their original bytes, in the topic {code(letters.name)}: kept "
        f"{retention(letters.retention_ms)}, owner {line(letters.owner)}. They have no contract."
    )


def document(catalogue: EventCatalogue) -> dict[str, Any]:
    """`events` with their fields, types and versions, and the `dead_letters`' topic."""
    return {
        "events": [_document(event) for event in catalogue.events],
        "dead_letters": {"topic": catalogue.dead_letters.name, "owner": catalogue.dead_letters.owner},
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
                **attributes(field, "path", "type", "doc", "personal", "key", "envelope"),
                "notes": [_words([note]) for note in field.notes],
            }
            for field in event.fields
        ],
        "types": [attributes(one, "name", "kind", "path", "doc", "symbols") for one in event.types],
        "versions": [changes.version(entry) for entry in event.versions],
    }


def _words(notes: Sequence[Note], words: Callable[[str], str] = str, value: Callable[[str], str] = str) -> str:
    return "; ".join(" ".join(filter(None, (words(n.words), ", ".join(map(value, n.code))))) for n in notes)


def _link(event: Event) -> str:
    return f"[{plain(event.title)}](#{event.title.lower()})"

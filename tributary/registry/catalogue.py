"""The event catalogue for people: what `tributary docs` writes, from the contracts and the lock alone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs

from tributary.avro.schema import SchemaError
from tributary.catalog import Catalog, CatalogError, DeadLetters, Topic
from tributary.project import Project
from tributary.registry import lock
from tributary.registry.check.history import HistoryEntry, history
from tributary.registry.check.verdict import retention
from tributary.registry.contract import walk
from tributary.registry.contract.diff import ATTRIBUTES_OF_FIELDS, short

NOT_REGISTERED = 0
"""The id of a version that is only in the working copy."""

PROMISES = {
    "NONE": "a new version may be anything",
    "BACKWARD": "a new version reads what the previous one wrote",
    "BACKWARD_TRANSITIVE": "a new version reads what every earlier one wrote",
    "FORWARD": "the previous version reads what a new one writes",
    "FORWARD_TRANSITIVE": "every earlier version reads what a new one writes",
    "FULL": "a new version and the previous one read each other's data",
    "FULL_TRANSITIVE": "all versions read each other's data",
}
"""What each compatibility level promises."""

_LIMITS = {"minimum": "at least", "maximum": "at most", "pattern": "matches"}


@attrs.frozen
class Note:
    """Something to know about a field, beside its type and doc: words, then what is written as code."""

    words: str
    code: tuple[str, ...] = ()


@attrs.frozen
class FieldEntry:
    """A field, nested ones included."""

    path: str
    """In words: `items[].quantity`."""
    type: str
    """In words: `null or string`, `long (timestamp-millis)`."""
    doc: str
    personal: str | None
    """The mark for personal data: pseudonym, identity or sensitive."""
    key: bool
    """Whether its value is the message's key."""
    envelope: bool
    """Whether every event has it."""
    notes: tuple[Note, ...]
    """Default, range and pattern, the symbols of an enum, aliases, and attributes of the author's own."""

    @property
    def depth(self) -> int:
        """The number of enclosing records, without the event."""
        return self.path.count(".")

    @property
    def marks(self) -> list[str]:
        """What it is, of key, envelope and `personal: pseudonym`."""
        marks = {"key": self.key, "envelope": self.envelope, f"personal: {self.personal}": self.personal is not None}
        return [words for words, holds in marks.items() if holds]


@attrs.frozen
class TypeEntry:
    """A record, enum or fixed that an event defines for its fields."""

    name: str
    """The full name."""
    kind: str
    path: str
    """The field where it is defined."""
    doc: str
    symbols: tuple[str, ...]


@attrs.frozen
class Event:
    """One event: its contract, its topic and its versions."""

    topic: Topic
    file: Path
    """The contract's, relative to the project's folder if it is below."""
    name: str
    """The record's full name."""
    doc: str
    fields: tuple[FieldEntry, ...]
    types: tuple[TypeEntry, ...]
    versions: tuple[HistoryEntry, ...]
    """Oldest first. The last has the id NOT_REGISTERED if the contract was edited since."""

    @property
    def title(self) -> str:
        """The record's name without its namespace."""
        return self.topic.event

    @property
    def status(self) -> str:
        """`v2`, or `v3, not registered yet`."""
        return version_name(self.versions[-1])

    @property
    def facts(self) -> list[tuple[str, list[Note]]]:
        """How the event is carried and kept: what, and the answer in words and code."""
        topic = self.topic
        return [
            ("record", [Note("", (self.name,))]),
            ("contract", [Note("", (self.file.as_posix(),))]),
            ("owner", [Note(topic.owner)]),
            (
                "topic",
                [
                    Note("", (topic.name,)),
                    Note(f"{topic.partitions} partition{'' if topic.partitions == 1 else 's'}"),
                    Note(f"kept {retention(topic.retention_ms)}"),
                ],
            ),
            ("key", [Note("", (topic.key,))]),
            ("subject", [Note("", (topic.subject,))]),
            ("level", [Note("", (topic.compatibility,)), Note(PROMISES[topic.compatibility])]),
        ]


@attrs.frozen
class EventCatalogue:
    """All events, in the catalogue's order."""

    events: tuple[Event, ...]
    dead_letters: DeadLetters

    @property
    def personal(self) -> dict[tuple[str, str], list[Event]]:
        """Personal data: path and mark of a field → the events that have it."""
        found: dict[tuple[str, str], list[Event]] = {}
        for event in self.events:
            for field in event.fields:
                if field.personal is not None:
                    found.setdefault((field.path, field.personal), []).append(event)
        return found


def build(catalog: Catalog, known: lock.Lock, project: Project) -> EventCatalogue:
    """The catalogue of the project's contracts as they are, with the versions that the lock has.

    Raises CatalogError for a contract that cannot be read.
    """
    return EventCatalogue(tuple(_event(topic, known, project) for topic in catalog.topics), catalog.dead_letters)


def version_name(entry: HistoryEntry) -> str:
    """What a version is called."""
    number = f"v{entry.version.version}"
    return number if entry.version.id != NOT_REGISTERED else f"{number}, not registered yet"


def _event(topic: Topic, known: lock.Lock, project: Project) -> Event:
    try:
        fingerprint = lock.fingerprint_of(topic)
    except SchemaError as error:
        raise CatalogError(str(error)) from error
    subject = known.subjects.get(topic.subject)
    versions = subject.versions if subject else ()
    if fingerprint not in [version.fingerprint for version in versions]:
        following = versions[-1].version + 1 if versions else 1
        versions += (lock.Version(following, NOT_REGISTERED, topic.text),)
    event, *types = walk.definitions(topic.schema)
    path = topic.path
    return Event(
        topic,
        path.relative_to(project.folder) if path.is_relative_to(project.folder) else Path(path.name),
        event.name,
        _text(event.spec, "doc"),
        tuple(_field(field, topic, project) for field in walk.fields(topic.schema)),
        tuple(_type(definition) for definition in types),
        tuple(history(versions)),
    )


def _type(definition: walk.Definition) -> TypeEntry:
    spec = definition.spec
    symbols = tuple(map(str, spec.get("symbols", ())))
    return TypeEntry(definition.name, str(spec["type"]), definition.path, _text(spec, "doc"), symbols)


def _field(field: walk.Field, topic: Topic, project: Project) -> FieldEntry:
    spec = field.spec
    return FieldEntry(
        path=field.path,
        type=short(field.type),
        doc=_text(spec, "doc"),
        personal=str(spec["pii"]) if "pii" in spec else None,
        key=field.path == topic.key,
        envelope=field.path in project.envelope,
        notes=tuple(_notes(field, topic.schema)),
    )


def _notes(field: walk.Field, schema: dict[str, Any]) -> Iterator[Note]:
    spec = field.spec
    if "default" in spec:
        yield Note("default", (_json(spec["default"]),))
    for key, words in _LIMITS.items():
        if key in spec:
            yield Note(words, (str(spec[key]),))
    for enum in (held.spec for held in walk.held(schema, field) if held.spec["type"] == "enum"):
        yield Note("one of", tuple(enum["symbols"]))
        if "default" in enum:
            yield Note("readers read an unknown symbol as", (enum["default"],))
    if "aliases" in spec:
        yield Note("also known as", tuple(spec["aliases"]))
    for name, value in spec.items():
        if name not in (*ATTRIBUTES_OF_FIELDS, *_LIMITS, "pii"):
            yield Note(name, (_json(value),))


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _text(spec: dict[str, Any], key: str) -> str:
    value = spec.get(key, "")
    return value if isinstance(value, str) else ""

"""The expected content of the store, by a pass over the topics that shares no code with the product.

Before the campaign deletes records or topics, it records what the store has counted of them.
"""

from __future__ import annotations

import re
import sqlite3
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import attrs
import fastavro
from confluent_kafka import Message

from tests.support.figures import oracle
from tributary.catalog import Topic
from tributary.kafka.admin import Partition
from tributary.settings import Settings

_KINDS = {"view": "views", "add_to_cart": "adds", "remove_from_cart": "removes", "purchase": "purchases"}
_TYPES = {"long", "int", "string"}


@attrs.frozen
class Judge:
    """Distinguishes a topic's events from messages that must become dead letters, by the contract file."""

    topic: Topic
    schema_id: int
    earliest_ms: int
    ahead_ms: int
    plain: Any = attrs.field(init=False)
    """The contract without logical types: with them fastavro refuses strings and numbers that are valid Avro."""

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "plain", fastavro.parse_schema(_without_logical_types(self.topic.schema)))

    def event(self, value: bytes | None, sent_ms: int) -> dict[str, Any] | None:
        """The event in a message, or None if it must become a dead letter."""
        if value is None or len(value) < 5 or int.from_bytes(value[1:5], "big") != self.schema_id:
            return None
        event = oracle.decode(self.plain, value)
        if event is None or not _within_bounds(self.topic.schema, event):
            return None
        return event if self.earliest_ms <= event["occurred_at"] <= sent_ms + self.ahead_ms else None


@attrs.define
class Truth:
    """The events that count and the messages that are dead letters, of topics that may no longer exist."""

    settings: Settings
    judges: Mapping[str, Judge]
    events: list[tuple[str, dict[str, Any]]] = attrs.field(factory=list)
    letters: Counter[str] = attrs.field(factory=Counter)
    """by topic"""
    origins: set[str] = attrs.field(factory=set)
    """where the letters were: topic/partition/offset"""
    deleted: int = 0
    """messages that the campaign deleted before they were counted"""
    gone: dict[Partition, int] = attrs.field(factory=dict)
    """Everything before these offsets is accounted for. A killed broker forgets recent deletions for a while."""

    def add(self, messages: Iterable[Message]) -> None:
        """Account for messages that are counted."""
        for message in messages:
            topic = str(message.topic())
            if self._is_gone(message):
                continue
            event = self.judges[topic].event(message.value(), message.timestamp()[1])
            if event is None:
                self.letters[topic] += 1
                self.origins.add(f"{topic}/{message.partition()}/{message.offset()}")
            else:
                self.events.append((topic, event))

    def destroy(self, messages: Iterable[Message], stored: Mapping[Partition, int]) -> None:
        """Account for messages about to be deleted: those before the store's offsets are counted."""
        counted = []
        for message in messages:
            if int(message.offset() or 0) < stored.get(_partition(message), 0):
                counted.append(message)
            elif not self._is_gone(message):
                self.deleted += 1
        self.add(counted)

    def forget(self, beginnings: Mapping[Partition, int]) -> None:
        """The store counts from the beginning again: it contains nothing that was deleted."""
        self.events.clear()
        self.letters.clear()
        self.gone = dict(beginnings)

    def _is_gone(self, message: Message) -> bool:
        return int(message.offset() or 0) < self.gone.get(_partition(message), 0)


def _partition(message: Message) -> Partition:
    return str(message.topic()), int(message.partition() or 0)


@attrs.frozen
class Comparison:
    """The store compared with the truth."""

    events: int
    counted: int
    letters: int
    duplicates: int
    lost: int
    twice: int
    differences: list[str]


def compare(truth: Truth, figures: Mapping[str, Any], store: Path) -> Comparison:
    """Compare every figure, and the events of each session and type one by one."""
    expected = oracle.figures(truth.events)
    differences = [
        f"{name}: {_short(figures.get(name))} in the store, {_short(value)} in the topics"
        for name, value in expected.items()
        if figures.get(name) != value
    ]
    letters = truth.letters.total()
    if figures["dead_letters"] != letters:
        differences.append(f"dead_letters: {figures['dead_letters']} in the store, {letters} in the topics")
    should, did = _by_session(truth.events), _stored_by_session(store)
    lost = {key: count for key, count in (should - did).items() if key}
    twice = {key: count for key, count in (did - should).items() if key}
    for word, some in (("lost", lost), ("twice", twice)):
        differences += [f"{word}: {count} × {kind} of session {session}" for (session, kind), count in _first(some)]
    return Comparison(
        len(truth.events),
        figures["events"],
        letters,
        expected["duplicate_purchases"],
        sum(lost.values()),
        sum(twice.values()),
        differences,
    )


def _first(some: Mapping[tuple[str, str], int]) -> list[tuple[tuple[str, str], int]]:
    return sorted(some.items())[:5]


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) < 300 else f"{text[:300]}…"


def _by_session(events: Iterable[tuple[str, dict[str, Any]]]) -> Counter[tuple[str, str]]:
    counts: Counter[tuple[str, str]] = Counter()
    orders: set[str] = set()
    for _, event in events:
        kind = oracle.type_of(event)
        if kind == "purchase":
            if event["order_id"] in orders:
                continue
            orders.add(event["order_id"])
        if kind in _KINDS:
            counts[event["session_id"], kind] += 1
    return counts


def _stored_by_session(store: Path) -> Counter[tuple[str, str]]:
    db = sqlite3.connect(store)
    columns = ", ".join(_KINDS.values())
    counts: Counter[tuple[str, str]] = Counter()
    for session, *numbers in db.execute(f"SELECT session_id, {columns} FROM sessions"):
        counts.update({(session, kind): n for kind, n in zip(_KINDS, numbers, strict=True) if n})
    db.close()
    return counts


def _without_logical_types(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_without_logical_types(branch) for branch in schema]
    if not isinstance(schema, dict):
        return schema
    if schema.get("type") in _TYPES:
        return schema["type"]
    if "fields" not in schema:
        return {key: _without_logical_types(value) for key, value in schema.items()}
    fields = [{"name": field["name"], "type": _without_logical_types(field["type"])} for field in schema["fields"]]
    return {**schema, "fields": fields}


def _within_bounds(schema: Any, value: Any) -> bool:
    """Whether a value is within the minimum, maximum and pattern of every field of its schema."""
    if isinstance(schema, dict) and schema["type"] == "array":
        return all(_within_bounds(schema["items"], item) for item in value)
    if not (isinstance(schema, dict) and schema["type"] == "record"):
        return True
    for field in schema["fields"]:
        one = value[field["name"]]
        if one is None:
            continue
        if one < field.get("minimum", one) or one > field.get("maximum", one):
            return False
        if "pattern" in field and not re.search(field["pattern"].replace("$", r"\Z"), one):
            return False
        if not _within_bounds(field["type"], one):
            return False
    return True

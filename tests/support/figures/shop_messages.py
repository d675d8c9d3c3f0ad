"""Messages of the shop's three topics, valid ones and every kind of invalid ones, and their events."""

from __future__ import annotations

import io
import struct
from typing import Any

import fastavro

from tests.support.contracts import CONTRACTS, NOWHERE
from tests.support.figures.scripted_kafka import SENT_MS
from tributary import catalog
from tributary.avro import wire
from tributary.kafka.admin import Partition
from tributary.kafka.writer_schemas import LAST_ID
from tributary.settings import Settings

TOPICS = {topic.name: topic for topic in catalog.load(Settings(registry_url=NOWHERE, project=CONTRACTS)).topics}
NAMES = sorted(TOPICS)
PARTITIONS: list[Partition] = [(topic, number) for topic in NAMES for number in range(2)]
NOW_ID = {topic: number for number, topic in enumerate(NAMES, 1)}
LATER_ID = {topic: number for number, topic in enumerate(NAMES, 11)}
"""Ids of writer schemas that the registry does not have initially."""
PROTOBUF_ID = 21


def writer(topic: str, later: bool) -> dict[str, Any]:
    schema: dict[str, Any] = TOPICS[topic].schema
    more = [{"name": "campaign", "type": "string", "default": "none"}] if later else []
    return {**schema, "fields": [*more, *schema["fields"]]}


SCHEMAS = {NOW_ID[topic]: writer(topic, later=False) for topic in NAMES} | {
    LATER_ID[topic]: writer(topic, later=True) for topic in NAMES
}


def event(topic: str, n: int) -> dict[str, Any]:
    """The nth event of a topic; an order that occurs twice is the same each time."""
    common = {
        "event_id": "8f01b009-3832-4678-993d-48fa95b7b921",
        "occurred_at": SENT_MS + n * 40_000,
        "user_id": f"u{n % 3}",
        "session_id": f"s{n % 4}" + "-long" * (n % 5),
        "segment": ("NEW", "VIP", "UNKNOWN")[n % 3],
        "region": ("eu-west", "us-east")[n % 2],
        "currency": ("EUR", "USD")[n // 2 % 2],
        "product_id": f"p{n % 5}",
        "price_minor": 100 * n,
        "campaign": "none",
    }
    lines = [{"product_id": f"p{one}", "quantity": one + 1, "price_minor": n} for one in range(n % 3)]
    kinds: dict[str, dict[str, Any]] = {
        "ProductViewed": {"category": None},
        "CartUpdated": {"action": ("ADD", "REMOVE", "UNKNOWN")[n % 3], "quantity": 1 + n % 2},
        "PurchaseCompleted": {"order_id": f"o{n}", "items": lines, "total_minor": n},
    }
    return {**common, **kinds[TOPICS[topic].event]}


def encode(schema_id: int, fields: dict[str, Any]) -> bytes:
    body = io.BytesIO()
    fastavro.schemaless_writer(body, fastavro.parse_schema(SCHEMAS[schema_id]), fields)
    return wire.frame(schema_id, body.getvalue())


GOOD = {(topic, n): encode(NOW_ID[topic], event(topic, n)) for topic in NAMES for n in range(12)}
LATER = {(topic, n): encode(LATER_ID[topic], event(topic, n)) for topic in NAMES for n in range(12)}


def bad(topic: str, n: int) -> bytes | None:
    """An unreadable message, of the nth kind."""
    good = GOOD[topic, n]
    framed = struct.pack(">bI", 0, LAST_ID + 1) + good[5:]
    early = encode(NOW_ID[topic], event(topic, n) | {"occurred_at": 5})
    return [None, b"", b"\0\0", b"?" + good, good[:-1], good + b"\0", framed, wire.frame(PROTOBUF_ID, b"x"), early][
        n % 9
    ]

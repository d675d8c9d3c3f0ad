"""Messages that the campaign writes itself: good ones, and ones with every kind of damage in every place."""

from __future__ import annotations

import io
import struct
import time
import uuid
from collections.abc import Callable, Sequence
from random import Random
from typing import Any

import fastavro
from confluent_kafka import Producer

from tests.chaos.campaign.bed import Bed

_DAY_MS = 24 * 3_600_000
_MORE: dict[str, dict[str, Any]] = {
    "ProductViewed": {"product_id": "p", "category": None, "price_minor": 1},
    "CartUpdated": {"action": "ADD", "product_id": "p", "quantity": 1, "price_minor": 1},
    "PurchaseCompleted": {"items": [{"product_id": "p", "quantity": 2, "price_minor": 3}], "total_minor": 6},
}


def good(bed: Bed, topic: str, **fields: Any) -> bytes:
    """A unique event, encoded by fastavro; `fields` override the usual values."""
    judge, number = bed.judges[topic], bed.number()
    event = {
        "event_id": f"00000000-0000-4000-8000-{number:012x}",
        "occurred_at": time.time_ns() // 1_000_000,
        "user_id": f"chaos-{number}",
        "session_id": f"chaos-{number}",
        "segment": "NEW",
        "region": "eu-west",
        "currency": "EUR",
        # No flipped bit turns it into another order's id; otherwise it would be random which of the two counts.
        "order_id": str(uuid.uuid5(uuid.NAMESPACE_OID, str(number))),
        **_MORE[judge.topic.event],
        **fields,
    }
    body = io.BytesIO()
    fastavro.schemaless_writer(body, judge.plain, event)
    return struct.pack(">bI", 0, judge.schema_id) + body.getvalue()


_ANY = -1
"""librdkafka chooses the partition by the key."""


def send(
    bed: Bed,
    topic: str,
    values: Sequence[bytes | None],
    partition: int | None = None,
    key: bytes | None = None,
    headers: dict[str, bytes] | None = None,
) -> None:
    """Write values and wait, without a time limit, until the broker has them."""
    # The broker decides what is too large.
    config = {"enable.idempotence": True, "message.timeout.ms": 0, "message.max.bytes": 10_000_000, "log_level": 0}
    producer = Producer({**bed.direct.kafka_client(), **config})
    where = _ANY if partition is None else partition
    for value in values:
        producer.produce(
            topic, value, key=key or str(bed.number()), headers=list((headers or {}).items()), partition=where
        )
    producer.flush()


Damage = Callable[[bytes, Random], bytes | None]


def _flipped(value: bytes, chance: Random) -> bytes:
    at, bit = chance.randrange(len(value)), chance.randrange(8)
    return value[:at] + bytes([value[at] ^ (1 << bit)]) + value[at + 1 :]


DAMAGES: dict[str, Damage] = {
    "truncated": lambda value, chance: value[: chance.randrange(len(value))],
    "extended": lambda value, chance: value + chance.randbytes(chance.randint(1, 300)),
    "twice in one": lambda value, _: value + value[5:],
    "flipped": _flipped,
    "foreign magic": lambda value, chance: bytes([chance.randint(1, 255)]) + value[1:],
    "unknown id": lambda value, chance: value[:1] + struct.pack(">I", chance.randint(1_000, 1_003)) + value[5:],
    "impossible id": lambda value, _: value[:1] + b"\xff\xff\xff\xff" + value[5:],
    "another topic's id": lambda value, _: value[:1] + struct.pack(">I", value[4] % 3 + 1) + value[5:],
    "like protobuf": lambda value, _: value[:5] + b"\x00" + value[5:],
    "without a prefix": lambda value, _: value[5:],
    "a long": lambda _, chance: struct.pack(">q", chance.randint(1_000, 1_003) << 24),
    "JSON": lambda _, __: b'{"user_id": "u1"}',
    "noise": lambda _, chance: chance.randbytes(chance.randint(0, 400)),
    "empty": lambda _, __: b"",
    "null": lambda _, __: None,
}


def out_of_time(bed: Bed, topic: str) -> list[bytes]:
    """Events of 1970, of the day after tomorrow, and in the wrong units."""
    now = time.time_ns() // 1_000_000
    return [good(bed, topic, occurred_at=at) for at in (0, now // 1000, now + 2 * _DAY_MS, now * 1000, -now, 2**63 - 1)]


def out_of_bounds(bed: Bed, topic: str) -> list[bytes]:
    """Events outside the contract's bounds."""
    some = [{"currency": "eur"}, {"currency": "EUR\n"}, {"region": ""}, {"region": "eu_west"}]
    more: dict[str, list[dict[str, Any]]] = {
        "ProductViewed": [{"price_minor": -1}],
        "CartUpdated": [{"quantity": 0}, {"price_minor": -(2**63)}],
        "PurchaseCompleted": [
            {"total_minor": -1},
            {"items": [{"product_id": "p", "quantity": 0, "price_minor": 3}]},
            {"items": [{"product_id": "p", "quantity": 1, "price_minor": -3}]},
        ],
    }
    return [good(bed, topic, **fields) for fields in (*some, *more[bed.judges[topic].topic.event])]


def large(bed: Bed, topic: str) -> list[bytes]:
    """Events within the bounds whose sums exceed 64 bits."""
    most = 2**63 - 1
    total = {"total_minor": most} if bed.judges[topic].topic.event == "PurchaseCompleted" else {"price_minor": most}
    return [good(bed, topic, **total) for _ in range(3)]

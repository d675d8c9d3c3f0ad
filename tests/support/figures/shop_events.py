"""Events of the shop as hypothesis draws them, written to a store as a member writes them, and its report."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import fastavro
from hypothesis import strategies as st

from consumers.analytics import queries
from consumers.analytics.figures import FIELDS, SHOP
from tests.support.figures import oracle, stores
from tests.support.figures.stores import no_waiting
from tributary import catalog
from tributary.avro.columns.batch import RecordBatch, concat
from tributary.avro.columns.reader import ColumnReader
from tributary.figures.store import Store
from tributary.kafka.batch import OffsetRange
from tributary.settings import load

CATALOG = catalog.load(load({}))
TOPICS = {topic.event: topic for topic in CATALOG.topics}
NAMES = {topic.event: topic.name for topic in CATALOG.topics}
Event = tuple[str, dict[str, Any]]
"""The event's name and its fields."""

ENVELOPE = {
    "event_id": st.just("00000000-0000-0000-0000-000000000000"),
    "occurred_at": st.integers(0, 10**13),
    "user_id": st.sampled_from(["u1", "u2"]),
    "session_id": st.sampled_from(["s1", "s2", "ß3", "a-session-with-a-rather-long-id"]),
    "segment": st.sampled_from(["NEW", "VIP", "UNKNOWN"]),
    "region": st.sampled_from(["eu-west", "us-east"]),
}
MONEY = {"price_minor": st.integers(0, 10**9), "currency": st.sampled_from(["EUR", "USD"])}
PRODUCT = st.sampled_from(["p1", "p2", "p33", "p" * 40])
LINE = st.fixed_dictionaries(
    {"product_id": PRODUCT, "quantity": st.integers(1, 9), "price_minor": st.integers(0, 10**9)}
)

EVENTS: st.SearchStrategy[Event] = st.one_of(
    st.tuples(
        st.just("ProductViewed"),
        st.fixed_dictionaries({**ENVELOPE, **MONEY, "product_id": PRODUCT, "category": st.none()}),
    ),
    st.tuples(
        st.just("CartUpdated"),
        st.fixed_dictionaries(
            {
                **ENVELOPE,
                **MONEY,
                "action": st.sampled_from(["ADD", "REMOVE", "UNKNOWN"]),
                "product_id": PRODUCT,
                "quantity": st.integers(1, 9),
            }
        ),
    ),
    st.tuples(
        st.just("PurchaseCompleted"),
        st.fixed_dictionaries(
            {
                **ENVELOPE,
                "order_id": st.sampled_from([f"o{n}" for n in range(6)]),
                "items": st.lists(LINE, max_size=3),
                "currency": st.sampled_from(["EUR", "USD"]),
            }
        ),
    ),
)


def same_orders(events: Sequence[Event]) -> list[Event]:
    """The events with every copy of an order made equal, as a purchase that was sent twice is, totals filled in."""
    orders: dict[str, Event] = {}
    result = []
    for name, fields in events:
        if name == "PurchaseCompleted":
            total = sum(line["quantity"] * line["price_minor"] for line in fields["items"])
            result.append(orders.setdefault(fields["order_id"], (name, {**fields, "total_minor": total})))
        else:
            result.append((name, fields))
    return result


def columns(events: Sequence[Event]) -> dict[str, RecordBatch]:
    frames = {}
    for name, topic in TOPICS.items():
        payloads: list[bytes | None] = []
        for _, fields in (event for event in events if event[0] == name):
            buffer = io.BytesIO()
            fastavro.schemaless_writer(buffer, fastavro.parse_schema(topic.schema), fields)
            payloads.append(b"\0\0\0\0\1" + buffer.getvalue())
        reading = ColumnReader(topic.schema, FIELDS[name], lambda _, text=topic.text: text).read(payloads)
        assert not reading.failures
        if reading.batches:
            frames[name] = concat(reading.batches)
    return frames


def write(store: Store, events: Sequence[Event], ranges: Mapping[tuple[str, int], OffsetRange]) -> None:
    stores.write(store, ranges, [columns(events)], NAMES)


def report(path: Path) -> dict[str, Any]:
    reader = queries.Reader(path)
    try:
        return queries.as_json(reader, 30)
    finally:
        reader.close()


def plain_pass(events: Sequence[Event]) -> dict[str, Any]:
    return oracle.figures((NAMES[name], fields) for name, fields in events)


@contextmanager
def new_store() -> Iterator[tuple[Store, Path]]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "store.sqlite"
        store = Store(path, SHOP, no_waiting)
        try:
            yield store, path
        finally:
            store.close()


VIEW: Event = (
    "ProductViewed",
    {
        "event_id": "",
        "occurred_at": 1,
        "user_id": "u",
        "session_id": "s",
        "segment": "NEW",
        "region": "r",
        "product_id": "p",
        "category": None,
        "price_minor": 1,
        "currency": "EUR",
    },
)

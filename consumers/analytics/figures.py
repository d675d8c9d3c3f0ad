"""The shop's figures, declared: a new figure is a new entry of `FIGURES`."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from consumers.analytics import rows
from consumers.analytics.rows import EventType
from schemas.events import Segment
from tributary.avro.columns.batch import RecordBatch
from tributary.avro.columns.projection import Form
from tributary.figures.declaration import TOPIC, Declaration, Figure, Measure, Merge, Once

VIEWS, CARTS, PURCHASES = "ProductViewed", "CartUpdated", "PurchaseCompleted"

EVENT_TIME = "occurred_at"
SHARED = {EVENT_TIME: Form.INTEGERS, "session_id": Form.STRINGS, "segment": Form.INTEGERS, "region": Form.STRINGS}
"""What the figures read of the envelope, which tributary.toml declares."""
FIELDS = {
    VIEWS: {**SHARED, "product_id": Form.STRINGS},
    CARTS: {
        **SHARED,
        "action": Form.INTEGERS,
        "product_id": Form.STRINGS,
        "quantity": Form.INTEGERS,
        "price_minor": Form.INTEGERS,
        "currency": Form.STRINGS,
    },
    PURCHASES: {
        **SHARED,
        "order_id": Form.STRINGS,
        "total_minor": Form.INTEGERS,
        "currency": Form.STRINGS,
        "items.product_id": Form.STRINGS,
    },
}
"""The fields that the figures read of each event."""

ROWS: Mapping[str, Mapping[str, Callable[[RecordBatch], RecordBatch]]] = {
    "messages": {VIEWS: rows.of_view, CARTS: rows.of_cart, PURCHASES: rows.of_purchase},
    "purchases": {PURCHASES: rows.of_purchase},
    "products": {VIEWS: rows.product_of_view, CARTS: rows.product_of_cart, PURCHASES: rows.products_of_purchase},
}

MIXED = "XXX"
"""ISO 4217's code for no currency: the currency of a session with several."""

COUNTS: Mapping[EventType, str] = {
    EventType.view: "views",
    EventType.add_to_cart: "adds",
    EventType.remove_from_cart: "removes",
    EventType.purchase: "purchases",
    EventType.other_cart_change: "other_changes",
}
"""The measure that counts the rows of each type."""


def _count(event_type: EventType) -> Measure:
    return Measure(COUNTS[event_type], where=("type", event_type))


EVENTS = Measure("events")

FIGURES = (
    Figure("events_by_type", "messages", by=(TOPIC, "type"), measures=(EVENTS,)),
    Figure("activity_by_segment", "messages", by=("segment", "type"), measures=(EVENTS,)),
    Figure("activity_by_region", "messages", by=("region", "type"), measures=(EVENTS,)),
    Figure("activity_by_minute", "messages", by=("type",), measures=(EVENTS,), window_ms=60_000),
    Figure("products", "products", by=("product_id",), measures=tuple(map(_count, COUNTS))),
    Figure(
        "revenue",
        "purchases",
        by=("currency",),
        measures=(Measure("purchases"), Measure("revenue_minor", Merge.SUM)),
    ),
    Figure(
        "sessions",
        "messages",
        by=("session_id",),
        measures=(
            _count(EventType.view),
            _count(EventType.add_to_cart),
            _count(EventType.remove_from_cart),
            _count(EventType.purchase),
            Measure("cart_units", Merge.SUM),
            Measure("cart_minor", Merge.SUM),
            Measure("revenue_minor", Merge.SUM),
            Measure("currency", Merge.SAME, mixed=MIXED),
            Measure("first_at", Merge.MIN, of=EVENT_TIME),
            Measure("last_at", Merge.MAX, of=EVENT_TIME),
        ),
    ),
)

SHOP = Declaration(
    fields=FIELDS,
    event_time=EVENT_TIME,
    rows=ROWS,
    figures=FIGURES,
    labels={
        "type": [event_type.name for event_type in EventType],
        "segment": [segment.value for segment in Segment],
    },
    once=Once(PURCHASES, "order_id", table="orders", duplicates="duplicate_purchases"),
)

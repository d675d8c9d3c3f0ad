"""The figures, computed plainly: one event at a time, with dictionaries. The tests compare analytics with them.

It shares no code with the product: events are decoded by fastavro, and counted as the README describes the figures.
"""

from __future__ import annotations

import io
from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import Any

import fastavro

ACTIONS = {"ADD": "add_to_cart", "REMOVE": "remove_from_cart", "UNKNOWN": "other_cart_change"}


def decode(schema: Any, payload: bytes) -> dict[str, Any] | None:
    """The record in a framed message, or None if it is not readable to exactly its last byte."""
    body = io.BytesIO(payload[5:])
    try:
        record: Any = fastavro.schemaless_reader(body, fastavro.parse_schema(schema), None)
    except Exception:
        return None
    return record if payload[:1] == b"\0" and body.tell() == len(payload) - 5 else None


def type_of(event: dict[str, Any]) -> str:
    """The type of an event, from the fields that only one contract has."""
    if "action" in event:
        return ACTIONS[event["action"]]
    return "purchase" if "items" in event else "view"


def figures(events: Iterable[tuple[str, dict[str, Any]]]) -> dict[str, Any]:
    """The figures of `(topic, event)` pairs, as `report --json` prints them; those that go by time are left out."""
    by_type = Counter({"view": 0, "add_to_cart": 0, "remove_from_cart": 0, "purchase": 0})
    by_topic: Counter[str] = Counter()
    by_segment: defaultdict[str, Counter[str]] = defaultdict(Counter)
    by_region: defaultdict[str, Counter[str]] = defaultdict(Counter)
    products: defaultdict[str, Counter[str]] = defaultdict(Counter)
    sessions: defaultdict[str, Counter[str]] = defaultdict(Counter)
    revenue: Counter[str] = Counter()
    orders: set[str] = set()
    duplicates = 0
    for topic, event in events:
        kind = type_of(event)
        if kind == "purchase":
            if event["order_id"] in orders:
                duplicates += 1
                continue
            orders.add(event["order_id"])
            revenue[event["currency"]] += event["total_minor"]
        by_type[kind] += 1
        by_topic[topic] += 1
        by_segment[event["segment"]][kind] += 1
        by_region[event["region"]][kind] += 1
        sessions[event["session_id"]][kind] += 1
        for line in event.get("items", [event]):
            products[line["product_id"]][kind] += 1
    return {
        "events": by_type.total(),
        "by_type": dict(by_type),
        "by_topic": dict(by_topic),
        "by_segment": {name: counts.total() for name, counts in by_segment.items()},
        "by_segment_and_type": {name: dict(counts) for name, counts in by_segment.items()},
        "by_region": {name: counts.total() for name, counts in by_region.items()},
        "by_region_and_type": {name: dict(counts) for name, counts in by_region.items()},
        "product_lines": dict(sum(products.values(), Counter[str]())),
        "products": {name: dict(counts) for name, counts in products.items()},
        "sessions": {
            "count": len(sessions),
            "viewed": sum(1 for counts in sessions.values() if counts["view"]),
            "carted": sum(1 for counts in sessions.values() if counts["add_to_cart"]),
            "purchased": sum(1 for counts in sessions.values() if counts["purchase"]),
        },
        "orders": len(orders),
        "revenue_minor": dict(revenue),
        "duplicate_purchases": duplicates,
    }

"""The figures as the page takes them."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import attrs

from consumers.analytics.figures import MIXED
from consumers.feed import Snapshot
from consumers.rate import Rate
from tributary.currency import amount

_POINTS = 60


def as_json(snapshot: Snapshot | None, rate: Rate, names: Mapping[str, str]) -> dict[str, Any]:
    """What there is to show, for JSON: `{"store": false}` while there is no store.

    Amounts are text in the currency's own unit (`"1,234.50"`), rates are events per second over the last minute, and
    `offsets` has the next offset to count by topic and partition.
    """
    if snapshot is None:
        return {"store": False}
    figures = snapshot.figures
    return {
        "store": True,
        "age_s": round(time.monotonic() - snapshot.at, 1),
        "events": figures.events,
        "rate": round(rate.now(), 1),
        "rates": [round(one, 1) for one in rate.series(_POINTS)],
        "by_type": figures.by_type,
        "by_segment": figures.by_segment,
        "by_region": figures.by_region,
        "sessions": attrs.asdict(figures.sessions),
        "orders": figures.orders,
        "revenue": _amounts(figures.revenue_minor),
        "abandoned_carts": {
            "count": figures.abandoned_carts.count,
            "value": _amounts(figures.abandoned_carts.value_minor),
        },
        "dead_letters": figures.dead_letters,
        "duplicate_purchases": figures.duplicate_purchases,
        "watermark_ms": figures.watermark_ms,
        "products": [
            {"id": product, "name": names.get(product, product), "by_type": by_type}
            for product, by_type in snapshot.products
        ],
        "offsets": _by_topic(snapshot.offsets),
        "members": [attrs.asdict(member) for member in snapshot.members],
    }


def _amounts(minor: Mapping[str, int]) -> dict[str, str]:
    """By currency; a sum over several currencies has no amount."""
    return {currency: amount(n, currency) for currency, n in sorted(minor.items()) if currency not in ("", MIXED)}


def _by_topic(offsets: Mapping[tuple[str, int], int]) -> dict[str, dict[int, int]]:
    nested: dict[str, dict[int, int]] = {}
    for (topic, partition), offset in offsets.items():
        nested.setdefault(topic, {})[partition] = offset
    return nested

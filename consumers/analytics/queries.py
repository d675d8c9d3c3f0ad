"""The figures as people and scripts read them: SQL over the store's tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import attrs

from consumers.analytics.figures import COUNTS
from consumers.analytics.rows import EventType
from tributary.figures import exact
from tributary.figures.store.reader import StoreReader

TYPES = tuple(event_type.name for event_type in EventType if event_type is not EventType.other_cart_change)
"""The event types that are always shown, in the order of the funnel."""

_MOST_VIEWED = f"ORDER BY {COUNTS[EventType.view]} DESC, product_id LIMIT 30"


@attrs.frozen
class Sessions:
    """How many sessions reached each step. A session counts for the steps of which it has an event."""

    count: int = 0
    viewed: int = 0
    carted: int = 0
    purchased: int = 0


@attrs.frozen
class AbandonedCarts:
    """Sessions with products in the cart, without a purchase, and without events since CART_ABANDONED_AFTER_MINUTES.

    The time is that of the latest event (the watermark): a replay of last year's file gives the figures of last year.
    """

    count: int = 0
    value_minor: Mapping[str, int] = attrs.field(factory=dict)
    """What they hold, per currency, in minor units."""


@attrs.frozen
class Figures:
    """All figures of the store at one moment."""

    events: int = 0
    """Messages counted, without duplicates and dead letters."""
    by_type: Mapping[str, int] = attrs.field(factory=lambda: dict.fromkeys(TYPES, 0))
    by_topic: Mapping[str, int] = attrs.field(factory=dict)
    by_segment: Mapping[str, Mapping[str, int]] = attrs.field(factory=dict)
    """By event type within each segment."""
    by_region: Mapping[str, Mapping[str, int]] = attrs.field(factory=dict)
    sessions: Sessions = Sessions()
    orders: int = 0
    revenue_minor: Mapping[str, int] = attrs.field(factory=dict)
    abandoned_carts: AbandonedCarts = AbandonedCarts()
    dead_letters: Mapping[str, int] = attrs.field(factory=dict)
    """By topic."""
    duplicate_purchases: int = 0
    watermark_ms: int | None = None
    """The time of the latest event, milliseconds since the epoch."""
    top_products: Sequence[tuple[str, Mapping[str, int]]] = ()
    """The products with most views, the most viewed first, and their events by type; equal ones by id."""


class Reader(StoreReader):
    """Reads the shop's figures."""

    def figures(self, abandoned_after_minutes: float) -> Figures:
        """The figures, all from the same moment."""
        with self.snapshot():
            return self._figures(abandoned_after_minutes)

    def counted(self) -> int:
        """The number of messages in the store, duplicates and dead letters included; quick in a store of any size."""
        with self.snapshot():
            (counted,) = self.db.execute(
                "SELECT (SELECT ifnull(sum(events), 0) FROM events_by_type) + (SELECT ifnull(sum(n), 0) FROM counts)"
            ).fetchone()
            return int(counted)

    def products(self) -> dict[str, Mapping[str, int]]:
        """Every product: events by type. A purchase counts a product once per item of an order."""
        with self.snapshot():
            return dict(self._products("ORDER BY product_id"))

    def _products(self, which: str) -> Iterator[tuple[str, Mapping[str, int]]]:
        names = [event_type.name for event_type in COUNTS]
        for product, *counts in self.db.execute(
            f"SELECT product_id, {', '.join(COUNTS.values())} FROM products {which}"
        ):
            yield product, {name: n for name, n in zip(names, counts, strict=True) if n}

    def _figures(self, abandoned_after_minutes: float) -> Figures:
        by_type = dict.fromkeys(TYPES, 0) | self._sums("SELECT type, sum(events) FROM events_by_type GROUP BY type")
        revenue = self.db.execute("SELECT currency, purchases, revenue_minor FROM revenue ORDER BY currency").fetchall()
        duplicates = self._sums("SELECT name, n FROM counts WHERE name = 'duplicate_purchases'")
        *sessions, watermark = self.db.execute(
            "SELECT count(*), ifnull(sum(views > 0), 0), ifnull(sum(adds > 0), 0), ifnull(sum(purchases > 0), 0),"
            " max(last_at) FROM sessions"
        ).fetchone()
        return Figures(
            events=sum(by_type.values()),
            by_type=by_type,
            by_topic=self._sums("SELECT topic, sum(events) FROM events_by_type GROUP BY topic"),
            by_segment=self._nested("SELECT segment, type, events FROM activity_by_segment"),
            by_region=self._nested("SELECT region, type, events FROM activity_by_region"),
            sessions=Sessions(*sessions),
            orders=sum(purchases for _, purchases, _ in revenue),
            revenue_minor={currency: int(minor) for currency, _, minor in revenue},
            abandoned_carts=self._abandoned(watermark, abandoned_after_minutes),
            dead_letters=self._sums("SELECT topic, n FROM counts WHERE name = 'dead_letters'"),
            duplicate_purchases=duplicates.get("duplicate_purchases", 0),
            watermark_ms=watermark,
            top_products=list(self._products(_MOST_VIEWED)),
        )

    def _abandoned(self, watermark: int | None, after_minutes: float) -> AbandonedCarts:
        if watermark is None:
            return AbandonedCarts()
        rows = self.db.execute(
            f"SELECT currency, count(*), {exact.SQL_PARTS.format('cart_minor')} FROM sessions"
            " WHERE purchases = 0 AND cart_units + 0 > 0 AND last_at < ? - ? GROUP BY currency",
            (watermark, after_minutes * 60_000),
        ).fetchall()
        return AbandonedCarts(
            sum(count for _, count, *_ in rows), {currency: exact.total(*parts) for currency, _, *parts in rows}
        )

    def _sums(self, query: str) -> dict[str, int]:
        return dict(self.db.execute(query).fetchall())

    def _nested(self, query: str) -> dict[str, dict[str, int]]:
        nested: dict[str, dict[str, int]] = {}
        for outer, inner, n in self.db.execute(query):
            nested.setdefault(outer, {})[inner] = n
        return nested


def totals(by_type: Mapping[str, Mapping[str, int]]) -> dict[str, int]:
    """The sum over all event types, the largest first."""
    return dict(sorted(((name, sum(n.values())) for name, n in by_type.items()), key=lambda item: (-item[1], item[0])))


def _lines(products: Mapping[str, Mapping[str, int]]) -> dict[str, int]:
    """Products named in events, by type: a purchase has one for each of its items."""
    lines: Counter[str] = Counter()
    for by_type in products.values():
        lines.update(by_type)
    return dict(lines)


def as_json(reader: Reader, abandoned_after_minutes: float) -> dict[str, Any]:
    """All figures for scripts; amounts of money are in minor units of their currency.

    Sorted: `by_type` in the order of the funnel, `by_segment` and `by_region` by events with the most first,
    `products` by id, `revenue_minor` by currency.
    """
    figures = reader.figures(abandoned_after_minutes)
    return {
        "events": figures.events,
        "by_type": dict(figures.by_type),
        "by_topic": dict(figures.by_topic),
        "by_segment": totals(figures.by_segment),
        "by_segment_and_type": figures.by_segment,
        "by_region": totals(figures.by_region),
        "by_region_and_type": figures.by_region,
        "products": (products := reader.products()),
        "product_lines": _lines(products),
        "sessions": attrs.asdict(figures.sessions),
        "orders": figures.orders,
        "revenue_minor": dict(figures.revenue_minor),
        "abandoned_carts": {
            "count": figures.abandoned_carts.count,
            "value_minor": dict(figures.abandoned_carts.value_minor),
        },
        "dead_letters": sum(figures.dead_letters.values()),
        "dead_letters_by_topic": dict(figures.dead_letters),
        "duplicate_purchases": figures.duplicate_purchases,
        "watermark_ms": figures.watermark_ms,
    }

"""The figures that analytics keeps, declared: adding one is adding an entry to `KPIS`.

Each is a table: a row per combination of the columns in `by`, with measures that merge. Every merge is commutative and
associative, which is why order, lateness, batch size and the number of members cannot change a result.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, IntEnum

import attrs


class EventType(IntEnum):
    """What an event says happened."""

    view = 0
    add_to_cart = 1
    remove_from_cart = 2
    purchase = 3
    other_cart_change = 4
    """A cart action that this version does not know; counted, so that no event is missing from the total."""


COUNTS: Mapping[EventType, str] = {
    EventType.view: "views",
    EventType.add_to_cart: "adds",
    EventType.remove_from_cart: "removes",
    EventType.purchase: "purchases",
    EventType.other_cart_change: "other_changes",
}
"""The measure that counts the rows of each type."""


class Grain(Enum):
    """What one row under a figure is."""

    EVENT = "one message"
    LINE = "one product in one message: a view or cart change has one, a purchase one per item"


class Merge(Enum):
    """How two values of a measure become one."""

    COUNT = "their sum, of rows: fewer than 2**63 in any store"
    SUM = "their sum, exact whatever its size"
    MIN = "the smaller"
    MAX = "the larger"
    SAME = "the one text that both have; MIXED where they differ, and an empty one says nothing"


MIXED = "XXX"
"""ISO 4217's code for no currency: what stands where several met."""


@attrs.frozen
class Measure:
    """A column of the grain's rows, and how its values merge."""

    name: str
    merge: Merge = Merge.COUNT


@attrs.frozen
class Kpi:
    """A figure: one table of the store."""

    name: str
    grain: Grain
    by: tuple[str, ...]
    measures: tuple[Measure, ...]
    only: EventType | None = None
    """Take rows of this type alone."""
    window_ms: int | None = None
    """Also by the window of event time that a row falls in: column `window_start`, milliseconds since the epoch."""

    @property
    def keys(self) -> tuple[str, ...]:
        """The columns that identify a row."""
        return (*self.by, "window_start") if self.window_ms else self.by


EVENTS = Measure("events")

KPIS = (
    Kpi("events_by_type", Grain.EVENT, by=("topic", "type"), measures=(EVENTS,)),
    Kpi("activity_by_segment", Grain.EVENT, by=("segment", "type"), measures=(EVENTS,)),
    Kpi("activity_by_region", Grain.EVENT, by=("region", "type"), measures=(EVENTS,)),
    Kpi("activity_by_minute", Grain.EVENT, by=("type",), measures=(EVENTS,), window_ms=60_000),
    Kpi("products", Grain.LINE, by=("product_id",), measures=tuple(map(Measure, COUNTS.values()))),
    Kpi(
        "revenue",
        Grain.EVENT,
        by=("currency",),
        measures=(Measure("purchases"), Measure("revenue_minor", Merge.SUM)),
        only=EventType.purchase,
    ),
    Kpi(
        "sessions",
        Grain.EVENT,
        by=("session_id",),
        measures=(
            Measure("views"),
            Measure("adds"),
            Measure("removes"),
            Measure("purchases"),
            Measure("cart_units", Merge.SUM),
            Measure("cart_minor", Merge.SUM),
            Measure("revenue_minor", Merge.SUM),
            Measure("currency", Merge.SAME),
            Measure("first_at", Merge.MIN),
            Measure("last_at", Merge.MAX),
        ),
    ),
)

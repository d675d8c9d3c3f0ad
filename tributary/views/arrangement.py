"""Everything that one picture of the terminal shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import attrs

from consumers.analytics.queries import TYPES, AbandonedCarts, Figures, Sessions
from consumers.rate import Rate
from tributary.figures.status import Status

NOTHING = Figures(
    events=0,
    by_type=dict.fromkeys(TYPES, 0),
    by_topic={},
    by_segment={},
    by_region={},
    sessions=Sessions(),
    orders=0,
    revenue_minor={},
    abandoned_carts=AbandonedCarts(),
    dead_letters={},
    duplicate_purchases=0,
    watermark_ms=None,
)
"""The figures before there are any."""


@attrs.frozen(eq=False)
class View:
    """What is known at one moment."""

    figures: Figures = NOTHING
    products: Sequence[tuple[str, Mapping[str, int]]] = ()
    names: Mapping[str, str] = attrs.field(factory=dict)
    """Of products, by id; those unknown are shown by their id."""
    status: Status | None = None
    """None before the member said anything, and in a report, where there is no member."""
    rate: Rate = attrs.field(factory=Rate)
    age_s: float = 0.0
    """How old the figures are."""
    logs: Sequence[str] = ()
    """What was written to standard error lately, the latest last."""
    bars: bool = True
    """Whether to draw bars beside the numbers."""

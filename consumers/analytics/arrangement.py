"""How the shop shows its figures: on the terminal, in the report, on the page, as JSON and for Prometheus."""

from __future__ import annotations

from pathlib import Path

from consumers.analytics.api import report, to_json
from consumers.analytics.labels import LABELS
from consumers.analytics.metrics import metrics
from consumers.analytics.queries import TYPES, AbandonedCarts, Figures, Sessions
from consumers.analytics.sections import FUNNEL, MONEY, PRODUCTS, REGIONS, SEGMENTS, TYPES_OF_EVENTS
from consumers.analytics.source import Shown, Source
from tributary.views.arrangement import Arrangement, Totals
from tributary.views.sections import HEALTH, LAG, STAGES

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
"""The figures while there is no store."""


def _totals(shown: Shown) -> Totals:
    figures = shown.figures
    return Totals(figures.events, figures.dead_letters, figures.duplicate_purchases, figures.watermark_ms)


def _counts(shown: Shown) -> dict[str, int]:
    return {LABELS[name]: count for name, count in shown.figures.by_type.items()}


ARRANGEMENT = Arrangement(
    title="Tributary analytics",
    open=Source,
    empty=Shown(NOTHING),
    totals=_totals,
    counts=_counts,
    sections=(TYPES_OF_EVENTS, FUNNEL, MONEY, HEALTH, LAG, SEGMENTS, REGIONS, PRODUCTS, STAGES),
    columns={
        2: ((TYPES_OF_EVENTS, SEGMENTS, LAG, HEALTH, STAGES), (FUNNEL, MONEY, REGIONS, PRODUCTS)),
        3: ((TYPES_OF_EVENTS, FUNNEL, MONEY, HEALTH), (SEGMENTS, REGIONS, LAG, STAGES), (PRODUCTS,)),
    },
    to_json=to_json,
    report=report,
    metrics=metrics,
    page=Path(__file__).parent / "page",
    duplicates="duplicate purchases",
    hint="make produce sends events",
)

"""How the shop shows its figures: on the terminal, in the report, on the page, as JSON and for Prometheus."""

from __future__ import annotations

from pathlib import Path

from consumers import web
from consumers.analytics.queries import TYPES, AbandonedCarts, Figures, Sessions
from consumers.labels import LABELS
from consumers.sections import FUNNEL, MONEY, PRODUCTS, REGIONS, SEGMENTS, TYPES_OF_EVENTS
from consumers.source import Shown, Source
from consumers.web.figures import to_json
from consumers.web.metrics import metrics
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
    metrics=metrics,
    page=Path(web.__path__[0]),
    duplicates="duplicate purchases",
    hint="make produce sends events",
)

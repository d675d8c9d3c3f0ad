"""How the shop shows its figures: on the terminal, in the report, on the page, as JSON and for Prometheus."""

from __future__ import annotations

from pathlib import Path

from consumers.analytics.api import report, to_json
from consumers.analytics.labels import LABELS
from consumers.analytics.metrics import metrics
from consumers.analytics.queries import Figures, Reader
from consumers.analytics.sections import FUNNEL, MONEY, PRODUCTS, REGIONS, SEGMENTS, TYPES_OF_EVENTS
from tributary.settings import Settings
from tributary.views import Arrangement, Totals
from tributary.views.sections import HEALTH, LAG, STAGES


class _Reader(Reader):
    """The store, open for the views."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings.store_path)
        self._abandoned_after_minutes = settings.abandoned_after_minutes

    def read(self) -> Figures:
        """The figures, with the settings of this process."""
        return self.figures(self._abandoned_after_minutes)


def _totals(figures: Figures) -> Totals:
    return Totals(figures.events, figures.dead_letters, figures.duplicate_purchases, figures.watermark_ms)


def _counts(figures: Figures) -> dict[str, int]:
    return {LABELS[name]: count for name, count in figures.by_type.items()}


ARRANGEMENT = Arrangement(
    title="Tributary analytics",
    open=_Reader,
    empty=Figures(),
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

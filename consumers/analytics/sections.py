"""The sections of the terminal and of the report that show the shop's figures."""

from __future__ import annotations

from collections.abc import Mapping

from consumers.analytics.figures import MIXED
from consumers.analytics.labels import COLORS, LABELS, product_name
from consumers.analytics.queries import TYPES, Figures, totals
from tributary.currency import amount
from tributary.views import Bar, Bars, Panel, Section, Table, View

_PRODUCTS_IN_REPORT = 15
_MOST_EVENTS = "most events first"


def _types(view: View[Figures]) -> Panel:
    figures = view.figures
    bars = [
        Bar(LABELS[name], count, [(count, COLORS[name])], _percent(count, figures.events))
        for name, count in figures.by_type.items()
    ]
    return Panel("Events", Bars(bars))


def _funnel(view: View[Figures]) -> Panel:
    sessions = view.figures.sessions
    steps = {"viewed": sessions.viewed, "carted": sessions.carted, "purchased": sessions.purchased}
    bars = [Bar(name, count, [(count, "cyan")], _percent(count, sessions.count)) for name, count in steps.items()]
    return Panel("Funnel", Bars(bars), note=f"{sessions.count:,} sessions")


def _money(view: View[Figures]) -> Panel:
    figures = view.figures
    revenue, carts = figures.revenue_minor, figures.abandoned_carts
    currencies = sorted(set(revenue) | {currency for currency in carts.value_minor if currency})
    rows = [
        (
            "several" if currency == MIXED else currency,
            _amount(revenue.get(currency), currency),
            _amount(carts.value_minor.get(currency), currency),
        )
        for currency in currencies
    ]
    header = ("", f"{figures.orders:,} orders", f"{carts.count:,} carts left")
    return Panel("Revenue, abandoned carts", Table(header, rows), note="by currency")


def _segments(view: View[Figures]) -> Panel:
    return Panel("Segments", _activity(view.figures.by_segment), note=_MOST_EVENTS)


def _regions(view: View[Figures]) -> Panel:
    return Panel("Regions", _activity(view.figures.by_region), note=_MOST_EVENTS)


def _products(view: View[Figures]) -> Panel:
    shown = view.figures.top_products
    if view.status is None:
        shown = shown[:_PRODUCTS_IN_REPORT]
    rows = [(product_name(product), *(f"{counts.get(name, 0):,}" for name in TYPES)) for product, counts in shown]
    table = Table(("", "views", "added", "removed", "bought"), rows, spare=(2, 3))
    return Panel("Top products", table, note="most views first")


TYPES_OF_EVENTS = Section(_types, min_height=5)
FUNNEL = Section(_funnel)
MONEY = Section(_money, min_height=5)
SEGMENTS = Section(_segments, min_height=5)
REGIONS = Section(_regions)
PRODUCTS = Section(_products)


def _activity(by_type: Mapping[str, Mapping[str, int]]) -> Bars:
    """A bar for each group, made of types of events."""
    return Bars(
        [
            Bar(name, total, [(by_type[name].get(event_type, 0), color) for event_type, color in COLORS.items()])
            for name, total in totals(by_type).items()
        ]
    )


def _percent(part: int, whole: int) -> str:
    return f"{part / whole:.1%}" if whole else "–"


def _amount(minor: int | None, currency: str) -> str:
    if minor is None:
        return "–"
    return "mixed" if currency == MIXED else amount(minor, currency)

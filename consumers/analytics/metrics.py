"""The shop's figures for Prometheus."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from consumers.analytics.figures import MIXED
from consumers.analytics.queries import Figures
from tributary.currency import major
from tributary.views import Labels, Metric, by_label


def metrics(figures: Figures) -> Iterator[Metric]:
    """Events, orders, revenue, sessions and abandoned carts."""
    sessions, carts = figures.sessions, figures.abandoned_carts
    yield Metric("events_total", "counter", "Events counted.", by_label("type", figures.by_type))
    yield Metric(
        "duplicate_purchases_total",
        "counter",
        "Purchases left out because their order was counted.",
        {(): figures.duplicate_purchases},
    )
    yield Metric("orders_total", "counter", "Orders counted.", {(): figures.orders})
    yield Metric("revenue_total", "counter", "Revenue, in units of the currency.", _by_currency(figures.revenue_minor))
    reached = {
        "any": sessions.count,
        "viewed": sessions.viewed,
        "carted": sessions.carted,
        "purchased": sessions.purchased,
    }
    yield Metric("sessions_total", "counter", "Sessions, by how far they came.", by_label("reached", reached))
    yield Metric("abandoned_carts", "gauge", "Carts left with something in them.", {(): carts.count})
    yield Metric(
        "abandoned_carts_value", "gauge", "What they hold, in units of the currency.", _by_currency(carts.value_minor)
    )


def _by_currency(minor: Mapping[str, int]) -> Mapping[Labels, object]:
    known = {currency: n for currency, n in minor.items() if currency not in ("", MIXED)}
    return by_label("currency", {currency: f"{major(n, currency):f}" for currency, n in known.items()})

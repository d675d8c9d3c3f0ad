"""The shop's figures as JSON, for the page and for scripts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from consumers.analytics.figures import MIXED
from consumers.analytics.labels import product_name
from consumers.analytics.queries import Figures, Reader, as_json
from tributary.currency import amount
from tributary.settings import Settings

_PRODUCTS = 12


def to_json(figures: Figures) -> Mapping[str, Any]:
    """The figures; amounts are text in the unit of their currency: `"1,234.50"`.

    Sorted: `by_type` in the order of the funnel, `products` by views with the most first, amounts by currency.
    """
    return {
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
        "duplicate_purchases": figures.duplicate_purchases,
        "products": [
            {"id": product, "name": product_name(product), "by_type": by_type}
            for product, by_type in figures.top_products[:_PRODUCTS]
        ],
    }


def report(settings: Settings) -> Mapping[str, Any]:
    """All figures of the store; amounts are in minor units of their currency."""
    reader = Reader(settings.store_path)
    try:
        return as_json(reader, settings.abandoned_after_minutes)
    finally:
        reader.close()


def _amounts(minor: Mapping[str, int]) -> dict[str, str]:
    """By currency, without the sum over several currencies, which is no amount."""
    return {currency: amount(n, currency) for currency, n in sorted(minor.items()) if currency not in ("", MIXED)}

"""What people read in place of the names and ids in the store."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from consumers.analytics.rows import EventType
from tributary.printable import printable

PRODUCTS = Path(__file__).parents[2] / "data" / "products.json"

LABELS: Mapping[str, str] = {
    EventType.view.name: "views",
    EventType.add_to_cart.name: "added to cart",
    EventType.remove_from_cart.name: "removed",
    EventType.purchase.name: "purchases",
    EventType.other_cart_change.name: "other changes",
}
"""Type of event → its name."""
COLORS: Mapping[str, str] = {
    EventType.view.name: "blue",
    EventType.add_to_cart.name: "green",
    EventType.remove_from_cart.name: "yellow",
    EventType.purchase.name: "magenta",
    EventType.other_cart_change.name: "cyan",
}
"""Type of event → its colour on the terminal."""


@cache
def product_names(path: Path = PRODUCTS) -> Mapping[str, str]:
    """The names of the products in the file, by id. Empty if the file is missing or not understood."""
    try:
        return {
            str(product["product_id"]): printable(product["name"]) for product in json.loads(path.read_text("utf-8"))
        }
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def product_name(product_id: str) -> str:
    """The product's name, or its id if the name is not known."""
    return product_names().get(product_id, product_id)

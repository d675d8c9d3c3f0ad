"""What people read in place of ids."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from tributary.printable import printable

PRODUCTS = Path(__file__).parent.parent / "data" / "products.json"


def product_names(path: Path = PRODUCTS) -> Mapping[str, str]:
    """The names of the products that the file knows, by id; empty when the file is missing or is not understood."""
    try:
        return {
            str(product["product_id"]): printable(product["name"]) for product in json.loads(path.read_text("utf-8"))
        }
    except (OSError, ValueError, KeyError, TypeError):
        return {}

"""The world that the simulator draws from: products, users, and how each segment of users behaves."""

from __future__ import annotations

import json
import random
from bisect import bisect
from collections.abc import Mapping, Sequence
from itertools import accumulate
from pathlib import Path

import attrs

from schemas.events import Segment

DATA = Path(__file__).parent.parent.parent / "data"

CURRENCIES = {
    "eu-west": "EUR",
    "eu-central": "EUR",
    "eu-north": "EUR",
    "eu-south": "EUR",
    "us-east": "USD",
    "us-west": "USD",
    "us-central": "USD",
    "uk": "GBP",
}
"""Region → the currency of its shop. A user sees only that shop's products, so an order has one currency."""

_TAIL = 0.9
"""Exponent of the popularity: the product at rank r is viewed r^-0.9 times as often as the first."""


@attrs.frozen
class Product:
    """One entry of `data/products.json`; `price_minor` is in minor units of `currency`."""

    product_id: str
    name: str
    category: str
    brand: str
    price_minor: int
    currency: str


@attrs.frozen
class User:
    """One entry of `data/users.json`."""

    user_id: str
    segment: Segment
    region: str


@attrs.frozen
class Habits:
    """The behaviour of a segment, as probabilities."""

    leave: float
    """to leave after a view"""
    add: float
    """to put the viewed product into the cart"""
    remove: float
    """to remove a product from the cart after adding one"""
    buy: float
    """to buy the cart when leaving"""


HABITS: Mapping[Segment, Habits] = {
    Segment.UNKNOWN: Habits(leave=0.25, add=0.12, remove=0.20, buy=0.50),
    Segment.NEW: Habits(leave=0.25, add=0.13, remove=0.20, buy=0.55),
    Segment.REGULAR: Habits(leave=0.20, add=0.16, remove=0.15, buy=0.70),
    Segment.LOYAL: Habits(leave=0.17, add=0.18, remove=0.12, buy=0.82),
    Segment.VIP: Habits(leave=0.15, add=0.20, remove=0.10, buy=0.90),
}
"""Chosen so that of all events about 80 % are views, 15 % cart changes and 5 % purchases."""


class Shelf:
    """The products of one currency, the most popular first."""

    def __init__(self, products: Sequence[Product]) -> None:
        self.products = products
        weights = list(accumulate(rank**-_TAIL for rank in range(1, len(products) + 1)))
        self._reach = [weight / weights[-1] for weight in weights[:-1]]

    def pick(self, rng: random.Random) -> Product:
        """One product, the popular ones more often."""
        return self.products[bisect(self._reach, rng.random())]


@attrs.frozen
class World:
    """Users, and the products that each of them can see."""

    users: Sequence[User]
    shelves: Mapping[str, Shelf]
    """currency → its products"""

    def shelf(self, user: User) -> Shelf:
        """The products that the user's regional shop sells."""
        return self.shelves[CURRENCIES[user.region]]


def load(data: Path = DATA) -> World:
    """Read the world from `products.json` (the best sellers first) and `users.json` in `data`."""
    products = [Product(**entry) for entry in json.loads((data / "products.json").read_text(encoding="utf-8"))]
    users = [
        User(entry["user_id"], Segment[entry["segment"]], entry["region"])
        for entry in json.loads((data / "users.json").read_text(encoding="utf-8"))
    ]
    currencies = dict.fromkeys(product.currency for product in products)
    return World(users, {c: Shelf([p for p in products if p.currency == c]) for c in currencies})

"""Simulated sessions: what each virtual user views, puts into the cart and buys, in which order.

A session is a function of (seed, virtual user, number) and of nothing else: not of time, threads or rates. So three
processes with one seed simulate the same sessions, each publishes the events of its topic, and these belong together.
Ids follow from the seed as well: the same world published twice sends the same orders again.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from itertools import count

import attrs

from producers.simulator.world import HABITS, Product, User, World
from schemas.events import CartAction


@attrs.frozen
class ProductView:
    """A view of a product. `step` is its position in the session, from 1, over all three kinds of events."""

    step: int
    product: Product


@attrs.frozen
class CartChange:
    """Units of a product put into the cart or taken out."""

    step: int
    action: CartAction
    product: Product
    quantity: int


@attrs.frozen
class Order:
    """The cart when it was bought: products and quantities, in the order in which they were added."""

    step: int
    items: tuple[tuple[Product, int], ...]


@attrs.frozen
class Session:
    """One visit of one user, from the first view to buying or leaving."""

    key: str
    """18 hexadecimal digits from which all ids of the session are made"""
    user: User
    views: tuple[ProductView, ...]
    cart_changes: tuple[CartChange, ...]
    order: Order | None

    @property
    def session_id(self) -> str:
        """A UUID of version 8, like the ids of the events."""
        return f"{self._stem}{self.key[6:]}"

    @property
    def order_id(self) -> str:
        """The id of the session's order, if it has one."""
        return f"order-{self.key}"

    def event_id(self, step: int) -> str:
        """A UUID of version 8 (RFC 9562: a layout of one's own): the key of the session, then the step."""
        return f"{self._stem}{step:012x}"

    @property
    def _stem(self) -> str:
        key = self.key
        return f"{key[:8]}-{key[8:12]}-8{key[12:15]}-a{key[15:]}-"


def session(world: World, seed: int, virtual_user: int, number: int) -> Session:
    """Session `number` (from 0) of a virtual user (from 0) in the world with that seed."""
    # A text seed goes through SHA-512, so sessions of neighbouring numbers have nothing in common.
    rng = random.Random(f"{seed}/{virtual_user}/{number}")
    key = f"{rng.getrandbits(72):018x}"
    user = world.users[int(rng.random() * len(world.users))]
    habits, shelf = HABITS[user.segment], world.shelf(user)
    views: list[ProductView] = []
    changes: list[CartChange] = []
    cart: dict[Product, int] = {}
    steps = count(1)
    while True:
        product = shelf.pick(rng)
        views.append(ProductView(next(steps), product))
        if rng.random() < habits.add:
            quantity = 1 if rng.random() < 0.85 else 2
            cart[product] = cart.get(product, 0) + quantity
            changes.append(CartChange(next(steps), CartAction.ADD, product, quantity))
            if rng.random() < habits.remove:
                removed = rng.choice(list(cart))
                changes.append(CartChange(next(steps), CartAction.REMOVE, removed, cart.pop(removed)))
        if rng.random() < habits.leave:
            break
    bought = cart and rng.random() < habits.buy
    order = Order(next(steps), tuple(cart.items())) if bought else None
    return Session(key, user, tuple(views), tuple(changes), order)


def sessions(world: World, seed: int, virtual_user: int) -> Iterator[Session]:
    """The sessions of one virtual user, one after the other, without end."""
    return (session(world, seed, virtual_user, number) for number in count())


def now_ms() -> int:
    """Milliseconds since the epoch, UTC."""
    return time.time_ns() // 1_000_000

"""Simulated shoppers: who looks at, carts and buys what, in which order.

Sessions are a function of (seed, seat, number) and of nothing else: not of time, threads or rates. A seat is one of the
places at which somebody shops; when a session ends, another user takes the seat. So three processes with one seed
simulate the same sessions, each publishes its own part of them, and the parts fit together. Ids follow from the seed
too: who publishes the same world twice sends the same orders again.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import count

import attrs

from producers.simulator.world import HABITS, Product, User, World
from schemas.events import CartAction, CartUpdated, Event, ProductViewed, PurchaseCompleted, PurchaseItem


@attrs.frozen
class View:
    """A look at a product. `step` is its place in the session, from 1, over all three kinds."""

    step: int
    product: Product


@attrs.frozen
class CartChange:
    """Pieces of a product put into the cart or taken out."""

    step: int
    action: CartAction
    product: Product
    quantity: int


@attrs.frozen
class Order:
    """What was in the cart when it was bought: product and pieces, in the order they came into it."""

    step: int
    lines: tuple[tuple[Product, int], ...]


@attrs.frozen
class Session:
    """One visit of one user, from the first look to buying or leaving."""

    key: str
    """18 hexadecimal digits that every id of the session is made from"""
    user: User
    views: tuple[View, ...]
    cart: tuple[CartChange, ...]
    order: Order | None

    @property
    def session_id(self) -> str:
        """A UUID of version 8, like the events'."""
        return f"{self._stem}{self.key[6:]}"

    @property
    def order_id(self) -> str:
        """The session's order, should there be one."""
        return f"order-{self.key}"

    def event_id(self, step: int) -> str:
        """A UUID of version 8 (RFC 9562: its maker's own layout): the session's key, then the step."""
        return f"{self._stem}{step:012x}"

    @property
    def _stem(self) -> str:
        key = self.key
        return f"{key[:8]}-{key[8:12]}-8{key[12:15]}-a{key[15:]}-"


def session(world: World, seed: int, seat: int, number: int) -> Session:
    """The `number`th session (from 0) at a seat (from 0) of the world with that seed."""
    # Seeding with text goes through SHA-512, so neighbouring seeds, seats and numbers have nothing in common.
    rng = random.Random(f"{seed}/{seat}/{number}")
    key = f"{rng.getrandbits(72):018x}"
    user = world.users[int(rng.random() * len(world.users))]
    habits, shelf = HABITS[user.segment], world.shelf(user)
    views: list[View] = []
    changes: list[CartChange] = []
    cart: dict[Product, int] = {}
    steps = count(1)
    while True:
        product = shelf.pick(rng)
        views.append(View(next(steps), product))
        if rng.random() < habits.add:
            quantity = 1 if rng.random() < 0.85 else 2
            cart[product] = cart.get(product, 0) + quantity
            changes.append(CartChange(next(steps), CartAction.ADD, product, quantity))
            if rng.random() < habits.remove:
                regretted = rng.choice(list(cart))
                changes.append(CartChange(next(steps), CartAction.REMOVE, regretted, cart.pop(regretted)))
        if rng.random() < habits.leave:
            break
    bought = cart and rng.random() < habits.buy
    order = Order(next(steps), tuple(cart.items())) if bought else None
    return Session(key, user, tuple(views), tuple(changes), order)


def sessions(world: World, seed: int, seat: int) -> Iterator[Session]:
    """The sessions at one seat, one after the other, without end."""
    return (session(world, seed, seat, number) for number in count())


def now_ms() -> int:
    """Milliseconds since the epoch, UTC."""
    return time.time_ns() // 1_000_000


def product_views(sessions: Iterable[Session], clock: Callable[[], int] = now_ms) -> Iterator[ProductViewed]:
    """The views of these sessions as events; each happens when it is asked for."""
    for visit in sessions:
        user, session_id = visit.user, visit.session_id
        for view in visit.views:
            product = view.product
            yield ProductViewed(
                event_id=visit.event_id(view.step),
                occurred_at=clock(),
                user_id=user.user_id,
                session_id=session_id,
                segment=user.segment,
                region=user.region,
                product_id=product.product_id,
                category=product.category,
                price_minor=product.price_minor,
                currency=product.currency,
            )


def cart_updates(sessions: Iterable[Session], clock: Callable[[], int] = now_ms) -> Iterator[CartUpdated]:
    """The cart changes of these sessions as events; each happens when it is asked for."""
    for visit in sessions:
        user, session_id = visit.user, visit.session_id
        for change in visit.cart:
            product = change.product
            yield CartUpdated(
                event_id=visit.event_id(change.step),
                occurred_at=clock(),
                user_id=user.user_id,
                session_id=session_id,
                segment=user.segment,
                region=user.region,
                action=change.action,
                product_id=product.product_id,
                quantity=change.quantity,
                price_minor=product.price_minor,
                currency=product.currency,
            )


def purchases(sessions: Iterable[Session], clock: Callable[[], int] = now_ms) -> Iterator[PurchaseCompleted]:
    """The orders of these sessions as events; each happens when it is asked for."""
    for visit in sessions:
        order, user = visit.order, visit.user
        if order is None:
            continue
        yield PurchaseCompleted(
            event_id=visit.event_id(order.step),
            occurred_at=clock(),
            user_id=user.user_id,
            session_id=visit.session_id,
            segment=user.segment,
            region=user.region,
            order_id=visit.order_id,
            items=tuple(
                PurchaseItem(product_id=product.product_id, quantity=quantity, price_minor=product.price_minor)
                for product, quantity in order.lines
            ),
            total_minor=sum(quantity * product.price_minor for product, quantity in order.lines),
            currency=order.lines[0][0].currency,
        )


EVENTS: Mapping[str, Callable[[Iterable[Session]], Iterator[Event]]] = {
    "product-events": product_views,
    "user-events": cart_updates,
    "purchases": purchases,
}
"""Topic, by its name in the catalogue → what of a session goes there."""


def type_of(event: Event) -> str:
    """What analytics will count the event as."""
    if isinstance(event, ProductViewed):
        return "view"
    if isinstance(event, PurchaseCompleted):
        return "purchase"
    return "add_to_cart" if event.action is CartAction.ADD else "remove_from_cart"

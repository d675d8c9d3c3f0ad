"""Publish the purchases of simulated users: `python -m producers.purchases --help`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence

from producers.simulator import command
from producers.simulator.sessions import Session, now_ms
from schemas.events import PurchaseCompleted, PurchaseItem


def purchases(sessions: Iterable[Session], clock: Callable[[], int] = now_ms) -> Iterator[PurchaseCompleted]:
    """The orders of these sessions; each occurs when the iterator gives it."""
    for session in sessions:
        user, order = session.user, session.order
        if order is None:
            continue
        yield PurchaseCompleted(
            event_id=session.event_id(order.step),
            occurred_at=clock(),
            user_id=user.user_id,
            session_id=session.session_id,
            segment=user.segment,
            region=user.region,
            order_id=session.order_id,
            items=tuple(
                PurchaseItem(product_id=product.product_id, quantity=quantity, price_minor=product.price_minor)
                for product, quantity in order.items
            ),
            total_minor=sum(quantity * product.price_minor for product, quantity in order.items),
            currency=order.items[0][0].currency,
        )


def main(argv: Sequence[str] | None = None) -> int:
    """Publish to the topic of the purchases. Returns the exit code."""
    return command.main("purchases", "the purchases", purchases, argv)


if __name__ == "__main__":
    sys.exit(main())

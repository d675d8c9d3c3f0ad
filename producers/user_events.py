"""Publish the cart changes of simulated users: `python -m producers.user_events --help`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence

from producers.simulator import command
from producers.simulator.sessions import Session, now_ms
from schemas.events import CartUpdated


def cart_updates(sessions: Iterable[Session], clock: Callable[[], int] = now_ms) -> Iterator[CartUpdated]:
    """The cart changes of these sessions; each occurs when the iterator gives it."""
    for session in sessions:
        user, session_id = session.user, session.session_id
        for change in session.cart_changes:
            product = change.product
            yield CartUpdated(
                event_id=session.event_id(change.step),
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


def main(argv: Sequence[str] | None = None) -> int:
    """Publish to the topic of the cart changes. Returns the exit code."""
    return command.main("user-events", "the cart changes", cart_updates, argv)


if __name__ == "__main__":
    sys.exit(main())

"""Publish the product views of simulated users: `python -m producers.product_events --help`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence

from producers.simulator import command
from producers.simulator.sessions import Session, now_ms
from schemas.events import ProductViewed


def product_views(sessions: Iterable[Session], clock: Callable[[], int] = now_ms) -> Iterator[ProductViewed]:
    """The product views of these sessions; each occurs when the iterator gives it."""
    for session in sessions:
        user, session_id = session.user, session.session_id
        for view in session.views:
            product = view.product
            yield ProductViewed(
                event_id=session.event_id(view.step),
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


def main(argv: Sequence[str] | None = None) -> int:
    """Publish to the topic of the product views. Returns the exit code."""
    return command.main("product-events", "the views", product_views, argv)


if __name__ == "__main__":
    sys.exit(main())

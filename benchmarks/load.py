"""The events of the benchmarks, and the command that publishes them: `python -m benchmarks.load --help`.

Two thousand sessions are open at a time. Each event belongs to a random one of them, and after each event its session
may end and be replaced. 80 % of the events are views, 15 % cart changes, 5 % purchases; a session has 8.5 events on
average, and the popularity of products follows Zipf's law. The seed determines everything.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
import uuid
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from schemas.events import Event

EVENTS_PER_SESSION = 1_000_000 / 117_234
PRODUCTS = 20_000
_USERS = 200_000
_OPEN_SESSIONS = 2_000
_VIEWS, _CARTS = 0.80, 0.15
_REGIONS = (
    ("eu-west", "EUR"),
    ("eu-north", "EUR"),
    ("us-east", "USD"),
    ("us-west", "USD"),
    ("ap-south", "INR"),
    ("uk", "GBP"),
)
_BEGIN_MS = 1_760_000_000_000
_EVERY_MS = 20
_LATE_MS = 60_000
_AT_ONCE = 1_000
_REPORT_S = 2.0


def events(count: int, seed: int) -> Iterator[Event]:
    """`count` events in the order in which shops would send them: up to a minute late."""
    from schemas.events import CartAction, CartUpdated, ProductViewed, PurchaseCompleted, PurchaseItem, Segment

    chance = random.Random(seed)
    draw = chance.random
    segments = [segment for segment in Segment if segment is not Segment.UNKNOWN]

    def identity() -> str:
        return str(uuid.UUID(int=chance.getrandbits(128), version=4))

    def visit() -> dict[str, Any]:
        user = int(draw() * _USERS)
        region, currency = _REGIONS[user % len(_REGIONS)]
        return {
            "user_id": f"user-{user}",
            "session_id": identity(),
            "segment": segments[user % len(segments)],
            "region": region,
            "currency": currency,
        }

    def product() -> tuple[str, int]:
        # Uniform in the logarithm of the rank: the density of a rank is inverse to it.
        rank = int(PRODUCTS ** draw())
        return f"product-{rank}", 199 + rank * 7919 % 50_000

    def item() -> PurchaseItem:
        product_id, price_minor = product()
        return PurchaseItem(product_id=product_id, quantity=1 + int(draw() * 3), price_minor=price_minor)

    sessions = [visit() for _ in range(_OPEN_SESSIONS)]
    for number in range(count):
        at = int(draw() * _OPEN_SESSIONS)
        session = sessions[at]
        occurred_at = _BEGIN_MS + number * _EVERY_MS - int(draw() ** 4 * _LATE_MS)
        kind = draw()
        if kind < _VIEWS:
            product_id, price = product()
            yield ProductViewed(
                event_id=identity(),
                occurred_at=occurred_at,
                product_id=product_id,
                price_minor=price,
                category=None if price % 10 == 0 else f"category.{price % 97}",
                **session,
            )
        elif kind < _VIEWS + _CARTS:
            product_id, price = product()
            yield CartUpdated(
                event_id=identity(),
                occurred_at=occurred_at,
                action=CartAction.ADD if draw() < 0.8 else CartAction.REMOVE,
                product_id=product_id,
                quantity=1 + int(draw() * 3),
                price_minor=price,
                **session,
            )
        else:
            items = tuple(item() for _ in range(1 + int(draw() ** 2 * 5)))
            yield PurchaseCompleted(
                event_id=identity(),
                occurred_at=occurred_at,
                order_id=identity(),
                items=items,
                total_minor=sum(line.quantity * line.price_minor for line in items),
                **session,
            )
        if draw() * EVENTS_PER_SESSION < 1:
            sessions[at] = visit()


def first_of_each(count: int) -> dict[str, list[Event]]:
    """The first events of each kind, by the name of their class."""
    found: dict[str, list[Event]] = {}
    for event in events(1_000_000, seed=1):
        some = found.setdefault(type(event).__name__, [])
        if len(some) < count:
            some.append(event)
        elif len(found) == 3 and all(len(some) == count for some in found.values()):
            break
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Publish. Returns 0 when every event is acknowledged, else 1."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.load",
        description="Publish the benchmark's events to the three topics named in the environment.",
        epilog="exit code: 0 all events are acknowledged, 1 some are not, 2 wrong usage",
    )
    parser.add_argument(
        "--events", type=int, default=1_000_000, metavar="N", help="number of events (default: %(default)s)"
    )
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="seed of the events (default: %(default)s)")
    options = parser.parse_args(arguments)
    return _publish(options.events, options.seed)


def _publish(count: int, seed: int) -> int:
    from tributary.kafka.publisher import connect

    publishers = {publisher.topic.event: publisher for publisher in connect()}
    source = events(count, seed)
    sent, say_at, began = 0, time.monotonic() + _REPORT_S, time.monotonic()
    while batch := list(islice(source, _AT_ONCE)):
        outbox: dict[str, list[Event]] = {event: [] for event in publishers}
        for event in batch:
            outbox[type(event).__name__].append(event)
        for name, some in outbox.items():
            publishers[name].send_all(some)
        sent += len(batch)
        if time.monotonic() > say_at:
            print(f"  {sent:,} of {count:,} events", file=sys.stderr, flush=True)
            say_at += _REPORT_S
    for publisher in publishers.values():
        publisher.flush()
    acknowledged = sum(publisher.summary().acknowledged for publisher in publishers.values())
    print(f"  {acknowledged:,} events in {time.monotonic() - began:.1f} s", file=sys.stderr, flush=True)
    return 0 if acknowledged == count else 1


if __name__ == "__main__":
    sys.exit(main())

"""Publish the events of virtual users, each in a thread of its own, and wait for the broker to acknowledge them."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from itertools import islice

from producers.simulator.virtual_user import VirtualUser
from schemas.events import Event
from tributary.kafka.publisher import Publisher, drain
from tributary.printable import printable

_REPORT_S = 5.0
_TICK_S = 0.2
_BATCH = 500
"""The most events that a virtual user queues before it looks whether to stop."""


def publish(
    publisher: Publisher, events: Mapping[VirtualUser, Iterator[Event]], seconds: float | None, stop: threading.Event
) -> None:
    """Publish until the count is reached, the time is over, or `stop` is set; then wait for the broker.

    Raises EncodeError for an event that does not fit its contract.
    """
    started = time.monotonic()
    deadline = float("inf") if seconds is None else started + seconds
    report_at = started + _REPORT_S
    pool = ThreadPoolExecutor(len(events), thread_name_prefix="virtual-user")
    try:
        busy: set[Future[None]] = {
            pool.submit(_send_as_due, publisher, user, own, started, stop) for user, own in events.items()
        }
        while busy and not stop.is_set() and (now := time.monotonic()) < deadline:
            if now >= report_at:
                print(printable(publisher.summary()), file=sys.stderr, flush=True)
                report_at += _REPORT_S
            publisher.check_progress()
            done, busy = wait(busy, timeout=min(_TICK_S, deadline - now), return_when=FIRST_EXCEPTION)
            for future in done:
                future.result()
        if stop.is_set() and (waiting := publisher.summary().waiting):
            print(
                f"{publisher.topic.name}: stopping; {waiting:,} events wait for the broker, "
                "another Ctrl-C gives them up",
                file=sys.stderr,
            )
    except KeyboardInterrupt:
        publisher.abandon()
    finally:
        stop.set()
        _finish(publisher, pool)


def _send_as_due(
    publisher: Publisher, user: VirtualUser, events: Iterator[Event], started: float, stop: threading.Event
) -> None:
    """Send one virtual user's events when they are due."""
    sent, limit = 0, user.limit
    while not stop.is_set() and sent != limit:
        count = _BATCH if limit is None else min(_BATCH, limit - sent)
        if user.rate:
            count = min(count, user.due(time.monotonic() - started) - sent)
        if count > 0:
            publisher.send_all(islice(events, count))
            sent += count
        else:
            stop.wait(max(started + user.due_at(sent) - time.monotonic(), 0.001))


def _finish(publisher: Publisher, pool: ThreadPoolExecutor) -> None:
    try:
        pool.shutdown()
    except KeyboardInterrupt:
        publisher.abandon()
        pool.shutdown()
    drain([publisher])

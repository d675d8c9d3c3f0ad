"""The command line that the three producers share."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

import attrs

from producers.simulator import world
from producers.simulator.sessions import Session, sessions
from producers.simulator.virtual_user import VirtualUser
from schemas.events import CartAction, Event, ProductViewed, PurchaseCompleted
from tributary.printable import log_to_stderr, printable
from tributary.signals import Stop, stop_signal

if TYPE_CHECKING:  # takes half a second to import, and `--help` does not need it
    from tributary.kafka.publisher import Summary

Events = Callable[[Iterable[Session]], Iterator[Event]]
"""The events of one topic in some sessions."""


def arguments(what: str, program: str) -> argparse.ArgumentParser:
    """The options of a producer that publishes `what`."""
    parser = argparse.ArgumentParser(
        prog=f"python -m {program}",
        description=f"Publish {what} of simulated users. The same seed gives the same world: producers started with "
        "one seed and one number of users publish events of the same sessions, whatever their rates. A world that "
        "is published again counts again, except for its orders: each counts once, by its order_id.",
        epilog="Ctrl-C and SIGTERM stop it in order; a second one gives up what is not acknowledged yet, and so does "
        "SIGTERM after nine seconds. exit code: 0 all events acknowledged, 1 some were not or nothing could be sent, "
        "2 wrong usage",
    )
    parser.add_argument(
        "--users", type=_number(int, 1), default=20, metavar="N", help="users active at the same time (default: 20)"
    )
    parser.add_argument(
        "--rate",
        type=_number(float, 0),
        default=200.0,
        metavar="N",
        help="events per second; 0: no limit (default: 200)",
    )
    parser.add_argument("--count", type=_number(int, 0), metavar="N", help="stop after N events (default: never)")
    parser.add_argument("--seconds", type=_number(float, 0), metavar="N", help="stop after N seconds (default: never)")
    parser.add_argument(
        "--seed", type=int, metavar="N", help="seed of the world (default: a new one; the summary names it)"
    )
    parser.add_argument("--json", action="store_true", help="print the summary as one line of JSON")
    return parser


def new_seed() -> int:
    """A seed from the clock, at most nine digits: easy to type again."""
    return time.time_ns() // 1_000_000 % 1_000_000_000


def main(topic: str, what: str, events: Events, argv: Sequence[str] | None = None) -> int:
    """Run the producer of one topic, by its name in the catalogue. Returns the exit code."""
    options = arguments(what, f"producers.{topic.replace('-', '_')}").parse_args(argv)
    log_to_stderr()
    try:
        with stop_signal(ctrl_c_has_a_deadline=False) as stop:
            return _run(topic, events, options, stop)
    except KeyboardInterrupt:
        print(f"{topic}: interrupted", file=sys.stderr)
        return 1


def _run(topic: str, events: Events, options: argparse.Namespace, stop: Stop) -> int:
    from producers.simulator.publishing import publish
    from tributary.avro.rows.encoder import EncodeError
    from tributary.kafka.publisher import PublisherError, connect
    from tributary.settings import SettingsError

    try:
        (publisher,) = connect(topic)
    except (SettingsError, PublisherError) as error:
        print(printable(f"{topic}: {error}"), file=sys.stderr)
        return 2 if isinstance(error, SettingsError) else 1
    shop = world.load()
    seed: int = new_seed() if options.seed is None else options.seed
    users = [VirtualUser(number, options.users, options.rate, options.count) for number in range(options.users)]
    # One counter per virtual user: they run in threads, and adding is not atomic.
    sent = {user: Counter[str]() for user in users}
    started = time.monotonic()

    def conclude() -> None:
        by_type = sum(sent.values(), Counter[str]())
        _conclude(publisher.summary(), publisher.topic.event, by_type, seed, time.monotonic() - started, options.json)

    stop.before_forced_exit.append(conclude)
    failed = False
    try:
        by_user = {user: _counted(events(sessions(shop, seed, user.number)), sent[user]) for user in users}
        publish(publisher, by_user, options.seconds, stop)
    except EncodeError as error:
        failed = True
        print(printable(f"{topic}: stopped: {error}"), file=sys.stderr)
    conclude()
    return 1 if failed or publisher.summary().failed else 0


def _counted(events: Iterator[Event], by_type: Counter[str]) -> Iterator[Event]:
    for event in events:
        by_type[_type_of(event)] += 1
        yield event


def _type_of(event: Event) -> str:
    """The type under which analytics counts the event."""
    if isinstance(event, ProductViewed):
        return "view"
    if isinstance(event, PurchaseCompleted):
        return "purchase"
    return "add_to_cart" if event.action is CartAction.ADD else "remove_from_cart"


def _conclude(summary: Summary, event: str, by_type: Counter[str], seed: int, seconds: float, as_json: bool) -> None:
    per_second = summary.acknowledged / seconds
    if as_json:
        values = {"event": event, "by_type": by_type, "seed": seed, "seconds": seconds, "per_second": per_second}
        line = json.dumps(attrs.asdict(summary) | values)
    else:
        line = f"{summary} in {seconds:,.1f} s, {per_second:,.0f} a second, seed {seed}"
    # In one write: three producers may share this output, and `print` writes the line end separately when unbuffered.
    sys.stdout.write(printable(line) + "\n")
    sys.stdout.flush()


def _number(kind: type[int] | type[float], least: int) -> Callable[[str], float]:
    def parse(text: str) -> float:
        value = kind(text)
        if not least <= value < float("inf"):
            raise argparse.ArgumentTypeError(f"expected a number from {least}, got {text}")
        return value

    parse.__name__ = "number"  # argparse puts it into its messages
    return parse

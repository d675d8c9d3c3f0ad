"""The command line that the three producers share."""

from __future__ import annotations

import argparse
import json
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from itertools import islice
from typing import TYPE_CHECKING

import attrs

from producers.pacing import Seat
from tributary.printable import log_to_stderr, printable
from tributary.signals import Stop, stop_signal

if TYPE_CHECKING:  # these take half a second to import, and `--help` needs none of them
    from schemas.events import Event
    from tributary.kafka.publisher import Publisher, Summary

_REPORT_S = 5.0
_TICK_S = 0.2
_MOST_AT_ONCE = 500

EPILOG = "exit code: 0 all events acknowledged, 1 some were not or nothing could be sent, 2 wrong usage"


def arguments(what: str, program: str) -> argparse.ArgumentParser:
    """The options of a producer that publishes `what`."""
    parser = argparse.ArgumentParser(
        prog=f"python -m {program}",
        description=f"Publish {what} of simulated shoppers. The same seed is the same world: producers started with "
        "one seed and one number of users publish parts of the same sessions, whatever their rates. A world that "
        "is published again counts again, except for its orders: each counts once, by its order_id.",
        epilog="Ctrl-C and SIGTERM stop it in order; a second one gives up what is not acknowledged yet, and so does "
        f"SIGTERM after nine seconds. {EPILOG}",
    )
    parser.add_argument(
        "--users", type=_number(int, 1), default=20, metavar="N", help="how many shop at the same time (default: 20)"
    )
    parser.add_argument(
        "--rate", type=_number(float, 0), default=200.0, metavar="N", help="events a second; 0: flat out (default: 200)"
    )
    parser.add_argument("--count", type=_number(int, 0), metavar="N", help="stop after so many events (default: never)")
    parser.add_argument("--seconds", type=_number(float, 0), metavar="N", help="stop after so long (default: never)")
    parser.add_argument("--seed", type=int, metavar="N", help="which world (default: a new one; the summary names it)")
    parser.add_argument("--json", action="store_true", help="print the summary as one line of JSON")
    return parser


def new_seed() -> int:
    """A seed for a world of its own, from the clock: six digits or more, easy to type again."""
    return time.time_ns() // 1_000_000 % 1_000_000_000


def main(contract: str, what: str, argv: Sequence[str] | None = None) -> int:
    """Run the producer of one topic, by its name in the catalogue. Returns the exit code."""
    options = arguments(what, f"producers.{contract.replace('-', '_')}").parse_args(argv)
    log_to_stderr()
    try:
        with stop_signal(ctrl_c_has_a_deadline=False) as stop:
            return _run(contract, options, stop)
    except KeyboardInterrupt:
        print(f"{contract}: interrupted", file=sys.stderr)
        return 1


def _run(contract: str, options: argparse.Namespace, stop: Stop) -> int:
    from producers.simulator import sessions as simulator
    from producers.simulator import world
    from tributary.avro.rows.encoder import EncodeError
    from tributary.kafka.publisher import PublisherError, connect
    from tributary.settings import SettingsError

    try:
        (publisher,) = connect(contract)
    except (SettingsError, PublisherError) as error:
        print(printable(f"{contract}: {error}"), file=sys.stderr)
        return 2 if isinstance(error, SettingsError) else 1
    shop = world.load()
    seed: int = new_seed() if options.seed is None else options.seed

    sent: list[Counter[str]] = [Counter() for _ in range(options.users)]

    def events(seat: int) -> Iterator[Event]:
        # A counter for each seat: they are threads, and to add is not one step.
        for event in simulator.EVENTS[contract](simulator.sessions(shop, seed, seat)):
            sent[seat][simulator.type_of(event)] += 1
            yield event

    seats = [Seat(number, options.users, options.rate, options.count) for number in range(options.users)]
    started = time.monotonic()

    def conclude() -> None:
        by_type = sum(sent, Counter[str]())
        _conclude(publisher.summary(), publisher.topic.event, by_type, seed, time.monotonic() - started, options.json)

    stop.before_forced_exit.append(conclude)
    broken = False
    try:
        _publish(publisher, events, seats, options.seconds, stop)
    except EncodeError as error:
        broken = True
        print(printable(f"{contract}: stopped: {error}"), file=sys.stderr)
    conclude()
    return 1 if broken or publisher.summary().failed else 0


def _conclude(summary: Summary, event: str, by_type: Counter[str], seed: int, seconds: float, as_json: bool) -> None:
    per_second = summary.acknowledged / seconds
    if as_json:
        values = {"event": event, "by_type": by_type, "seed": seed, "seconds": seconds}
        values["per_second"] = per_second
        line = json.dumps(attrs.asdict(summary) | values)
    else:
        line = f"{summary} in {seconds:,.1f} s, {per_second:,.0f} a second, seed {seed}"
    # In one piece: three producers may share this output, and `print` writes the line's end by itself when unbuffered.
    sys.stdout.write(printable(line) + "\n")
    sys.stdout.flush()


def _publish(
    publisher: Publisher,
    events: Callable[[int], Iterator[Event]],
    seats: Sequence[Seat],
    seconds: float | None,
    stop: threading.Event,
) -> None:
    """Let all seats shop until their count is reached, the time is over, or `stop` is set; then wait for the broker."""
    started = time.monotonic()
    deadline = float("inf") if seconds is None else started + seconds
    report_at = started + _REPORT_S
    pool = ThreadPoolExecutor(len(seats), thread_name_prefix="seat")
    try:
        busy: set[Future[None]] = {
            pool.submit(_shop, publisher, events(seat.number), seat, started, stop) for seat in seats
        }
        while busy and not stop.is_set() and (now := time.monotonic()) < deadline:
            if now >= report_at:
                print(printable(publisher.summary()), file=sys.stderr, flush=True)
                report_at += _REPORT_S
            publisher.look()
            done, busy = wait(busy, timeout=min(_TICK_S, deadline - now), return_when=FIRST_EXCEPTION)
            for future in done:
                future.result()
        if stop.is_set() and (waiting := publisher.summary().waiting):
            name = publisher.topic.name
            print(
                f"{name}: stopping; {waiting:,} events wait for the broker, another Ctrl-C gives them up",
                file=sys.stderr,
            )
    except KeyboardInterrupt:
        publisher.abandon()
    finally:
        stop.set()
        _settle(publisher, pool)


def _settle(publisher: Publisher, pool: ThreadPoolExecutor) -> None:
    from tributary.kafka.publisher import drain

    try:
        pool.shutdown()
    except KeyboardInterrupt:
        publisher.abandon()
        pool.shutdown()
    drain([publisher])


def _shop(publisher: Publisher, events: Iterator[Event], seat: Seat, started: float, stop: threading.Event) -> None:
    """Publish a seat's events as they fall due."""
    sent, limit = 0, seat.limit
    while not stop.is_set() and sent != limit:
        most = _MOST_AT_ONCE if limit is None else min(_MOST_AT_ONCE, limit - sent)
        if seat.rate:
            most = min(most, seat.due(time.monotonic() - started) - sent)
        if most > 0:
            publisher.send_all(islice(events, most))
            sent += most
        else:
            stop.wait(max(started + seat.due_at(sent) - time.monotonic(), 0.001))


def _number(kind: type[int] | type[float], least: int) -> Callable[[str], float]:
    def parse(text: str) -> float:
        value = kind(text)
        if not least <= value < float("inf"):
            raise argparse.ArgumentTypeError(f"expected a number from {least}, got {text}")
        return value

    parse.__name__ = "number"  # argparse puts it into its messages
    return parse

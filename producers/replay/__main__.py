"""Publish the rows of a clickstream file as events: `python -m producers.replay --help`."""

from __future__ import annotations

import argparse
import re
import sys
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from producers.replay.pacing import Pace
from tributary.printable import log_to_stderr, printable
from tributary.signals import Stop, stop_signal

if TYPE_CHECKING:  # takes half a second to import, and `--help` does not need it
    from tributary.kafka.publisher import Publisher

_CURRENCY = re.compile("[A-Z]{3}")


def arguments() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m producers.replay",
        description="Publish a clickstream file in the format of REES46 (CSV, plain or gzip): views, cart changes, and "
        "one order for the purchase rows of a session that share a second. Events keep the file's times. A file "
        "that is replayed again counts again, except for its orders: views and cart changes are added a second time, "
        "an order counts once, by its order_id. Rows that cannot be read are reported and written to a file, where "
        "they can be corrected and replayed; the other rows are published.",
        epilog="exit code: 0 all rows are acknowledged events, 1 some rows were rejected, some deliveries failed, or "
        "nothing could be sent, 2 wrong usage. Ctrl-C and SIGTERM stop it in order, the second one at once, also while "
        "it waits for a pipe, and so does SIGTERM after nine seconds; orders that are still open then are not sent.",
    )
    parser.add_argument("file", type=Path, help="the clickstream file")
    parser.add_argument(
        "--speed",
        type=_speed,
        default=0.0,
        metavar="N",
        help="pace by the file's times: 1 real time, 60 an hour in a minute, 0 no pacing (default: 0)",
    )
    parser.add_argument(
        "--currency", type=_currency, default="USD", metavar="CODE", help="ISO 4217 code of the prices (default: USD)"
    )
    parser.add_argument(
        "--rejects",
        type=Path,
        metavar="PATH",
        help="where to write rows that cannot be read (default: FILE.rejects.csv in the current folder)",
    )
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Replay one file. Returns the exit code."""
    parser = arguments()
    options = parser.parse_args(argv)
    path: Path = options.file
    rejects_path: Path = options.rejects or Path(f"{path.name}.rejects.csv")
    if rejects_path.resolve() == path.resolve():
        parser.error("the rejects would be written over the file; name another with --rejects")
    log_to_stderr()
    try:
        with stop_signal(ctrl_c_has_a_deadline=False) as stop:
            return _run(path, rejects_path, options.currency, Pace(options.speed), stop)
    except KeyboardInterrupt:
        print("replay: interrupted", file=sys.stderr)
        return 1


def _run(path: Path, rejects_path: Path, currency: str, pace: Pace, stop: Stop) -> int:
    from producers.replay.clickstream import Clickstream, ClickstreamError
    from producers.replay.events import Router
    from producers.replay.rejects import Rejects
    from producers.replay.replay import Replay
    from producers.replay.reporter import reporter
    from schemas.events import CartUpdated, ProductViewed, PurchaseCompleted
    from tributary.avro.rows.encoder import EncodeError
    from tributary.kafka.publisher import PublisherError, abandon, connect, drain
    from tributary.settings import SettingsError

    try:
        source = Clickstream(path, currency)
        publishers = connect("product-events", "user-events", "purchases")
    except (ClickstreamError, PublisherError, SettingsError) as error:
        print(printable(f"replay: {error}"), file=sys.stderr)
        return 2 if isinstance(error, SettingsError) else 1
    by_event = dict(zip((ProductViewed, CartUpdated, PurchaseCompleted), publishers, strict=True))
    started = time.monotonic()
    stop.before_forced_exit.append(lambda: _print_summaries(publishers))
    failed = False
    with reporter(source.size) as report:
        rejects = Rejects(rejects_path, path, source.heading, report.say)
        replay = Replay(source, Router(currency), by_event, rejects, pace, report, stop)
        try:
            replay.run()
        except EncodeError as error:
            failed = True
            report.say(f"replay: stopped: {error}")
        except OSError as error:  # of the rejects: what cannot be read of the file is a reject itself
            failed = True
            report.say(f"replay: stopped: {rejects_path} cannot be written: {error.strerror}")
        except KeyboardInterrupt:
            abandon(publishers)
        drain(publishers)
    _print_summaries(publishers)
    print(_totals(path, replay.rows, rejects.count, rejects_path, time.monotonic() - started, stop.is_set()))
    return 1 if failed or rejects.count or any(publisher.summary().failed for publisher in publishers) else 0


def _print_summaries(publishers: Iterable[Publisher]) -> None:
    for publisher in publishers:
        print(printable(publisher.summary()))


def _totals(path: Path, rows: int, rejected: int, rejects_path: Path, seconds: float, stopped: bool) -> str:
    return printable(
        f"{path}: {'stopped after ' if stopped else ''}{rows:,} rows, {rejected:,} rejected"
        f"{f' (see {rejects_path})' if rejected else ''}, in {seconds:,.1f} s, {rows / seconds:,.0f} rows a second"
    )


def _speed(text: str) -> float:
    speed = float(text)
    if not 0 <= speed < float("inf"):
        raise argparse.ArgumentTypeError(f"expected a number from 0, got {text}")
    return speed


def _currency(text: str) -> str:
    if not _CURRENCY.fullmatch(text):
        raise argparse.ArgumentTypeError(f"expected three capital letters such as EUR, got {text!r}")
    return text


if __name__ == "__main__":
    sys.exit(main())

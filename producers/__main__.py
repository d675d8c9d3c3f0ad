"""Run the three producers, each in its own process, with one world: `python -m producers --help`."""

from __future__ import annotations

import argparse
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from types import FrameType

from producers.simulator.command import arguments, new_seed
from tributary import child_process
from tributary.signals import STOP_WITHIN_S

SHARES = {"product_events": 0.806, "user_events": 0.147, "purchases": 0.047}
"""Producer → its share of all events of the world, on average: at these rates the three stay in step."""

_POLL_S = 0.05
_KILLED_AFTER_S = STOP_WITHIN_S + 0.5
"""After SIGTERM; by then a producer has ended by force unless it is frozen."""


def shares_of(count: int) -> dict[str, int]:
    """Producer → its part of the count; the parts add up to the count exactly."""
    parts, so_far = {}, 0.0
    for producer, share in SHARES.items():
        before, so_far = so_far, so_far + share
        parts[producer] = round(count * so_far) - round(count * before)
    return parts


def main(argv: Sequence[str] | None = None) -> int:
    """Run the producers until they end or are stopped. Returns 1 if any of them failed."""
    parser = arguments("the views, cart changes and purchases", "producers")
    parser.description = f"{parser.description} Rate and count are those of the three together."
    options = parser.parse_args(argv)
    seed = new_seed() if options.seed is None else options.seed
    received: list[int] = []

    def receive(number: int, _: FrameType | None) -> None:
        received.append(number)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, receive)
    return _await([_start(module, options, seed) for module in SHARES], received)


def _start(module: str, options: argparse.Namespace, seed: int) -> subprocess.Popen[bytes]:
    words = ["--users", str(options.users), "--seed", str(seed), "--rate", str(options.rate * SHARES[module])]
    if options.count is not None:
        words += ["--count", str(shares_of(options.count)[module])]
    if options.seconds is not None:
        words += ["--seconds", str(options.seconds)]
    if options.json:
        words.append("--json")
    # In a process group of its own, a producer gets Ctrl-C from here alone and not from the terminal as well.
    return subprocess.Popen(child_process.command(f"producers.{module}", *words), start_new_session=True)


def _await(producers: Sequence[subprocess.Popen[bytes]], received: list[int]) -> int:
    """Wait for the producers and pass on the signals received meanwhile. Returns 1 if any of them failed."""
    deadline = float("inf")
    while any(producer.poll() is None for producer in producers):
        while received:
            number = received.pop(0)
            for producer in producers:
                producer.send_signal(number)
            if number == signal.SIGTERM:
                deadline = min(deadline, time.monotonic() + _KILLED_AFTER_S)
        if time.monotonic() > deadline:
            for producer in producers:
                producer.kill()
        time.sleep(_POLL_S)
    return 1 if any(producer.returncode for producer in producers) else 0


if __name__ == "__main__":
    sys.exit(main())

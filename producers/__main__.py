"""Run the three producers at once, each in its own process, on one world: `python -m producers --help`."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Sequence
from types import FrameType

from producers.command import arguments, new_seed

SHARES = {"product_events": 0.806, "user_events": 0.147, "purchases": 0.047}
"""Producer → its part of all events of the world, on average: at these rates the three keep in step."""


def shares_of(count: int) -> dict[str, int]:
    """Producer → its part of so many events; together they are exactly as many."""
    parts, so_far = {}, 0.0
    for producer, share in SHARES.items():
        before, so_far = so_far, so_far + share
        parts[producer] = round(count * so_far) - round(count * before)
    return parts


def main(argv: Sequence[str] | None = None) -> int:
    """Run them until they end or are stopped. Returns 1 if any of them failed."""
    parser = arguments("the views, cart changes and purchases", "producers")
    parser.description = f"{parser.description} Rate and count are those of the three together."
    options = parser.parse_args(argv)
    seed = new_seed() if options.seed is None else options.seed
    children: list[subprocess.Popen[bytes]] = []

    def forward(number: int, _: FrameType | None) -> None:
        for child in children:
            child.send_signal(number)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, forward)
    counts = shares_of(options.count or 0)
    for module, share in SHARES.items():
        command = [sys.executable, "-m", f"producers.{module}", "--users", str(options.users), "--seed", str(seed)]
        command += ["--rate", str(options.rate * share)]
        if options.count is not None:
            command += ["--count", str(counts[module])]
        if options.seconds is not None:
            command += ["--seconds", str(options.seconds)]
        if options.json:
            command.append("--json")
        # In a group of its own, a producer gets Ctrl-C from here alone, and not once more from the terminal.
        children.append(subprocess.Popen(command, start_new_session=True))
    codes = [child.wait() for child in children]
    return 1 if any(codes) else 0


if __name__ == "__main__":
    sys.exit(main())

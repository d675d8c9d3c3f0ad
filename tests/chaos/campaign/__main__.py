"""The command line of the campaign: `python -m tests.chaos.campaign --help`."""

from __future__ import annotations

import argparse
import signal
import sys
import time

from tests.chaos.campaign import bed, faults
from tests.chaos.campaign.running import Campaign


def main() -> int:
    """Run a campaign. Returns 1 if an event was lost or counted twice, a stall was not reported, or anything failed."""
    options = _arguments().parse_args()
    faults.load()
    if options.list:
        for fault in faults.ALL.values():
            print(f"{fault.name}\n    {fault.text}")
        return 0
    seed = time.time_ns() // 1_000_000 % 1_000_000 if options.seed is None else options.seed
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    names = [name for name in faults.ALL if any(word in name for word in options.only or [""])]
    print(f"seed {seed}, {len(names)} kinds of faults, {options.seconds:g} s", flush=True)
    try:
        with bed.made(seed, options.members, options.rate) as made:
            summary = Campaign(made, seed, lambda line: print(line, flush=True)).run(
                names, options.seconds, options.rounds or float("inf")
            )
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 1
    print(f"\n{summary}", flush=True)
    return 1 if summary.failed else 0


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.chaos.campaign",
        description="Inject faults of every kind into a broker, a registry, producers, members and their store, under "
        "load, and compare the store with an independent pass over the topics. The campaign starts all parts itself.",
        epilog="exit code: 0 all figures are exact, 1 an event was lost or counted twice, a member was silent for "
        "more than ten seconds, or another check failed",
    )
    parser.add_argument("--seed", type=int, metavar="N", help="the seed of the campaign (default: random)")
    parser.add_argument("--seconds", type=float, default=600, metavar="N", help="duration (default: 600)")
    parser.add_argument("--rounds", type=int, metavar="N", help="stop after this number of rounds")
    parser.add_argument("--rate", type=float, default=400, metavar="N", help="events a second (default: 400)")
    parser.add_argument("--members", type=int, default=2, metavar="N", help="members of the group (default: 2)")
    parser.add_argument(
        "--only", action="append", metavar="WORD", help="only faults with this in their name; repeatable"
    )
    parser.add_argument("--list", action="store_true", help="list the faults and what each does")
    return parser


if __name__ == "__main__":
    sys.exit(main())

"""Compare the project with its peers and its goals: `python -m benchmarks --help`."""

from __future__ import annotations

import argparse
import json
import os
import platform
import signal
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from benchmarks.report import Section, Wanted

CONTESTANTS = ("ours", "ours-2", "plain", "documented", "faststream", "quix", "consume", "consume-defaults")
# A section is the function `section` of the module of that name; it is imported only when it is wanted.
SECTIONS = {
    "merge": "Tributary and its peers on the same topics",
    "fresh": "the latency from produce to visible in the store",
    "produce": "the publisher and the replay compared with the stock classes",
    "codec": "the codecs, without a broker",
    "start": "the time to --help and to a member's first message",
    "idle": "the CPU of a member at 50 events a second",
    "registry": "registering 1,001 versions of one subject in the local registry, and concurrent reads",
    "flat": "ten times the load; takes minutes and runs only if it is named",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print. Returns 0, or 1 if a measurement failed or gave a wrong result."""
    parser = _parser()
    options = parser.parse_args(arguments)
    names = set(options.only or SECTIONS.keys() - {"flat"})
    if "merge" in names:
        names |= set(CONTESTANTS)
    elif names & set(CONTESTANTS):
        names.add("merge")
    # As Ctrl-C does: running processes end and the broker stops.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        return _run(options, Wanted(names, options.events, options.rounds))
    except KeyboardInterrupt:
        print("benchmarks: stopped", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Compare Tributary with its peers on a broker of its own, and print each goal next to the measured "
        "value. Every result is compared with an independent pass.",
        epilog="names: " + "; ".join(f"{name}: {what}" for name, what in SECTIONS.items()) + "; or of merge alone some "
        f"of {', '.join(CONTESTANTS)}. exit code: 0 success, 1 a measurement failed or gave a wrong result, "
        "2 wrong usage",
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write every single run to this file")
    parser.add_argument(
        "--rounds", type=_positive, default=3, metavar="N", help="number of rounds (default: %(default)s)"
    )
    parser.add_argument(
        "--events", type=_positive, default=1_000_000, metavar="N", help="events to load (default: %(default)s)"
    )
    parser.add_argument(
        "--only",
        nargs="+",
        choices=(*SECTIONS, *CONTESTANTS),
        metavar="NAME",
        help="only these sections, or these contestants of merge",
    )
    parser.add_argument(
        "--keep",
        type=Path,
        metavar="FOLDER",
        help="keep the loaded broker in this folder, and reuse it if it exists (default: a temporary folder)",
    )
    return parser


def _run(options: argparse.Namespace, wanted: Wanted) -> int:
    """Run the sections in turn. If one fails, the others still run."""
    from benchmarks.bed import bed
    from benchmarks.measure import BenchmarkError
    from tributary.stack.errors import StackError

    machine = _machine()
    print(f"Python {machine['python']}, {machine['cores']} cores, load {os.getloadavg()[0]:.1f}", flush=True)
    found: list[Section] = []
    failures: list[Exception] = []
    try:
        with bed(options.keep) as ground:
            for name in (name for name in SECTIONS if name in wanted.names):
                try:
                    found.append(import_module(f"benchmarks.sections.{name}").section(ground, wanted))
                except BenchmarkError as failure:
                    failures.append(failure)
                else:
                    found[-1].show()
    except (BenchmarkError, StackError) as failure:
        failures.append(failure)
    if options.json:
        result = machine | {"sections": [section.as_json() for section in found], "failures": list(map(str, failures))}
        options.json.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    for each in failures:
        print(f"benchmarks: {each}", file=sys.stderr)
    return 1 if failures else 0


def _machine() -> dict[str, Any]:
    from importlib.metadata import version

    packages = ("confluent-kafka", "fastavro", "numpy")
    return {
        "python": platform.python_version(),
        "platform": platform.platform(),
        "cores": os.cpu_count(),
        "versions": {name: version(name) for name in packages},
    }


def _positive(text: str) -> int:
    number = int(text.replace("_", ""))
    if number < 1:
        raise argparse.ArgumentTypeError(f"expected a number from 1, got {text}")
    return number


if __name__ == "__main__":
    sys.exit(main())

"""Produce and count events on a real broker and registry, and compare the two totals: `make demo`."""

from __future__ import annotations

import argparse
import json
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from tributary import child_process, settings
from tributary.cli import exits
from tributary.errors import TributaryError
from tributary.printable import printable
from tributary.settings import Settings

_EVENTS_PER_S = 2000
"""Events per second: few enough for any laptop."""


class DemoFailed(TributaryError):
    """A command of the demo failed."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the demo. Returns 0 if every produced event was counted, else 1; 130 if it was interrupted."""
    parser = argparse.ArgumentParser(
        prog="python -m consumers.demo",
        description="Start Kafka and the registry, register the contracts, produce and count events for DEMO_SECONDS, "
        "then compare produced with counted.",
    )
    parser.parse_args(argv)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        return exits.passed(_demo(settings.load()))
    except KeyboardInterrupt:
        print("\nInterrupted. `make status` shows what runs; `make demo` can be run again.", file=sys.stderr)
        return exits.INTERRUPTED
    except TributaryError as error:
        return exits.report(error)


def _demo(settings: Settings) -> bool:
    """Whether every produced event was counted. Raises DemoFailed."""
    console = Console()
    for step, command in (
        ("Kafka and the registry", ("tributary", "stack", "up")),
        ("The contracts", ("registry", "apply")),
        ("Counting what earlier runs left", ("consumers.analytics", "--until-caught-up", "--no-dashboard")),
    ):
        console.rule(step, align="left")
        _call(command, settings.folder)
    before = _report(settings.folder)
    console.rule(f"Three producers and one consumer group, for {settings.demo_seconds:g} seconds", align="left")
    produced = _live(settings.demo_seconds, settings.folder)
    _call(("consumers.analytics", "--until-caught-up", "--no-dashboard"), settings.folder)
    counted = _difference(_report(settings.folder), before)
    console.rule("Produced and counted", align="left")
    equal = _compare(console, produced, counted)
    console.print(
        "The stack keeps running: `make report` prints all figures, `make analytics` continues, `make down` stops it."
    )
    return equal


def _call(command: Sequence[str], folder: Path, stdout: int | None = None) -> bytes:
    """Run a command that must succeed. Returns its output if that goes to a pipe."""
    done = subprocess.run(child_process.command(*command), cwd=folder, stdout=stdout)
    if done.returncode:
        raise DemoFailed(f"failed: python -m {' '.join(command)}")
    return done.stdout


def _report(folder: Path) -> dict[str, Any]:
    """The store's figures."""
    command = ("consumers.analytics", "report", "--json")
    figures: dict[str, Any] = json.loads(_call(command, folder, stdout=subprocess.PIPE))
    return figures


def _live(seconds: float, folder: Path) -> list[dict[str, Any]]:
    """Produce for that time while the dashboard is shown. Returns the producers' summaries."""
    simulation = child_process.command("producers", "--seconds", f"{seconds:g}", "--rate", str(_EVENTS_PER_S), "--json")
    # In a session of their own, the producers get one signal to stop, from here, and not from the terminal as well.
    with (
        _running(child_process.command("consumers.analytics"), folder) as member,
        _running(
            simulation, folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
        ) as producers,
    ):
        said, complaints = producers.communicate()
        if member.poll() is not None:
            raise DemoFailed("the consumer ended unexpectedly; its last output is above")
    if producers.returncode:
        raise DemoFailed(f"a producer failed:\n{complaints}")
    return [json.loads(line) for line in said.splitlines()]


@contextmanager
def _running(command: Sequence[str], folder: Path, **options: Any) -> Iterator[subprocess.Popen[str]]:
    """A command in the foreground of the terminal, stopped cleanly at the end."""
    process = subprocess.Popen(command, cwd=folder, text=True, **options)
    try:
        yield process
    finally:
        process.terminate()
        process.wait()


def _difference(after: Mapping[str, Any], before: Mapping[str, Any]) -> dict[str, dict[str, int]]:
    return {
        part: {name: n - before[part].get(name, 0) for name, n in after[part].items()}
        for part in ("by_topic", "by_type")
    }


def _compare(console: Console, produced: Sequence[Mapping[str, Any]], counted: Mapping[str, Mapping[str, int]]) -> bool:
    """Print produced and counted per topic and event type. Returns whether all are equal."""
    topics: dict[str, int] = {summary["topic"]: summary["acknowledged"] for summary in produced}
    types: dict[str, int] = {}
    for summary in produced:
        types |= summary["by_type"]
    equal = True
    for title, part, sent in (("topic", "by_topic", topics), ("event type", "by_type", types)):
        table = Table(title, "produced", "counted", "", box=None, pad_edge=False)
        for column in table.columns[1:3]:
            column.justify = "right"
        for name in sorted(sent.keys() | counted[part].keys(), key=lambda name: (-sent.get(name, 0), name)):
            one, other = sent.get(name, 0), counted[part].get(name, 0)
            equal = equal and one == other
            table.add_row(
                Text(printable(name)), f"{one:,}", f"{other:,}", "equal" if one == other else "[bold red]DIFFERENT"
            )
        console.print(table, "")
    return equal


if __name__ == "__main__":
    sys.exit(main())

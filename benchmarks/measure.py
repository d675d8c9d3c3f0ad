"""Run processes and measure their resources."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import attrs

from tests.support.paths import ROOT

PATIENCE_S = 900.0
_TICK_S = 0.01
_LINES_SHOWN = 20
_RSS_UNIT = 1 if sys.platform == "darwin" else 1024
"""Bytes per unit of `ru_maxrss`."""


class BenchmarkError(Exception):
    """A benchmark cannot run, or its result is wrong; the message says why."""


@attrs.frozen
class Usage:
    """The resources that a process and its children used."""

    cpu_s: float
    """User and system time."""
    peak_bytes: int
    """The largest resident set of any of them, in bytes."""


@attrs.frozen(eq=False)
class Child:
    """A running process."""

    name: str
    process: subprocess.Popen[bytes]
    launched: float
    """The start, in seconds of `time.monotonic`, which all processes of a machine share."""
    log: Path

    def output(self) -> str:
        """Its output so far."""
        return self.log.read_text(encoding="utf-8", errors="replace")


def launch(
    module: str,
    *options: object,
    log: Path,
    environment: Mapping[str, str] | None = None,
    python: str | Path = sys.executable,
) -> Child:
    """Start `python -m module` with its output in a file."""
    with log.open("wb") as out:
        launched = time.monotonic()
        process = subprocess.Popen(
            [str(python), "-m", module, *map(str, options)],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            env=None if environment is None else dict(environment),
            cwd=ROOT,
        )
    return Child(module, process, launched, log)


def wait(children: Sequence[Child], look: Callable[[], object] = lambda: None, every_s: float = _TICK_S) -> list[Usage]:
    """Wait for all of them, calling `look` at intervals.

    Raises BenchmarkError if one fails or takes longer than `PATIENCE_S`; then all are ended.
    """
    usages: dict[int, Usage] = {}
    deadline = time.monotonic() + PATIENCE_S
    try:
        while len(usages) < len(children):
            for child in children:
                if child.process.returncode is None and (usage := _ended(child)):
                    usages[child.process.pid] = usage
            look()
            if time.monotonic() > deadline:
                raise BenchmarkError(f"{children[0].name} did not end within {PATIENCE_S:.0f} s")
            time.sleep(every_s)
    finally:
        for child in children:
            if child.process.returncode is None:
                child.process.kill()
                child.process.wait()
    return [usages[child.process.pid] for child in children]


def run(module: str, *options: object, log: Path, environment: Mapping[str, str] | None = None) -> Usage:
    """Run `python -m module` to its end. Raises BenchmarkError if it fails."""
    return wait([launch(module, *options, log=log, environment=environment)])[0]


def _ended(child: Child) -> Usage | None:
    pid, status, resources = os.wait4(child.process.pid, os.WNOHANG)
    if not pid:
        return None
    child.process.returncode = os.waitstatus_to_exitcode(status)
    if child.process.returncode:
        lines = child.output().splitlines()[-_LINES_SHOWN:]
        raise BenchmarkError(
            "\n".join([f"{child.name} failed ({child.process.returncode}):", *(f"  | {line}" for line in lines)])
        )
    return Usage(resources.ru_utime + resources.ru_stime, resources.ru_maxrss * _RSS_UNIT)

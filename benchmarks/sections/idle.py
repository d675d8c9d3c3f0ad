"""The CPU of a member under little load: 50 events a second from the project's producers."""

from __future__ import annotations

import time

import psutil

from benchmarks import measure
from benchmarks.bed import Bed
from benchmarks.member import await_first, working
from benchmarks.report import Goal, Section, Table, Wanted

RATE = 50
SECONDS = 20
_SETTLE_S = 3


def section(bed: Bed, _: Wanted) -> Section:
    """Measure it for 20 seconds, after a warm-up of a few."""
    settings = bed.topics()
    with working(bed, settings) as member:
        producer = measure.launch(
            "producers",
            *("--rate", RATE, "--seconds", SECONDS + 2 * _SETTLE_S),
            log=bed.path("producers").with_suffix(".log"),
            environment=bed.environment(settings),
        )
        await_first(member)
        time.sleep(_SETTLE_S)
        process = psutil.Process(member.child.process.pid)
        before, began = process.cpu_times(), time.monotonic()
        time.sleep(SECONDS)
        after, seconds = process.cpu_times(), time.monotonic() - began
        member.watch.look()
        measure.wait([producer])
    cpu_s = after.user + after.system - before.user - before.system
    percent = 100 * cpu_s / seconds
    counted = sum(member.watch.moves[-1][1].values())
    table = Table(f"Idle: {RATE} events/s over {seconds:.0f} s", ("", "of a core", "events counted"))
    table.add("a member", f"{percent:.1f} %", f"{counted:,}")
    goals = [Goal("of a core", "under", 5, percent, "%")]
    return Section("idle", [table], goals, {"rate": RATE, "seconds": seconds, "cpu_s": cpu_s})

"""A member of the group that works while something is measured."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

import attrs

from benchmarks import measure
from benchmarks.bed import Bed
from benchmarks.measure import BenchmarkError, Child
from benchmarks.watch import Watch
from tributary.settings import Settings

_STARTED_WITHIN_S = 30.0


@attrs.frozen(eq=False)
class Working:
    """The running member, and its store seen from outside."""

    settings: Settings
    child: Child
    watch: Watch


@contextmanager
def working(bed: Bed, settings: Settings) -> Iterator[Working]:
    """Run a member on these topics while the block runs, and let it stop in order."""
    own = bed.member(settings)
    log = own.store_path.parent / "member.log"
    child = measure.launch("consumers.analytics", "run", "--no-dashboard", log=log, environment=bed.environment(own))
    watch = Watch(own.store_path)
    try:
        yield Working(own, child, watch)
    finally:
        watch.close()
        child.process.terminate()
        measure.wait([child])


def await_first(member: Working) -> None:
    """Wait until it has written something. Raises BenchmarkError if it does not."""
    deadline = time.monotonic() + _STARTED_WITHIN_S
    while not member.watch.moves:
        if time.monotonic() > deadline:
            raise BenchmarkError(f"the member wrote nothing:\n{member.child.output()}")
        member.watch.look()
        time.sleep(0.01)

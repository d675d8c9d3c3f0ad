"""Members of the group: one that works while something is measured, and some that run until they have caught up."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import attrs

from benchmarks import measure
from benchmarks.bed import Bed
from benchmarks.measure import BenchmarkError, Child, Usage
from benchmarks.watch import Watch
from tests.support.kafka import running
from tributary.settings import Settings

_STARTED_WITHIN_S = 30.0
_STAGES = re.compile(r"^time by stage *(.*)$", re.MULTILINE)


@attrs.frozen(eq=False)
class Working:
    """The running member, and its store observed from outside."""

    settings: Settings
    child: Child
    watch: Watch


@contextmanager
def working(bed: Bed, settings: Settings) -> Iterator[Working]:
    """Run a member on these topics during the block, then stop it with SIGTERM."""
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
    """Wait until it has written a batch. Raises BenchmarkError if it does not."""
    deadline = time.monotonic() + _STARTED_WITHIN_S
    while not member.watch.moves:
        if time.monotonic() > deadline:
            raise BenchmarkError(f"the member wrote nothing:\n{member.child.output()}")
        member.watch.look()
        time.sleep(0.01)


@attrs.frozen(eq=False)
class CaughtUp:
    """The observations of members that ran until they had caught up; times are those of `time.monotonic`."""

    launched: float
    first: float
    """When the first message arrived."""
    watch: Watch
    usages: Sequence[Usage]
    figures: Mapping[str, Any]
    stages: str
    """Where the time went, in the words of the members' summaries."""


def catch_up(
    bed: Bed,
    topics: Settings,
    members: int = 1,
    sample: Callable[[Settings, Watch, Child], object] = lambda *_: None,
) -> CaughtUp:
    """Run a number of members on these topics until they have caught up; `sample` is called for the first at intervals.

    Raises BenchmarkError when one fails.
    """
    own = bed.member(topics)
    watch = Watch(own.store_path)
    notes = [own.store_path.parent / f"first-{number}" for number in range(members)]
    children = [_launch(bed, own, note) for note in notes]

    def look() -> None:
        watch.look()
        sample(own, watch, children[0])

    usages = measure.wait(children, look)
    watch.look()
    watch.close()
    firsts = [float(note.read_text(encoding="ascii")) for note in notes if note.exists()]
    launched = children[0].launched
    stages = "; ".join(stage for child in children for stage in _STAGES.findall(child.output()))
    return CaughtUp(launched, min(firsts, default=launched), watch, usages, running.report(own), stages)


def _launch(bed: Bed, settings: Settings, note: Path) -> Child:
    options = (note, "--until-caught-up", "--no-dashboard")
    log = note.with_suffix(".log")
    return measure.launch("benchmarks.ours", *options, log=log, environment=bed.environment(settings))

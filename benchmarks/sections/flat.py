"""Whether rate and memory stay flat: one member reads ten times the load; the last part is compared with the first."""

from __future__ import annotations

import time
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

import attrs
import psutil

from benchmarks import member
from benchmarks.bed import Bed
from benchmarks.measure import BenchmarkError, Child
from benchmarks.report import Goal, Section, Table, Wanted
from benchmarks.watch import Watch
from tributary.settings import Settings

PARTS = 10
_SAMPLE_S = 0.05


@attrs.frozen
class Sample:
    """A sample: the progress, memory and store size at one moment."""

    at: float
    counted: int
    rss_bytes: int
    store_bytes: int


def section(bed: Bed, wanted: Wanted) -> Section:
    """Load and read ten times the number of events. Raises BenchmarkError if one is missing from the result."""
    load = bed.load(wanted.events, PARTS)
    samples: list[Sample] = []

    def sample(settings: Settings, watch: Watch, child: Child) -> None:
        if watch.moves and (not samples or time.monotonic() - samples[-1].at > _SAMPLE_S):
            counted = sum(watch.moves[-1][1].values())
            with suppress(psutil.Error):
                rss = psutil.Process(child.process.pid).memory_info().rss
                samples.append(Sample(time.monotonic(), counted, rss, _size(settings.store_path)))

    done = member.catch_up(bed, load.settings, sample=sample)
    if done.figures["events"] != load.events:
        raise BenchmarkError(f"{done.figures['events']:,} events were counted, expected {load.events:,}")
    return _section(wanted.events, done.first, done.watch, samples, done.usages[0].peak_bytes)


def _section(events: int, began: float, watch: Watch, samples: list[Sample], peak_bytes: int) -> Section:
    ends = [_reached(watch, events * part, began) for part in range(PARTS + 1)]
    rates = [events / (after - before) for before, after in pairwise(ends)]
    memory = [_most_memory(samples, start, end) for start, end in pairwise(ends)]
    store = [_nearest(samples, end).store_bytes for end in ends[1:]]
    table = Table(f"Flat: {PARTS} times {events:,} events", ("events", "events/s", "peak memory MB", "store MB"))
    for part, (rate, most, size) in enumerate(zip(rates, memory, store, strict=True), start=1):
        table.add(f"{part * events:,}", f"{rate:,.0f}", f"{most / 1e6:,.0f}", f"{size / 1e6:,.0f}")
    goals = [
        Goal("rate of the last part relative to the first", "at least", 75, 100 * rates[-1] / rates[0], "%"),
        Goal("peak memory of the last part relative to the first", "at most", 1.25, memory[-1] / memory[0], "×"),
        Goal("peak memory", "under", 500, peak_bytes / 1e6, "MB"),
    ]
    return Section("flat", [table], goals, {"rates": rates, "samples": [attrs.asdict(sample) for sample in samples]})


def _most_memory(samples: list[Sample], start: float, end: float) -> int:
    """The peak bytes between two times; single samples differ because a write may have just begun or just ended."""
    return max(sample.rss_bytes for sample in samples if start <= sample.at <= end)


def _nearest(samples: list[Sample], at: float) -> Sample:
    return min(samples, key=lambda sample: abs(sample.at - at))


def _reached(watch: Watch, events: int, began: float) -> float:
    """When that number of events was counted, interpolated between two samples."""
    before, had = began, 0
    for at, offsets in watch.moves:
        counted = sum(offsets.values())
        if counted >= events:
            return before + (at - before) * (events - had) / max(counted - had, 1)
        before, had = at, counted
    raise BenchmarkError(f"no more than {had:,} events were seen in the store, expected {events:,}")


def _size(store: Path) -> int:
    """The bytes of the store, including its write-ahead log."""
    return sum(path.stat().st_size for path in store.parent.glob(f"{store.name}*") if not path.name.endswith("-shm"))

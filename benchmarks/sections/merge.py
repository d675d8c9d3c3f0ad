"""The merge compared with its peers: each reads the same topics to their end and must produce the same figures."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import attrs

from benchmarks import check, measure, member
from benchmarks.bed import Bed, Load
from benchmarks.measure import BenchmarkError, Usage
from benchmarks.peers import counting
from benchmarks.peers.job import Job
from benchmarks.report import Goal, Section, Table, Wanted
from tests.support.paths import ROOT

PEERS_PYTHON = ROOT / ".venv-benchmarks" / "bin" / "python"
"""The interpreter for peers whose packages conflict with ours."""


@attrs.frozen
class Outcome:
    """The observations of a run; times are those of `time.monotonic`."""

    launched: float
    first: float
    """When its first message arrived."""
    last: float
    """When its last result was durable, or in memory if nothing is durable."""
    usages: Sequence[Usage]
    figures: Mapping[str, Any] | None
    """Its figures; None if it counts nothing."""
    stages: str = ""
    """The time by stage, from a member's summary."""


@attrs.frozen
class Contestant:
    """A program that reads the topics to their end."""

    name: str
    title: str
    run: Callable[[Bed, Load], Outcome]
    slow: bool = False
    """Whether it gets the smaller load."""
    python: Path = Path(sys.executable)
    """The interpreter that it needs."""


@attrs.frozen
class Run:
    """One run of one contestant."""

    name: str
    events: int
    steady_s: float
    """From its first message until its last result was durable."""
    total_s: float
    """From the start of its process until its last result was durable."""
    cpu_s: float
    peak_bytes: int
    """Of all its processes."""
    load: float
    """The machine's load average over the minute before."""
    stages: str


def _ours(members: int) -> Callable[[Bed, Load], Outcome]:
    def run(bed: Bed, load: Load) -> Outcome:
        done = member.catch_up(bed, load.settings, members)
        return Outcome(done.launched, done.first, done.watch.moves[-1][0], done.usages, done.figures, done.stages)

    return run


def _peer(module: str, python: Path = Path(sys.executable), counts: bool = True) -> Callable[[Bed, Load], Outcome]:
    def run(bed: Bed, load: Load) -> Outcome:
        folder = bed.path(module)
        folder.mkdir()
        store, result = folder / "store", folder / "result.json"
        job = Job(
            bootstrap_servers=load.settings.bootstrap_servers,
            registry_url=load.settings.registry_url,
            topics=bed.events(load.settings),
            group=folder.name,
            events=load.events,
            store=str(store),
            result=str(result),
        )
        job.write(folder / "job.json")
        child = measure.launch(
            f"benchmarks.peers.{module}", folder / "job.json", log=folder / "output.log", python=python
        )
        usages = measure.wait([child])
        done = json.loads(result.read_text(encoding="utf-8"))
        figures = done["figures"]
        if counts and figures is None:
            kept = counting.Store(str(store))
            figures = kept.figures()
            kept.close()
        return Outcome(child.launched, done["first"], done["last"], usages, figures)

    return run


CONTESTANTS = (
    Contestant("ours", "ours, one member", _ours(1)),
    Contestant("ours-2", "ours, two members", _ours(2)),
    Contestant("plain", "a good plain loop", _peer("plain")),
    Contestant("documented", "the documented loop", _peer("documented")),
    Contestant("faststream", "FastStream", _peer("faststream_app", python=PEERS_PYTHON), python=PEERS_PYTHON),
    Contestant("quix", "Quix Streams", _peer("quix_app", python=PEERS_PYTHON), slow=True, python=PEERS_PYTHON),
    Contestant("consume", "Consumer.consume alone", _peer("consume", counts=False)),
    Contestant("consume-defaults", "the same, default settings", _peer("consume_defaults", counts=False)),
)


def section(bed: Bed, wanted: Wanted) -> Section:
    """Run them alternately and compare each result with an independent pass. Raises BenchmarkError if one differs."""
    events, rounds = wanted.events, wanted.rounds
    chosen = [each for each in CONTESTANTS if each.name in wanted.names]
    for each in chosen:
        if not each.python.exists():
            raise BenchmarkError(f"{each.title}: its packages are not installed; run: make bench")
    loads = {
        slow: bed.load(max(events // 20, min(events, 20_000)) if slow else events)
        for slow in {each.slow for each in chosen}
    }
    runs: list[Run] = []
    for number in range(rounds):
        # In a changing order, so that what one leaves behind in the machine does not always affect the same one.
        for each in chosen[number % len(chosen) :] + chosen[: number % len(chosen)]:
            run = _measured(each, bed, loads[each.slow])
            runs.append(run)
            print(
                f"  round {number + 1} of {rounds}: {each.title}: {run.events / run.steady_s:,.0f} events/s"
                + (f" ({run.stages})" if run.stages else ""),
                file=sys.stderr,
                flush=True,
            )
    return _section(chosen, runs)


def _measured(contestant: Contestant, bed: Bed, load: Load) -> Run:
    before = os.getloadavg()[0]
    outcome = contestant.run(bed, load)
    if outcome.figures is not None:
        check.compare(contestant.title, outcome.figures, load.expected)
    return Run(
        contestant.name,
        load.events,
        outcome.last - outcome.first,
        outcome.last - outcome.launched,
        sum(usage.cpu_s for usage in outcome.usages),
        sum(usage.peak_bytes for usage in outcome.usages),
        before,
        outcome.stages,
    )


def _section(chosen: Sequence[Contestant], runs: Sequence[Run]) -> Section:
    by_name = {each.name: [run for run in runs if run.name == each.name] for each in chosen}
    rates = {name: median(run.events / run.steady_s for run in some) for name, some in by_name.items()}

    def times(name: str, other: str) -> str:
        return f"{rates[name] / rates[other]:.1f} ×" if other in rates else "–"

    table = Table(
        f"Merge: {max(run.events for run in runs):,} events in three topics, medians of {len(runs) // len(chosen)}",
        (
            *("", "events/s", "with start", "CPU s/million", "peak MB"),
            *("to plain", "to documented", "of consume", "load before"),
        ),
    )
    for each in chosen:
        some = by_name[each.name]
        small = f" ({some[0].events:,} events)" if each.slow else ""
        table.add(
            each.title + small,
            f"{rates[each.name]:,.0f}",
            f"{median(run.events / run.total_s for run in some):,.0f}",
            f"{median(run.cpu_s / run.events * 1e6 for run in some):.1f}",
            f"{median(run.peak_bytes for run in some) / 1e6:,.0f}",
            times(each.name, "plain"),
            times(each.name, "documented"),
            f"{rates[each.name] / rates['consume']:.0%}" if "consume" in rates else "–",
            f"{median(run.load for run in some):.1f}",
        )
    return Section("merge", [table], _goals(rates, by_name), [attrs.asdict(run) for run in runs])


def _goals(rates: Mapping[str, float], by_name: Mapping[str, Sequence[Run]]) -> list[Goal]:
    goals = []
    if "ours" in rates:
        for other, times in (("plain", 3.0), ("documented", 7.5)):
            if other in rates:
                goals.append(Goal(f"times {other} loop", "at least", times, rates["ours"] / rates[other], "×"))
        for name, title in (("consume", "of consume alone"), ("consume-defaults", "of consume with default settings")):
            if name in rates:
                goals.append(Goal(title, "at least", 45, 100 * rates["ours"] / rates[name], "%"))
        peak = median(run.peak_bytes for run in by_name["ours"]) / 1e6
        goals.append(Goal("peak memory", "under", 500, peak, "MB"))
        if "ours-2" in rates:
            goals.append(Goal("two members relative to one", "at least", 1.0, rates["ours-2"] / rates["ours"], "×"))
    return goals

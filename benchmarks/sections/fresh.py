"""The latency from `produce` until an event is visible in the store, while a member runs.

A producer with the publisher's settings sends at a steady rate, and records for each message the time of `produce` and
its offset. Another process reads the store's offsets every few milliseconds, as a dashboard would. An event is visible
at the first reading with an offset above its own.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Sequence
from functools import partial
from itertools import islice
from pathlib import Path
from statistics import quantiles
from typing import TYPE_CHECKING, Any

from benchmarks import measure
from benchmarks.report import Goal, Section, Table, Wanted

if TYPE_CHECKING:
    from benchmarks.bed import Bed
    from benchmarks.watch import Watch

RATE = 5_000
SECONDS = 15
_WARM_UP_S = 3.0
"""Events of these first seconds are ignored: the member is still joining."""
_LOOK_EVERY_S = 0.003
_LAST_WITHIN_S = 3.0
_TICK_S = 0.005

Produced = tuple[str, int, int, float]
"""Topic, partition, offset, and when it was produced (`time.monotonic`)."""


def section(bed: Bed, _: Wanted) -> Section:
    """Measure it for some seconds. Raises BenchmarkError if an event never became visible."""
    from benchmarks.member import working

    settings = bed.topics()
    note = bed.path("produced")
    with working(bed, settings) as member:
        producer = measure.launch(
            "benchmarks.sections.fresh",
            *("--rate", RATE, "--seconds", SECONDS, note),
            log=note.with_suffix(".log"),
            environment=bed.environment(settings),
        )
        measure.wait([producer], member.watch.look, every_s=_LOOK_EVERY_S)
        until = time.monotonic() + _LAST_WITHIN_S
        while time.monotonic() < until:
            member.watch.look()
            time.sleep(_LOOK_EVERY_S)
    produced: list[Produced] = json.loads(note.read_text(encoding="utf-8"))
    latencies = sorted(_latencies(member.watch, produced))
    cuts = quantiles(latencies, n=1000)
    p50, p99, worst = 1000 * cuts[499], 1000 * cuts[989], 1000 * latencies[-1]
    table = Table(
        f"Fresh: {RATE:,} events/s, from produce to visible in the store", ("", "p50 ms", "p90 ms", "p99 ms", "max ms")
    )
    table.add(f"{len(latencies):,} events", f"{p50:.0f}", f"{1000 * cuts[899]:.0f}", f"{p99:.0f}", f"{worst:.0f}")
    goals = [Goal("p50", "under", 250, p50, "ms"), Goal("p99", "under", 1000, p99, "ms")]
    raw = {"rate": RATE, "events": len(latencies), "per_mille_ms": [1000 * cut for cut in cuts], "max_ms": worst}
    return Section("fresh", [table], goals, raw)


def _latencies(watch: Watch, produced: Sequence[Produced]) -> list[float]:
    """The latency in seconds of each message after the warm-up."""
    steps: defaultdict[tuple[str, int], tuple[list[int], list[float]]] = defaultdict(lambda: ([], []))
    for at, offsets in watch.moves:
        for partition, after in offsets.items():
            nexts, times = steps[partition]
            if not nexts or after > nexts[-1]:
                nexts.append(after)
                times.append(at)
    begin = min(at for *_, at in produced) + _WARM_UP_S
    latencies = []
    for topic, number, offset, at in produced:
        if at >= begin:
            nexts, times = steps[topic, number]
            step = bisect_right(nexts, offset)
            if step == len(nexts):
                raise measure.BenchmarkError(f"{topic}[{number}] at {offset} was never counted")
            latencies.append(times[step] - at)
    return latencies


def main(arguments: Sequence[str] | None = None) -> int:
    """Produce at a steady rate, and write each message's offset and time to a file."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.sections.fresh",
        description="Publish events at a steady rate, and record the offset of each.",
    )
    parser.add_argument("--rate", type=int, default=RATE, metavar="N", help="events a second (default: %(default)s)")
    parser.add_argument("--seconds", type=int, default=SECONDS, metavar="N", help="the duration (default: %(default)s)")
    parser.add_argument("note", type=Path, help="the file to write")
    options = parser.parse_args(arguments)
    options.note.write_text(json.dumps(_produce(options.rate, options.seconds)), encoding="utf-8")
    return 0


def _produce(rate: int, seconds: int) -> list[Produced]:
    from confluent_kafka import KafkaError, Message, Producer

    from benchmarks.load import events
    from benchmarks.sections.produce import SETTINGS
    from tributary import catalog
    from tributary.avro import wire
    from tributary.avro.rows import encoder as encoding
    from tributary.registry.client import RegistryClient
    from tributary.settings import load

    settings = load()
    registry = RegistryClient.from_settings(settings)
    routes = {}
    for topic in catalog.load(settings).topics:
        frame = wire.prefix(registry.lookup(topic.subject, topic.text).id)
        routes[topic.event] = topic.name, frame, encoding.encoder(topic.schema)
    source = events(rate * seconds, seed=1)
    produced: list[Produced] = []

    def note(at: float, error: KafkaError | None, message: Message) -> None:
        if error is not None:
            raise RuntimeError(error)
        place: Any = message.topic(), message.partition(), message.offset(), at
        produced.append(place)

    producer = Producer({**settings.kafka_client(), **SETTINGS})
    began = time.monotonic()
    sent = 0
    while sent < rate * seconds:
        due = min(int((time.monotonic() - began) * rate), rate * seconds)
        for event in islice(source, due - sent):
            name, frame, encode = routes[type(event).__name__]
            value = frame + encode(event)
            producer.produce(name, value, event.user_id, on_delivery=partial(note, time.monotonic()))
        sent = due
        producer.poll(_TICK_S)
    producer.flush()
    return produced


if __name__ == "__main__":
    sys.exit(main())

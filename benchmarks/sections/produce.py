"""Publishing typed events: the publisher compared with the stock AvroSerializer and Producer, and `replay`.

One process, one topic, the same settings: acks=all, idempotent, lz4, 20 ms of linger. The publisher gets instances of
the event class; the stock serializer gets dictionaries, its fastest form, and is called as in Confluent's
`examples/avro_producer.py`, with a delivery report for each message.
"""

from __future__ import annotations

import argparse
import csv
import json
import re
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from benchmarks import measure
from benchmarks.measure import BenchmarkError
from benchmarks.report import Goal, Section, Table, Wanted

if TYPE_CHECKING:
    from benchmarks.bed import Bed
    from schemas.events import Event

_TITLES = {"ours": "our publisher", "stock": "AvroSerializer and Producer", "replay": "replay of a clickstream file"}
SETTINGS = {
    "acks": "all",
    "enable.idempotence": True,
    "compression.type": "lz4",
    "linger.ms": 20,
    "partitioner": "murmur2_random",
}
_HEADING = ("event_time", "event_type", "product_id", "price", "user_id", "user_session")


def section(bed: Bed, wanted: Wanted) -> Section:
    """Run the three alternately, each into topics of its own, with a third of the events."""
    events, rounds = max(wanted.events // 3, 1), wanted.rounds
    clickstream = bed.path("clickstream").with_suffix(".csv")
    _write_clickstream(clickstream, events)
    runs: list[dict[str, Any]] = []
    for _ in range(rounds):
        for name in ("ours", "stock"):
            settings, result = bed.topics(), bed.path(name)
            usage = measure.run(
                "benchmarks.sections.produce",
                *(name, "--events", events, "--json", result),
                log=result.with_suffix(".log"),
                environment=bed.environment(settings),
            )
            seconds = json.loads(result.read_text(encoding="utf-8"))["seconds"]
            runs.append({"name": name, "events": events, "seconds": seconds, "cpu_s": usage.cpu_s})
        runs.append(_replay(bed, clickstream))
    rates = {name: median(run["events"] / run["seconds"] for run in runs if run["name"] == name) for name in _TITLES}
    table = Table(f"Produce: {events:,} views in one process, medians of {rounds}", ("", "events/s", "CPU s/million"))
    for name, title in _TITLES.items():
        cpu = median(run["cpu_s"] / run["events"] * 1e6 for run in runs if run["name"] == name)
        table.add(title, f"{rates[name]:,.0f}", f"{cpu:.1f}")
    goals = [
        Goal("our publisher relative to the stock classes", "at least", 2.5, rates["ours"] / rates["stock"], "×"),
        Goal("replay relative to our publisher", "at least", 0.5, rates["replay"] / rates["ours"], "×"),
    ]
    return Section("produce", [table], goals, runs)


def _replay(bed: Bed, clickstream: Path) -> dict[str, Any]:
    """Replay a file. Events and rate are those that the command reports: from the first row to the last answer."""
    log = bed.path("replay").with_suffix(".log")
    child = measure.launch("producers.replay", clickstream, log=log, environment=bed.environment(bed.topics()))
    (usage,) = measure.wait([child])
    acknowledged = sum(int(count.replace(",", "")) for count in re.findall(r"([\d,]+) acknowledged", child.output()))
    said = re.search(r": ([\d,]+) rows, .*, ([\d,]+) rows a second", child.output())
    if said is None or not acknowledged:
        raise BenchmarkError(f"replay printed no summary:\n{child.output()}")
    rows, rate = (int(number.replace(",", "")) for number in said.groups())
    return {"name": "replay", "events": acknowledged, "seconds": rows / rate, "cpu_s": usage.cpu_s}


def _write_clickstream(path: Path, rows: int) -> None:
    """The benchmark's events as a shop's export: ordered by time, with a row per product of a purchase."""
    from benchmarks.load import events

    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(_HEADING)
        in_order = sorted(events(rows, seed=1), key=lambda event: event.occurred_at)
        writer.writerows(islice((row for event in in_order for row in _rows(event)), rows))


def _rows(event: Event) -> Iterator[tuple[str, ...]]:
    from schemas.events import CartAction, CartUpdated, ProductViewed, PurchaseCompleted

    match event:
        case ProductViewed():
            kind = "view"
        case CartUpdated():
            kind = "cart" if event.action is CartAction.ADD else "remove_from_cart"
        case PurchaseCompleted():
            kind = "purchase"
    at = f"{datetime.fromtimestamp(event.occurred_at // 1000, UTC):%Y-%m-%d %H:%M:%S} UTC"
    lines = event.items if isinstance(event, PurchaseCompleted) else (event,)
    for line in lines:
        price = f"{line.price_minor // 100}.{line.price_minor % 100:02}"
        yield at, kind, line.product_id, price, event.user_id, event.session_id


def _views(count: int) -> list[Any]:
    """A number of different views, created before the measurement."""
    from benchmarks.load import events
    from schemas.events import ProductViewed

    views = (event for event in events(2 * count + 100, seed=1) if isinstance(event, ProductViewed))
    return list(islice(views, count))


def _ours(count: int) -> float:
    from tributary.kafka.publisher import connect

    views = _views(count)
    (publisher,) = connect("product-events")
    began = time.perf_counter()
    publisher.send_all(views)
    publisher.flush()
    seconds = time.perf_counter() - began
    assert publisher.summary().acknowledged == count, publisher.summary()
    return seconds


def _stock(count: int) -> float:
    from attrs import asdict
    from confluent_kafka import KafkaError, Message, Producer
    from confluent_kafka.schema_registry import SchemaRegistryClient, topic_subject_name_strategy
    from confluent_kafka.schema_registry.avro import AvroSerializer
    from confluent_kafka.serialization import MessageField, SerializationContext, StringSerializer

    from tributary import catalog
    from tributary.settings import load

    settings = load()
    topic = catalog.load(settings).topic("product-events")
    views = [asdict(view) for view in _views(count)]
    producer = Producer({**settings.kafka_client(), **SETTINGS})
    producer.list_topics(topic.name, timeout=10)
    serialize_key = StringSerializer("utf_8")
    serialize = AvroSerializer(
        SchemaRegistryClient({"url": settings.registry_url}),
        topic.text,
        conf={"auto.register.schemas": False, "subject.name.strategy": topic_subject_name_strategy},
    )
    acknowledged = 0

    def report(error: KafkaError | None, _: Message) -> None:
        nonlocal acknowledged
        if error is not None:
            raise RuntimeError(error)
        acknowledged += 1

    context = SerializationContext(topic.name, MessageField.VALUE)
    serialize(views[0], context)
    began = time.perf_counter()
    for view in views:
        producer.poll(0)
        key, value = serialize_key(view["user_id"]), serialize(view, context)
        while True:
            try:
                producer.produce(topic.name, key=key, value=value, on_delivery=report)
                break
            except BufferError:
                producer.poll(0.1)
    producer.flush()
    seconds = time.perf_counter() - began
    assert acknowledged == count, acknowledged
    return seconds


def main(arguments: Sequence[str] | None = None) -> int:
    """Publish in one way, and write the seconds from the first event to the last acknowledgement to a file."""
    ways: dict[str, Callable[[int], float]] = {"ours": _ours, "stock": _stock}
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.sections.produce",
        description="Publish views to the topic named in the environment.",
    )
    parser.add_argument("way", choices=ways, help="which way")
    parser.add_argument(
        "--events", type=int, default=200_000, metavar="N", help="number of events (default: %(default)s)"
    )
    parser.add_argument("--json", type=Path, required=True, metavar="FILE", help="the file for the seconds")
    options = parser.parse_args(arguments)
    options.json.write_text(json.dumps({"seconds": ways[options.way](options.events)}), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())

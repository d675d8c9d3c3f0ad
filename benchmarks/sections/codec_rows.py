"""One event at a time: the generated codecs compared with the stock AvroSerializer and AvroDeserializer.

Both write and read the whole message with its prefix, in alternating rounds over the same 200 events: few enough to
stay in the processor's cache, like an event that was just created or fetched. The stock classes use dictionaries, their
fastest form; the generated codecs use instances of the event classes and check them against the contract.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections import deque
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.load import first_of_each

if TYPE_CHECKING:
    from schemas.events import Event

Run = Callable[[], object]

EVENTS = 200
PASSES = 10
"""Passes over the events per round."""
GOALS = {"encode": 4.0, "decode": 6.0}
"""The goals for the ratio."""
_ROUNDS = 15


def main(path: Path) -> int:
    """Measure, and write the results to a file."""
    results = [row for events in first_of_each(EVENTS).values() for row in _measure(events)]
    path.write_text(json.dumps(results), encoding="utf-8")
    return 0


def _measure(events: list[Event]) -> list[dict[str, Any]]:
    from attrs import asdict
    from confluent_kafka.schema_registry import Schema, SchemaRegistryClient, topic_subject_name_strategy
    from confluent_kafka.schema_registry.avro import AvroDeserializer, AvroSerializer
    from confluent_kafka.serialization import MessageField, SerializationContext

    from tributary.avro.rows.decoder import decoder
    from tributary.avro.rows.encoder import encoder
    from tributary.avro.wire import prefix, split
    from tributary.registry.testing import serve

    cls = type(events[0])
    with serve() as registry:
        client = SchemaRegistryClient({"url": registry.url})
        schema_id = client.register_schema("events-value", Schema(cls.SCHEMA, "AVRO"))
        strategy = {"subject.name.strategy": topic_subject_name_strategy}
        serialize = AvroSerializer(client, cls.SCHEMA, conf={"auto.register.schemas": False, **strategy})
        deserialize = AvroDeserializer(client, conf=strategy)
        context = SerializationContext("events", MessageField.VALUE)
        schema = json.loads(cls.SCHEMA)
        encode, decode, start = encoder(schema), decoder(schema, schema, cls), prefix(schema_id)

        rows = [asdict(event) for event in events]
        values = [start + encode(event) for event in events]
        assert values == [serialize(row, context) for row in rows], "both must write the same bytes"
        assert events == [decode(split(value)[1]) for value in values], "ours must read what was written"

        runs: dict[str, tuple[Run, Run]] = {
            "encode": (
                lambda: _drop(serialize(row, context) for row in rows),
                lambda: _drop(start + encode(event) for event in events),
            ),
            "decode": (
                lambda: _drop(deserialize(value, context) for value in values),
                lambda: _drop(decode(split(value)[1]) for value in values),
            ),
        }
        results = []
        for what, (stock, ours) in runs.items():
            stock_us, ours_us = _medians(stock, ours)
            timed = {"stock_us": stock_us, "ours_us": ours_us, "ratio": stock_us / ours_us}
            results.append({"event": cls.__name__, "what": what, **timed, "goal": GOALS[what]})
        return results


def _medians(stock: Run, ours: Run) -> tuple[float, float]:
    """Microseconds of CPU per event for both."""
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(_ROUNDS):
        for run, taken in zip((stock, ours), times, strict=True):
            start = time.process_time()
            for _ in range(PASSES):
                run()
            taken.append((time.process_time() - start) / (EVENTS * PASSES) * 1e6)
    return statistics.median(times[0]), statistics.median(times[1])


def _drop(results: Iterable[object]) -> None:
    """Consume one at a time and keep none, so that the garbage collector has no more work than in a consumer."""
    deque(results, maxlen=0)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))

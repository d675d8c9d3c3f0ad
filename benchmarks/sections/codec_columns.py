"""Rows to columns: `ColumnReader` compared with the stock AvroDeserializer, by the size of the batch.

Both get whole messages. `ColumnReader` returns columns and checks every row; the stock class returns a dictionary per
message, one at a time. `ColumnReader` reads the fields that the merge needs and skips the others; a second measurement
reads all fields. Rounds alternate.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.load import first_of_each

if TYPE_CHECKING:
    from schemas.events import Event
    from tributary.avro.columns.reader import ColumnReader

BATCHES = (200, 2_000, 20_000)
GOALS = {200: 12.0, 2_000: 30.0, 20_000: 30.0}
"""The goals for the ratio, by rows in a batch, for the fields that the merge reads."""
_ROWS = 20_000
"""Events of each kind per round."""
_ROWS_STOCK = 2_000
_ROUNDS = 5


def main(path: Path) -> int:
    """Measure, and write the results to a file."""
    results = [row for name, events in first_of_each(_ROWS).items() for row in _measure(name, events)]
    path.write_text(json.dumps(results), encoding="utf-8")
    return 0


def _measure(name: str, events: list[Event]) -> list[dict[str, Any]]:
    from confluent_kafka.schema_registry import Schema, SchemaRegistryClient, topic_subject_name_strategy
    from confluent_kafka.schema_registry.avro import AvroDeserializer
    from confluent_kafka.serialization import MessageField, SerializationContext

    from consumers.analytics.figures import FIELDS
    from tributary.avro.columns.reader import ColumnReader
    from tributary.avro.rows.encoder import encoder
    from tributary.avro.wire import prefix
    from tributary.registry.testing import serve

    text = type(events[0]).SCHEMA
    schema = json.loads(text)
    with serve() as registry:
        client = SchemaRegistryClient({"url": registry.url})
        start = prefix(client.register_schema("events-value", Schema(text, "AVRO")))
        deserialize = AvroDeserializer(client, conf={"subject.name.strategy": topic_subject_name_strategy})
        context = SerializationContext("events", MessageField.VALUE)
        encode = encoder(schema)
        values: list[bytes | None] = [start + encode(event) for event in events]

        def stock() -> None:
            for value in values[:_ROWS_STOCK]:
                deserialize(value, context)

        runs: dict[tuple[str, int], Callable[[], None]] = {("stock", 1): stock}
        for which, fields in (("merge", FIELDS[name]), ("all", _all_fields(schema))):
            reader = ColumnReader(schema, fields, lambda _: text)
            for size in BATCHES:
                runs[which, size] = partial(_read, reader, [values[at : at + size] for at in range(0, _ROWS, size)])
        times: dict[tuple[str, int], list[float]] = {key: [] for key in runs}
        for _ in range(_ROUNDS):
            for key, run in runs.items():
                began = time.process_time()
                run()
                rows = _ROWS_STOCK if key[0] == "stock" else _ROWS
                times[key].append((time.process_time() - began) / rows * 1e6)
        medians = {key: statistics.median(taken) for key, taken in times.items()}
        stock_us = medians.pop(("stock", 1))
        return [
            {"event": name, "fields": which, "batch": size, "stock_us": stock_us, "ours_us": us, "ratio": stock_us / us}
            for (which, size), us in medians.items()
        ]


def _read(reader: ColumnReader, batches: list[list[bytes | None]]) -> None:
    for batch in batches:
        reading = reader.read(batch)
        assert sum(part.rows for part in reading.batches) == len(batch), "every row must be read"


def _all_fields(schema: dict[str, Any]) -> list[str]:
    fields: list[str] = []
    for field in schema["fields"]:
        kind = field["type"]
        if isinstance(kind, dict) and kind["type"] == "array":
            fields += [f"{field['name']}.{inner['name']}" for inner in kind["items"]["fields"]]
        else:
            fields.append(field["name"])
    return fields


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))

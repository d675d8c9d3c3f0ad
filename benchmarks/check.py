"""What the loaded topics come to by an independent pass, to hold every result against."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from benchmarks.measure import BenchmarkError

_SHOWN = 5
_ALWAYS = ("events", "by_type", "sessions", "orders", "revenue_minor")


def compare(name: str, figures: Mapping[str, Any], expected: Path) -> None:
    """Raises BenchmarkError, naming what differs, unless the figures are the expected ones.

    A run that keeps some of the figures alone is held to those, but these it must have.
    """
    right = json.loads(expected.read_text(encoding="utf-8"))
    missing = [key for key in _ALWAYS if key not in figures]
    if missing:
        raise BenchmarkError(f"{name} came to no figures for {', '.join(missing)}")
    wrong = [key for key in figures if key in right and figures[key] != right[key]]
    if wrong:
        lines = [f"  {key}: {_short(figures[key])}, expected {_short(right[key])}" for key in wrong[:_SHOWN]]
        raise BenchmarkError("\n".join([f"{name} came to wrong figures:", *lines]))


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) < 200 else text[:200] + "…"


def main(path: Path) -> int:
    """Count the topics that the environment names, and write the figures to a file."""
    import fastavro

    from tests.support.analytics import oracle
    from tributary import catalog
    from tributary.settings import Settings, load

    settings = load()

    def events(settings: Settings) -> Iterator[tuple[str, dict[str, Any]]]:
        for topic in catalog.load(settings).topics:
            schema = fastavro.parse_schema(topic.schema)
            for value in _values(settings, topic.name):
                event = oracle.decode(schema, value)
                assert event is not None, f"{topic.name} has a message that does not decode"
                yield topic.name, event

    path.write_text(json.dumps(oracle.figures(events(settings))), encoding="utf-8")
    return 0


def _values(settings: Any, topic: str) -> Iterator[bytes]:
    from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, TopicPartition

    consumer = Consumer(
        {
            **settings.kafka_client(),
            "group.id": "oracle",
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "fetch.queue.backoff.ms": 20,
        }
    )
    partitions = consumer.list_topics(topic, timeout=10).topics[topic].partitions
    consumer.assign([TopicPartition(topic, number, OFFSET_BEGINNING) for number in partitions])
    ends = 0
    while ends < len(partitions):
        for message in consumer.consume(1_000, 1.0):
            error = message.error()
            if error is None:
                yield message.value() or b""
            else:
                assert error.code() == KafkaError._PARTITION_EOF, error
                ends += 1
    consumer.close()


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))

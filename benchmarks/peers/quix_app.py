"""Quix Streams, exactly once: the three topics as one dataframe, and a session's figures as state of its user.

https://quix.io/docs/quix-streams/advanced/stateful-processing.html. It keeps fewer figures than the others: sessions
and what follows from them. Figures over all users, such as those of a product, would need a repartition topic each.
The result is read from the changelog topic, which makes its state durable.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from typing import Any

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, TopicPartition
from quixstreams import Application
from quixstreams.models import Deserializer

from benchmarks.peers.avro import Decoder
from benchmarks.peers.counting import (
    ADDS,
    CURRENCY,
    PURCHASES,
    REMOVES,
    REVENUE,
    VIEWS,
    add_to_session,
    kind_of,
    new_session,
)
from benchmarks.peers.job import Job, clock


class AvroDeserializer(Deserializer):
    """The decoder of the other peers, as a deserializer of Quix Streams."""

    def __init__(self, registry_url: str) -> None:
        super().__init__()
        self._decode = Decoder(registry_url)

    def __call__(self, value: bytes, ctx: Any) -> Any:  # noqa: ARG002 (given by name)
        return self._decode(value)


def main(job: Job) -> None:
    """Count every message."""
    app = Application(
        job.bootstrap_servers,
        consumer_group=job.group,
        auto_offset_reset="earliest",
        processing_guarantee="exactly-once",
        state_dir=job.store,
        loglevel="WARNING",
    )
    deserializer = AvroDeserializer(job.registry_url)
    views, carts, purchases = (
        app.dataframe(app.topic(topic, value_deserializer=deserializer)) for topic in job.topics.values()
    )
    first = 0.0

    def count(event: dict[str, Any], state: Any) -> bool:
        nonlocal first
        first = first or clock()
        if "order_id" in event:
            if state.exists(event["order_id"]):
                return True
            state.set(event["order_id"], True)
        at, session = event["occurred_at"], event["session_id"]
        row = state.get(session) or new_session(at)
        add_to_session(row, kind_of(event), event, at)
        state.set(session, row)
        return True

    views.concat(carts).concat(purchases).apply(count, stateful=True)
    app.run(count=job.events, collect=False)
    job.done(first, clock(), figures(changelog(job)))


def changelog(job: Job) -> dict[bytes, Any]:
    """The state: the last committed value of each key."""
    consumer = Consumer(
        job.consumer(**{"group.id": f"{job.group}-check", "enable.partition.eof": True, "enable.auto.commit": False})
    )
    topics = consumer.list_topics(timeout=10).topics
    (name,) = (topic for topic in topics if topic.startswith(f"changelog__{job.group}--"))
    consumer.assign([TopicPartition(name, number, OFFSET_BEGINNING) for number in topics[name].partitions])
    state: dict[bytes, Any] = {}
    ends = 0
    while ends < len(topics[name].partitions):
        for message in consumer.consume(10_000, 1.0):
            error = message.error()
            if error is None:
                state[message.key() or b""] = json.loads(message.value() or b"null")
            elif error.code() == KafkaError._PARTITION_EOF:
                ends += 1
            else:
                raise RuntimeError(error)
    consumer.close()
    return state


def figures(state: dict[bytes, Any]) -> dict[str, Any]:
    """The figures that sessions and orders determine, in the oracle's shape."""
    sessions = [row for row in state.values() if isinstance(row, list)]
    revenue: Counter[str] = Counter()
    for row in sessions:
        if row[PURCHASES]:
            revenue[row[CURRENCY]] += row[REVENUE]
    columns = {"view": VIEWS, "add_to_cart": ADDS, "remove_from_cart": REMOVES, "purchase": PURCHASES}
    by_type = {kind: sum(row[column] for row in sessions) for kind, column in columns.items()}
    return {
        "events": sum(by_type.values()),
        "by_type": by_type,
        "sessions": {
            "count": len(sessions),
            "viewed": sum(row[VIEWS] > 0 for row in sessions),
            "carted": sum(row[ADDS] > 0 for row in sessions),
            "purchased": sum(row[PURCHASES] > 0 for row in sessions),
        },
        "orders": sum(value is True for value in state.values()),
        "revenue_minor": dict(revenue),
    }


if __name__ == "__main__":
    main(Job.read(sys.argv[1]))

"""A good plain loop: fetch many messages at once, decode with a cached fastavro schema, count in dictionaries, and
write figures and offsets to SQLite in one transaction. Exactly once and durable, in one thread.
"""

from __future__ import annotations

import sys
from typing import Any

from confluent_kafka import Consumer, TopicPartition

from benchmarks.peers.avro import Decoder
from benchmarks.peers.counting import Counted, Store
from benchmarks.peers.job import Job, clock

_WRITE_AT = 50_000
"""Events to gather before a write: fewer and larger transactions are cheaper."""
_WRITE_S = 1.0


def main(job: Job) -> None:
    """Count every message."""
    store = Store(job.store)
    decode = Decoder(job.registry_url)
    orders = store.orders()

    def assigned(consumer: Consumer, partitions: list[TopicPartition]) -> None:
        stored = store.offsets()
        for partition in partitions:
            partition.offset = stored.get((partition.topic, partition.partition), partition.offset)
        consumer.assign(partitions)

    consumer = Consumer(
        job.consumer(**{"enable.auto.commit": False, "fetch.wait.max.ms": 100, "fetch.queue.backoff.ms": 20})
    )
    consumer.subscribe(list(job.topics.values()), on_assign=assigned)
    counted, offsets = Counted(orders), dict[Any, int]()
    seen = waiting = 0
    first = written_at = 0.0
    while seen < job.events or waiting:
        messages = consumer.consume(10_000, 0.1)
        if messages and not first:
            first = written_at = clock()
        for message in messages:
            if message.error():
                raise RuntimeError(message.error())
            topic: Any = message.topic()
            event = decode(message.value())
            counted.add(topic, event, event["occurred_at"])
            offset: Any = message.offset()
            offsets[topic, message.partition()] = offset + 1
        seen += len(messages)
        waiting += len(messages)
        if waiting and (waiting >= _WRITE_AT or seen == job.events or clock() - written_at > _WRITE_S):
            store.write(counted, offsets)
            counted, offsets, waiting, written_at = Counted(orders), {}, 0, clock()
    last = clock()
    consumer.close()
    store.close()
    job.done(first, last)


if __name__ == "__main__":
    main(Job.read(sys.argv[1]))

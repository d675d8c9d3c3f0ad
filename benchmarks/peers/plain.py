"""A good plain loop: fetch many messages at once, decode them with a cached fastavro schema, count in dictionaries,
and and write figures and offsets to SQLite in one transaction. Exactly once and durable, in one thread.
"""

from __future__ import annotations

import sys

from confluent_kafka import Consumer, TopicPartition

from benchmarks.peers.avro import Decoder
from benchmarks.peers.counting import Batches, Store
from benchmarks.peers.job import Job, clock


def main(job: Job) -> None:
    """Count every message."""
    store = Store(job.store)
    batches = Batches(store, job.events)
    decode = Decoder(job.registry_url)

    def assigned(consumer: Consumer, partitions: list[TopicPartition]) -> None:
        stored = store.offsets()
        for partition in partitions:
            partition.offset = stored.get((partition.topic, partition.partition), partition.offset)
        consumer.assign(partitions)

    consumer = Consumer(
        job.consumer(**{"enable.auto.commit": False, "fetch.wait.max.ms": 100, "fetch.queue.backoff.ms": 20})
    )
    consumer.subscribe(list(job.topics.values()), on_assign=assigned)
    first = 0.0
    while not batches.complete:
        messages = consumer.consume(10_000, 0.1)
        first = first or (clock() if messages else 0.0)
        for message in messages:
            batches.add(message, decode)
        batches.write_if_due()
    consumer.close()
    store.close()
    job.done(first, batches.written_at)


if __name__ == "__main__":
    main(Job.read(sys.argv[1]))

"""The loop that Confluent's documentation shows: poll a message, deserialize it, use the dictionary.

https://docs.confluent.io/kafka-clients/python/current/overview.html and `examples/avro_consumer.py` in
confluentinc/confluent-kafka-python. The figures are kept in dictionaries and nothing is durable: the client commits
offsets on a timer, so a crash loses the figures.
"""

from __future__ import annotations

import sys
from datetime import datetime
from typing import Any

from confluent_kafka import Consumer
from confluent_kafka.schema_registry import SchemaRegistryClient, topic_subject_name_strategy
from confluent_kafka.schema_registry.avro import AvroDeserializer
from confluent_kafka.serialization import MessageField, SerializationContext

from benchmarks.peers.counting import Counted
from benchmarks.peers.job import Job, clock


def main(job: Job) -> None:
    """Count every message."""
    registry = SchemaRegistryClient({"url": job.registry_url})
    # The classic strategy, set explicitly: the newest default sends requests that not every registry supports.
    deserialize = AvroDeserializer(registry, conf={"subject.name.strategy": topic_subject_name_strategy})
    consumer = Consumer(job.consumer())
    consumer.subscribe(list(job.topics.values()))
    counted = Counted()
    seen, first = 0, 0.0
    while seen < job.events:
        message = consumer.poll(1.0)
        if message is None:
            continue
        if message.error():
            raise RuntimeError(message.error())
        first = first or clock()
        topic = str(message.topic())
        event: Any = deserialize(message.value(), SerializationContext(topic, MessageField.VALUE))
        at: datetime = event["occurred_at"]
        counted.add(topic, event, int(at.timestamp() * 1000))
        seen += 1
    last = clock()
    consumer.close()
    job.done(first, last, counted.figures())


if __name__ == "__main__":
    main(Job.read(sys.argv[1]))

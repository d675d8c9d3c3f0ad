"""`Consumer.consume` and nothing else, with our queue settings: the maximum that Python can reach with this client."""

from __future__ import annotations

import sys
from collections.abc import Mapping

from confluent_kafka import Consumer

from benchmarks.peers.job import Job, clock

QUEUE = {"fetch.wait.max.ms": 100, "fetch.queue.backoff.ms": 20}


def main(job: Job, queue: Mapping[str, int]) -> None:
    """Fetch every message and discard it."""
    consumer = Consumer(job.consumer(**{"enable.auto.commit": False, **queue}))
    consumer.subscribe(list(job.topics.values()))
    seen, first = 0, 0.0
    while seen < job.events:
        messages = consumer.consume(10_000, 1.0)
        first = first or (clock() if messages else 0.0)
        seen += len(messages)
    last = clock()
    consumer.close()
    job.done(first, last)


if __name__ == "__main__":
    main(Job.read(sys.argv[1]), QUEUE)

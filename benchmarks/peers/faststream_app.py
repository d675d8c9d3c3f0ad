"""FastStream, as its documentation sets up batches, with fastavro and SQLite.

https://faststream.ag2.ai/latest/confluent/Consumer/consume_batch/. It handles a batch as the plain loop does. Its
offsets are the store's, not Kafka's: what the store has is skipped, so a crash counts nothing twice. Its own decoding,
which would first create an object per message, is replaced, and so is the validation of arguments.
"""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Sequence
from typing import Any

from faststream import AckPolicy, FastStream
from faststream.confluent import KafkaBroker

from benchmarks.peers.avro import Decoder
from benchmarks.peers.counting import Batches, Store
from benchmarks.peers.job import Job, clock


async def main(job: Job) -> None:
    """Count every message."""
    store = Store(job.store)
    batches = Batches(store, job.events)
    decode = Decoder(job.registry_url)
    broker = KafkaBroker(
        job.bootstrap_servers,
        apply_types=False,
        log_level=logging.WARNING,
        config={"fetch.queue.backoff.ms": 20},
    )
    app = FastStream(broker, logger=None)
    first = 0.0

    async def raw(message: Any) -> Any:
        return message.raw_message

    @broker.subscriber(
        *job.topics.values(),
        batch=True,
        max_records=10_000,
        polling_interval=0.1,
        group_id=job.group,
        auto_offset_reset="earliest",
        ack_policy=AckPolicy.MANUAL,
        fetch_max_wait_ms=100,
        decoder=raw,
    )
    async def count(messages: Sequence[Any]) -> None:
        nonlocal first
        first = first or clock()
        for message in messages:
            batches.add(message, decode)
        batches.write_if_due()
        if batches.complete:
            app.exit()

    await app.run()
    store.close()
    job.done(first, batches.written_at)


if __name__ == "__main__":
    asyncio.run(main(Job.read(sys.argv[1])))

"""Topics get partitions and gaps in their offsets, lose records, and are recreated."""

from __future__ import annotations

import signal
import time
from random import Random

from confluent_kafka import KafkaError, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import NewPartitions, NewTopic

from tests.chaos.campaign import messages
from tests.chaos.campaign.bed import Bed, wait
from tests.chaos.campaign.faults import fault
from tests.chaos.campaign.monitor import read_offsets
from tests.support.kafka import running

_MOST_PARTITIONS = 12


@fault("broker", seconds=2)
def partitions_added(bed: Bed, chance: Random) -> None:
    """Messages in a new partition."""
    topic = chance.choice(bed.topics)
    count = _partitions(bed, topic)
    if count < _MOST_PARTITIONS:
        bed.admin().create_partitions([NewPartitions(topic, count + 1)])[topic].result()
    messages.send(
        bed, topic, [messages.good(bed, topic) for _ in range(20)], partition=count if count < _MOST_PARTITIONS else 0
    )


@fault("broker", seconds=3)
def transactions_aborted(bed: Bed, chance: Random) -> None:
    """Gaps between offsets: the messages of an aborted transaction do not count and are never read."""
    producer = _transactional(bed)
    for number in range(6):
        producer.begin_transaction()
        _write_some(bed, producer, chance)
        producer.flush(10)
        wait(chance, 0, 0.3)
        if number % 2:
            producer.abort_transaction()
        else:
            producer.commit_transaction()


@fault("broker", seconds=8)
def transaction_left_open(bed: Bed, chance: Random) -> None:
    """Messages after an open transaction cannot be read before it ends."""
    producer = _transactional(bed)
    producer.begin_transaction()
    _write_some(bed, producer, chance)
    producer.flush(10)
    wait(chance, 3, 13)
    producer.abort_transaction()


@fault(alone=True, seconds=12)
def records_deleted_unread(bed: Bed, chance: Random) -> None:
    """Retention deletes messages that the group has not read: members report it and read the rest."""
    topic = chance.choice(bed.topics)
    with bed.group.paused():
        bed.group.send(signal.SIGKILL)
        bed.group.until(lambda: not bed.group.live, "a member outlives SIGKILL")
        messages.send(bed, topic, [messages.good(bed, topic) for _ in range(200)])
        stored = read_offsets(bed.store)
        ends = {number: end for (name, number), end in bed.monitor.ends().items() if name == topic}
        before = {n: min(end, stored.get((topic, n), 0) + chance.randrange(40)) for n, end in ends.items()}
        doomed = [m for m in running.received(bed.direct, topic) if (m.offset() or 0) < before[m.partition() or 0]]
        bed.truth.destroy(doomed, stored)
        bed.truth.gone |= {(topic, number): at for number, at in before.items()}
        for future in bed.admin().delete_records([TopicPartition(topic, n, at) for n, at in before.items()]).values():
            future.result()
        bed.monitor.forget()


@fault(alone=True, seconds=25)
def topic_recreated_under_members(bed: Bed, chance: Random) -> None:
    """A topic is recreated while members read it: they end, and then read it from its beginning."""
    _recreate(bed, chance, while_read=True)


@fault(alone=True, seconds=25)
def topic_recreated_between_runs(bed: Bed, chance: Random) -> None:
    """A topic is recreated between two runs: refused at the start, then read from its beginning on request."""
    _recreate(bed, chance, while_read=False)


def _recreate(bed: Bed, chance: Random, while_read: bool) -> None:
    topic = chance.choice(bed.topics)
    bed.load.stop()
    bed.catch_up()
    with bed.group.paused(), bed.group.expecting("created again", "does not exist", "--accept-recreated"):
        if not while_read:
            bed.group.stop()
        bed.truth.destroy(running.received(bed.direct, topic), read_offsets(bed.store))
        bed.truth.gone = {partition: at for partition, at in bed.truth.gone.items() if partition[0] != topic}
        admin, count = bed.admin(), _partitions(bed, topic)
        admin.delete_topics([topic])[topic].result()
        deadline = time.monotonic() + 30
        while True:
            try:
                admin.create_topics([NewTopic(topic, count, 1)])[topic].result()
                break
            except KafkaException as error:
                if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS or time.monotonic() > deadline:
                    raise
                time.sleep(0.1)
        bed.monitor.forget()
        bed.group.all_end(f"{topic} was recreated")
        messages.send(bed, topic, [messages.good(bed, topic) for _ in range(300)])
        bed.group.start()
        bed.group.all_end(f"{topic} was recreated")
        running.run(bed.settings, "consumers.analytics", "--until-caught-up", "--accept-recreated")
    bed.load.start()


def _transactional(bed: Bed) -> Producer:
    producer = Producer({**bed.direct.kafka_client(), "transactional.id": f"chaos-{bed.number()}", "log_level": 0})
    producer.init_transactions(30)
    return producer


def _write_some(bed: Bed, producer: Producer, chance: Random) -> None:
    topic = chance.choice(bed.topics)
    for _ in range(20):
        producer.produce(topic, messages.good(bed, topic), key=str(bed.number()))


def _partitions(bed: Bed, topic: str) -> int:
    return len(bed.admin().list_topics(topic, timeout=20).topics[topic].partitions)

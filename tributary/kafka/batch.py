"""What one fetch returns, and the offset range of each partition that it covers."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from itertools import groupby

import attrs
from confluent_kafka import Message

from tributary.kafka.admin import Partition
from tributary.kafka.event_time import sent_ms


@attrs.frozen
class OffsetRange:
    """The part of a partition that a batch covers: from its first offset to the one after its last message.

    `start` is None where nothing of the partition is stored yet.
    """

    start: int | None
    next: int


@attrs.frozen(eq=False)
class MessageBatch:
    """The messages of one fetch by topic, and the offset range of each partition."""

    messages: Mapping[str, Sequence[Message]]
    since_ms: Mapping[str, int]
    """By topic, when the first message of a partition was sent, in the partition where that is longest ago."""
    ranges: Mapping[Partition, OffsetRange]

    @property
    def size(self) -> int:
        """The number of messages."""
        return sum(map(len, self.messages.values()))


def by_partition(
    messages: Sequence[Message], reading: Collection[Partition]
) -> tuple[dict[str, list[Message]], dict[str, int], dict[Partition, int]]:
    """The messages of the partitions in `reading`: by topic, with `since_ms`, and the next offset of each partition."""
    by_topic: dict[str, list[Message]] = {}
    since_ms: dict[str, int] = {}
    nexts: dict[Partition, int] = {}
    # librdkafka returns a partition's messages in long runs, so these loops take few steps.
    for name, of_topic in groupby(messages, Message.topic):
        topic = str(name)
        for number, of_partition in groupby(of_topic, Message.partition):
            partition, some = (topic, int(number or 0)), list(of_partition)
            if partition in reading:
                by_topic.setdefault(topic, []).extend(some)
                sent = sent_ms(some[0])
                since_ms[topic] = min(since_ms.get(topic, sent), sent)
                nexts[partition] = int(some[-1].offset() or 0) + 1
    return by_topic, since_ms, nexts

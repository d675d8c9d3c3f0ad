"""What one fetch brings, and which part of each partition it covers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import attrs
from confluent_kafka import Message

from tributary.kafka.admin import Partition


@attrs.frozen
class OffsetRange:
    """The part of a partition that a batch covers: from the offset it began at to the one after its last message.

    `start` is None where nothing of the partition was stored before.
    """

    start: int | None
    next: int


@attrs.frozen(eq=False)
class MessageBatch:
    """What one fetch brought: the messages by topic, and the offset range of each partition."""

    messages: Mapping[str, Sequence[Message]]
    since_ms: Mapping[str, int]
    """By topic, when the first message of a partition was sent, in the partition where that is longest ago."""
    ranges: Mapping[Partition, OffsetRange]

    @property
    def size(self) -> int:
        """The number of messages."""
        return sum(map(len, self.messages.values()))

"""Messages that cannot be read, kept as they came: bytes, key and headers, with where they were and why."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property

import attrs
from confluent_kafka import KafkaError, KafkaException, Message, Producer

from settings import Settings

HEADER_PREFIX = "dead-letter."
"""The headers we add: topic, partition, offset, timestamp (milliseconds), reason and key.

Beside its own value and headers, a message that was nearly as large as the broker takes has no room for ours. Then its
letter goes without the value, and one more header, `left-out`, says how many bytes that had.
"""

_FLUSH_S = 30.0


class DeadLettersUndelivered(Exception):
    """The broker did not take the dead letters; nothing that depends on them may be written."""


@attrs.frozen
class DeadLetter:
    """A message that cannot be read, and the reason in words."""

    message: Message
    reason: str
    without_value: bool = False
    """Whether it is sent without what the message held, because the broker finds it too large."""

    @property
    def origin(self) -> str:
        """Where the message was: `topic/partition/offset`. The same for every copy of the same dead letter."""
        return f"{self.message.topic()}/{self.message.partition()}/{self.message.offset()}"

    @property
    def value(self) -> bytes | None:
        """What is sent of what the message held."""
        return None if self.without_value else self.message.value()


class DeadLetterWriter:
    """Delivers dead letters to their topic."""

    def __init__(self, settings: Settings, topic: str) -> None:
        self._topic = topic
        self._settings = settings

    @cached_property
    def _producer(self) -> Producer:
        """Made for the first dead letter: most members never see one."""
        return Producer(
            {
                **self._settings.kafka_client(),
                "enable.idempotence": True,
                "compression.type": "lz4",
                "linger.ms": 5,
                # The broker knows what is too large: it took the message once.
                "message.max.bytes": 1_000_000_000,
            }
        )

    def deliver(self, letters: Sequence[DeadLetter]) -> None:
        """Send the letters and wait until the broker has them all.

        A batch that is read again after a crash sends them again: the key tells that they are the same.
        Raises DeadLettersUndelivered.
        """
        too_large = self._send_all(letters)
        if too_large:
            self._send_all([attrs.evolve(letter, without_value=True) for letter in too_large])

    def _send_all(self, letters: Sequence[DeadLetter]) -> list[DeadLetter]:
        """Send the letters and wait. Returns those that might be taken without their values."""
        failures: list[str] = []
        too_large: list[DeadLetter] = []

        def delivered(letter: DeadLetter, error: KafkaError | None) -> None:
            if error is None:
                return
            if error.code() == KafkaError.MSG_SIZE_TOO_LARGE and letter.value is not None:
                too_large.append(letter)
            else:
                failures.append(f"{letter.origin}: {error}")

        for letter in letters:
            self._send(letter, delivered)
        left = self._producer.flush(_FLUSH_S)
        if failures or left:
            raise DeadLettersUndelivered(failures[0] if failures else f"{left} dead letters not taken in {_FLUSH_S} s")
        return too_large

    def _send(self, letter: DeadLetter, delivered: Callable[[DeadLetter, KafkaError | None], None]) -> None:
        while True:
            try:
                self._producer.produce(
                    self._topic,
                    value=letter.value,
                    key=letter.origin,
                    headers=[*(letter.message.headers() or ()), *_headers(letter)],
                    on_delivery=lambda error, _: delivered(letter, error),
                )
                return
            except BufferError:
                self._producer.poll(0.1)
            except KafkaException as error:
                raise DeadLettersUndelivered(str(error)) from error


def _headers(letter: DeadLetter) -> list[tuple[str, bytes | str | None]]:
    message = letter.message
    _, timestamp = message.timestamp()
    facts: dict[str, bytes | str | None] = {
        "topic": message.topic(),
        "partition": str(message.partition()),
        "offset": str(message.offset()),
        "timestamp": str(timestamp),
        "reason": letter.reason,
        "key": message.key(),
    }
    if letter.without_value:
        facts["left-out"] = str(len(message.value() or b""))
    return [(HEADER_PREFIX + name, value) for name, value in facts.items()]

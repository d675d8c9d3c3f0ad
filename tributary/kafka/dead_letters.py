"""Messages that cannot be read, delivered to a topic of their own with bytes, key, headers, origin and reason.

A dead letter is larger than its message by the headers that we add, so the broker may refuse it. Then it omits, in this
order: the value, the message's own headers, the end of the key. The rest is small enough for any topic whose
`max.message.bytes` is 4,096 or more.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from operator import methodcaller

import attrs
from confluent_kafka import KafkaError, KafkaException, Message, Producer

from tributary.errors import TributaryError
from tributary.printable import printable
from tributary.settings import Settings
from tributary.signals import Waiting

HEADER_PREFIX = "dead-letter."
"""The headers we add: topic, partition, offset, timestamp (milliseconds), reason, key, and perhaps left-out.

`left-out` names what the letter lacks of its message, with the size in bytes: `value=1048401 headers=12 key=900`.
`headers=?` says that their names are not UTF-8: the Kafka client cannot read those.
"""

_Header = tuple[str, bytes | str | None]

_TICK_S = 1.0
_KEY_BYTES = 256
"""Bytes that a dead letter keeps of a key that it cuts."""
_REASON_CHARACTERS = 500
_LEAST_LIMIT = 4096
"""The maximum size of a dead letter that has omitted all it can, even with topic names of 249 characters."""

_TOO_LARGE = frozenset({KafkaError.MSG_SIZE_TOO_LARGE, KafkaError.RECORD_LIST_TOO_LARGE})
_PURGED = frozenset({KafkaError._PURGE_QUEUE, KafkaError._PURGE_INFLIGHT})

_NO_TOPIC = "create the topic with `tributary apply`"
_NOT_ALLOWED = (
    "allow this client to write to the topic: ACL operations Write on the topic and IdempotentWrite on the cluster"
)
_NOT_VALID = "compare the topic's settings with the broker's log"
_REMEDIES = {
    KafkaError._UNKNOWN_TOPIC: _NO_TOPIC,
    KafkaError._UNKNOWN_PARTITION: _NO_TOPIC,
    KafkaError.UNKNOWN_TOPIC_OR_PART: _NO_TOPIC,
    KafkaError.TOPIC_AUTHORIZATION_FAILED: _NOT_ALLOWED,
    KafkaError.CLUSTER_AUTHORIZATION_FAILED: _NOT_ALLOWED,
    KafkaError.INVALID_RECORD: _NOT_VALID,
    KafkaError.POLICY_VIOLATION: _NOT_VALID,
    KafkaError.TOPIC_EXCEPTION: _NOT_VALID,
    KafkaError._UNSUPPORTED_FEATURE: "the broker must be Kafka 0.11 or newer",
}
"""What to do about an error that is not transient. After any other error, the dead letter is sent again."""


class DeadLettersUndelivered(TributaryError):
    """The broker refuses the dead letters; their batch must not be written."""


# For names that are not UTF-8 the client returns tuples with null pointers, and raises beside that. A plain call
# of the method lets the error surface anywhere later, and a second one reaches the null pointers.
_read_headers = methodcaller("headers")


def _own_headers(message: Message) -> Sequence[_Header] | None:
    try:
        return _read_headers(message) or ()
    except (UnicodeDecodeError, SystemError):
        return None


@attrs.frozen
class DeadLetter:
    """A message that cannot be read, and the reason."""

    message: Message
    reason: str
    own_headers: Sequence[_Header] | None = attrs.Factory(lambda self: _own_headers(self.message), takes_self=True)
    """The message's headers; None when they cannot be read."""
    left_out: Mapping[str, int] = attrs.Factory(dict)
    """The omitted parts of the message, `value`, `headers` or `key`, and their sizes in bytes."""

    @property
    def origin(self) -> str:
        """The message's place: `topic/partition/offset`. It is the same for every copy of the dead letter."""
        return f"{self.message.topic()}/{self.message.partition()}/{self.message.offset()}"

    @property
    def value(self) -> bytes | None:
        """The value to send; None if it is omitted."""
        return None if "value" in self.left_out else self.message.value()

    @property
    def headers(self) -> list[_Header]:
        """The headers to send: the message's own, unless omitted, and ours."""
        own = () if "headers" in self.left_out else self.own_headers or ()
        key = self.message.key()
        facts: dict[str, bytes | str | None] = {
            "topic": self.message.topic(),
            "partition": str(self.message.partition()),
            "offset": str(self.message.offset()),
            "timestamp": str(self.message.timestamp()[1]),
            "reason": printable(self.reason)[:_REASON_CHARACTERS],
            "key": key[:_KEY_BYTES] if key and "key" in self.left_out else key,
        }
        left_out: dict[str, int | str] = dict(self.left_out)
        if self.own_headers is None:
            left_out["headers"] = "?"
        if left_out:
            facts["left-out"] = " ".join(f"{part}={size}" for part, size in left_out.items())
        return [*own, *((HEADER_PREFIX + name, value) for name, value in facts.items())]

    def smaller(self) -> DeadLetter | None:
        """The dead letter with one more part omitted; None when nothing more can be omitted."""
        sizes = {
            "value": len(self.message.value() or b""),
            "headers": sum(len(name.encode()) + len(value or b"") for name, value in self.own_headers or ()),
            "key": max(len(self.message.key() or b"") - _KEY_BYTES, 0),
        }
        for part, size in sizes.items():
            if size and part not in self.left_out:
                return attrs.evolve(self, left_out={**self.left_out, part: size})
        return None


class DeadLetterWriter:
    """Delivers dead letters to their topic. For one thread."""

    def __init__(self, settings: Settings, topic: str) -> None:
        self._topic = topic
        self._settings = settings
        self._producer: Producer | None = None
        self._trouble = ""
        """The producer's latest error since the last delivery."""

    def deliver(self, letters: Sequence[DeadLetter], waiting: Waiting) -> None:
        """Send the dead letters and wait until the broker has acknowledged all of them, without a timeout.

        A batch that is read again after a crash sends them again: the key is the same for each copy.
        Raises DeadLettersUndelivered for an error that is not transient, and what `waiting` raises; what is not
        delivered then is dropped.
        """
        # One by one: the broker refuses a record batch as a whole, although each record may be small enough.
        for letter in self._send(letters, waiting):
            smaller: DeadLetter | None = letter
            while smaller and self._send([smaller], waiting):
                smaller = smaller.smaller()
            if smaller is None:
                raise DeadLettersUndelivered(
                    f"dead letter {letter.origin} is too large for the topic {self._topic}, with all left out that can "
                    f"be; set the topic's max.message.bytes to {_LEAST_LIMIT:,} or more"
                )

    def _send(self, letters: Sequence[DeadLetter], waiting: Waiting) -> list[DeadLetter]:
        """Send dead letters and wait until each is acknowledged or too large. Returns those that are too large."""
        sending = _Sending(self._topic, letters, self._complain)
        try:
            while True:
                began = time.monotonic()
                self._attempt(sending)
                if not sending.left:
                    return sending.too_large
                waiting(f"the broker to take {sending.words}: {self._trouble or 'no answer yet'}")
                time.sleep(max(began + _TICK_S - time.monotonic(), 0))
        finally:
            if sending.left:
                self._drop(sending)

    def _attempt(self, sending: _Sending) -> None:
        """Send what is not sent yet, and wait for the broker for up to a second."""
        if self._producer is None:
            self._producer = self._connected()
        try:
            sending.submit(self._producer)
            self._producer.flush(_TICK_S)
        except (KafkaException, SystemError) as error:
            # The client raises a fatal error from its next callback, whichever that is.
            kafka = error if isinstance(error, KafkaException) else error.__cause__
            if not isinstance(kafka, KafkaException):
                raise
            cause: KafkaError = kafka.args[0]
            self._complain(cause)
            if not cause.fatal() or cause.code() in _REMEDIES:
                raise self._undelivered(cause) from error
            # This producer is unusable; another one may work. That can send a dead letter twice, with the same key.
            self._drop(sending)
        if sending.refusal is not None:
            raise self._undelivered(sending.refusal)

    def _undelivered(self, cause: KafkaError) -> DeadLettersUndelivered:
        remedy = _REMEDIES.get(cause.code(), "see the broker's log")
        return DeadLettersUndelivered(f"the topic {self._topic} does not take dead letters: {cause.str()}; {remedy}")

    def _drop(self, sending: _Sending) -> None:
        """Drop the producer with its queue, so that nothing is sent later and closing it does not wait."""
        producer, self._producer = self._producer, None
        if producer is not None:
            producer.purge()
            producer.poll(0)
            sending.forget_sent()

    def _complain(self, error: KafkaError | None) -> None:
        if error is None:
            self._trouble = ""
        # "All brokers are down" comes after the error that says why.
        elif error.code() != KafkaError._ALL_BROKERS_DOWN or not self._trouble:
            self._trouble = error.str()

    def _connected(self) -> Producer:
        """A producer, made for the first dead letter: most members never have one."""
        return Producer(
            self._settings.kafka_client({"compression.type": "lz4", "linger.ms": 5})
            | {
                "enable.idempotence": True,
                # A batch that is too large is sent again one by one, so batches are small.
                "batch.size": 16_384,
                # The broker decides what is too large: it stored the message once.
                "message.max.bytes": 1_000_000_000,
                # The producer's own attempts do not send twice; ours, after its timeout, would.
                "message.timeout.ms": 0,
                "topic.metadata.propagation.max.ms": 10_000,
                "log_level": 2,
                "error_cb": self._complain,
            }
        )


class _Sending:
    """Dead letters on their way to the broker."""

    def __init__(
        self, topic: str, letters: Sequence[DeadLetter], complain: Callable[[KafkaError | None], None]
    ) -> None:
        self._topic = topic
        self._complain = complain
        self._sent: set[int] = set()
        self.left = dict(enumerate(letters))
        """The dead letters that are neither acknowledged nor refused as too large."""
        self.too_large: list[DeadLetter] = []
        self.refusal: KafkaError | None = None
        """An error that is not transient."""

    @property
    def words(self) -> str:
        """How many are left: `3 dead letters`."""
        count = len(self.left)
        return f"{count:,} dead letter{'' if count == 1 else 's'}"

    def submit(self, producer: Producer) -> None:
        """Queue what is not queued yet, until the queue is full. Raises KafkaException."""
        for number, letter in self.left.copy().items():
            if number in self._sent:
                continue
            try:
                producer.produce(
                    self._topic,
                    value=letter.value,
                    key=letter.origin,
                    headers=letter.headers,
                    on_delivery=partial(self._answered, number),
                )
            except BufferError:
                return
            except KafkaException as error:
                if error.args[0].code() not in _TOO_LARGE:
                    raise
                self._answered(number, error.args[0])
            else:
                self._sent.add(number)

    def forget_sent(self) -> None:
        """Send all that is left again, with another producer."""
        self._sent.clear()

    def _answered(self, number: int, error: KafkaError | None, _: Message | None = None) -> None:
        self._sent.discard(number)
        if error is not None and error.code() in _PURGED:
            return  # by _drop, for a reason that is known already
        if error is None:
            self.left.pop(number, None)
        elif error.code() in _TOO_LARGE:
            self.too_large.append(self.left.pop(number))
        elif error.code() in _REMEDIES:
            self.refusal = error
        self._complain(error)

"""Dead letters are always delivered, whatever their size, their headers and the state of the broker."""

from __future__ import annotations

import random
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import attrs
import psutil
import pytest
from confluent_kafka import KafkaError, Message, Producer
from confluent_kafka.admin import AdminClient, NewTopic

from tests.support.kafka import librdkafka, running
from tests.support.kafka.stacks import own_stack
from tributary.kafka.dead_letters import DeadLetter, DeadLettersUndelivered, DeadLetterWriter
from tributary.settings import Settings
from tributary.signals import Stopped
from tributary.stack import ports
from tributary.stack.local import LocalStack

KEY_BYTES = 256


class Desk:
    """Two topics of the test's own: one for messages, one for dead letters."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.source, self.letters = (f"{name}-{uuid.uuid4().hex[:8]}" for name in ("source", "letters"))
        self.admin = AdminClient(settings.kafka_client())
        self.writer = DeadLetterWriter(settings, self.letters)
        self.waits: list[str] = []

    def create(self, source: dict[str, str], letters: dict[str, str]) -> None:
        new = [NewTopic(self.source, 1, 1, config=source), NewTopic(self.letters, 1, 1, config=letters)]
        for created in self.admin.create_topics(new).values():
            created.result()

    def send(self, *values: bytes) -> list[Message]:
        """Write values to the source. Returns all its messages."""
        producer = self.producer()
        for value in values:
            producer.produce(self.source, value)
        producer.flush()
        return self.taken()

    def producer(self) -> Producer:
        """Idempotent, so that the messages keep their order."""
        large = {"message.max.bytes": 10_000_000, "batch.num.messages": 1}
        return Producer({**self.settings.kafka_client(), **large, "enable.idempotence": True})

    def taken(self) -> list[Message]:
        """The messages of the source."""
        return running.received(self.settings, self.source)

    def deliver(self, *messages: Message, waiting: Callable[[str], None] | None = None) -> list[Message]:
        """Deliver letters for the messages. Returns all letters in the topic."""
        self.writer.deliver([DeadLetter(message, "a test") for message in messages], waiting or self.waits.append)
        return running.received(self.settings, self.letters)


@pytest.fixture
def desk(cluster: Settings) -> Desk:
    return Desk(cluster)


def facts(letter: Message) -> dict[str, bytes | None]:
    return {name: value for name, value in letter.headers() or () if name.startswith("dead-letter.")}  # type: ignore[misc]


def left_out(letter: Message) -> dict[str, str]:
    words = (facts(letter).get("dead-letter.left-out") or b"").decode()
    return dict(pair.split("=") for pair in words.split())  # type: ignore[misc]


def by_offset(letters: list[Message]) -> dict[int, Message]:
    found = {int((facts(letter)["dead-letter.offset"] or b"").decode()): letter for letter in letters}
    assert len(found) == len(letters), "a letter came twice"
    return found


def headers_size(message: Message) -> int:
    return sum(len(name) + len(value or b"") for name, value in message.headers() or ())


@pytest.mark.parametrize("part", ["value", "key", "headers", "all"])
@pytest.mark.parametrize(("limit", "limit_of_letters"), [(6_000, 6_000), (9_000, 4_096)])
def test_a_message_of_any_size_becomes_a_letter(desk: Desk, part: str, limit: int, limit_of_letters: int) -> None:
    """Every size from where the letter's headers no longer fit up to the limit; what is left out, in order."""
    desk.create({"max.message.bytes": str(limit)}, {"max.message.bytes": str(limit_of_letters)})
    noise = random.Random(limit)
    producer = desk.producer()
    refused = 0

    def count(error: Any, _: Message) -> None:
        nonlocal refused
        refused += error is not None

    for size in range(limit_of_letters - 700, limit + 1, 1 if limit == limit_of_letters else 61):
        sizes = {"value": 10, "key": 10, "headers": 10}
        sizes |= dict.fromkeys(sizes, size // 3) if part == "all" else {part: size}
        made = {name: noise.randbytes(number) for name, number in sizes.items()}
        producer.produce(desk.source, made["value"], made["key"], headers=[("h", made["headers"])], on_delivery=count)
    producer.flush()
    assert refused, "no message was as large as the broker takes"

    messages = desk.taken()
    letters = by_offset(desk.deliver(*messages))
    assert len(letters) == len(messages)
    seen = set()
    for message in messages:
        letter = letters[int(message.offset() or 0)]
        lacks = left_out(letter)
        seen.add(tuple(lacks))
        assert letter.key() == f"{desk.source}/0/{message.offset()}".encode()
        assert letter.value() == (None if "value" in lacks else message.value())
        own = [(name, value) for name, value in letter.headers() or () if not name.startswith("dead-letter.")]
        assert own == ([] if "headers" in lacks else message.headers())
        key = message.key() or b""
        assert facts(letter)["dead-letter.key"] == (key[:KEY_BYTES] if "key" in lacks else key)
        known = {
            "value": len(message.value() or b""),
            "headers": headers_size(message),
            "key": len(key) - KEY_BYTES,
        }
        assert lacks == {name: str(known[name]) for name in lacks}
    order = [(), ("value",), ("value", "headers"), ("value", "headers", "key")]
    last = {"value": 2, "headers": 3, "key": 4, "all": 3}[part]
    assert () in seen
    assert seen <= set(order[:last])
    assert order[last - 1] in seen or part == "all"


def test_small_letters_stay_whole_if_the_topic_refuses_a_batch_of_them(desk: Desk) -> None:
    desk.create({}, {"max.message.bytes": "2000"})
    producer = desk.producer()
    for number in range(300):
        producer.produce(desk.source, random.Random(number).randbytes(1000))
    producer.flush()
    letters = by_offset(desk.deliver(*desk.taken()))
    assert [len(letters[offset].value() or b"") for offset in range(300)] == [1000] * 300


def test_headers_of_any_kind_are_kept(desk: Desk) -> None:
    desk.create({}, {})
    producer = desk.producer()
    odd: list[tuple[str, bytes | None]] = [
        *(("twice", b"1"), ("twice", b"2"), ("none", None), ("empty", b""), ("", b"\xff\x00"), ("é\n\x1b[31m", b"v")),
        ("dead-letter.reason", b"a letter that became a letter"),
    ]
    many: list[tuple[str, bytes | None]] = [(f"h{number}", b"") for number in range(20_000)]
    for headers in (odd, many, []):
        producer.produce(desk.source, b"v", headers=headers)  # type: ignore[arg-type]
    producer.produce(desk.source, None, b"k")
    producer.produce(desk.source, b"", b"")
    producer.flush()
    letters = by_offset(desk.deliver(*desk.taken()))
    ours = 6
    assert [(letters[n].headers() or [])[:-ours] for n in range(5)] == [odd, many, [], [], []]
    assert [letters[n].value() for n in range(5)] == [b"v", b"v", b"v", None, b""]
    assert [dict((letters[n].headers() or [])[-ours:])["dead-letter.key"] for n in range(5)] == [
        *(None, None, None, b"k", b"")
    ]
    assert not any(left_out(letter) for letter in letters.values())


def test_header_names_that_the_client_cannot_read_are_left_out(desk: Desk) -> None:
    desk.create({}, {"max.message.bytes": "10000"})
    producer = desk.producer()
    librdkafka.produce(producer, desk.source, b"small", b"k", [(b"ok", b"1"), (b"\xff\xfe", b"2")])
    librdkafka.produce(producer, desk.source, random.Random(1).randbytes(10_000), b"k", [(b"\xff", b"2")])
    producer.flush()
    letters = by_offset(desk.deliver(*desk.taken()))
    assert letters[0].value() == b"small"
    assert left_out(letters[0]) == {"headers": "?"}
    assert left_out(letters[1]) == {"value": "10000", "headers": "?"}


@pytest.fixture(scope="module")
def breakable() -> Iterator[LocalStack]:
    """A broker that the test may freeze and kill."""
    with own_stack("letters") as settings:
        stack = LocalStack(settings)
        stack.up()
        yield stack


@attrs.frozen
class Interrupted:
    """A desk whose first letter is delivered; the broker goes away before the other nine are."""

    desk: Desk
    messages: list[Message]
    broker: psutil.Process
    waits: list[str] = attrs.field(factory=list)

    def deliver(self, at_wait: Mapping[int, Callable[[], object]]) -> list[Message]:
        """Deliver the nine, and do something at the n-th wait. Returns all letters."""

        def wait(what: str) -> None:
            self.waits.append(what)
            at_wait.get(len(self.waits), lambda: None)()

        return self.desk.deliver(*self.messages, waiting=wait)


@pytest.fixture
def interrupted(breakable: LocalStack) -> Interrupted:
    desk = Desk(breakable.settings)
    desk.create({}, {})
    first, *others = desk.send(*(b"%d" % number for number in range(10)))
    desk.deliver(first)
    broker = breakable.broker.daemon.process
    assert broker is not None
    return Interrupted(desk, others, broker)


def test_a_broker_that_does_not_answer_is_waited_for(interrupted: Interrupted) -> None:
    interrupted.broker.suspend()
    letters = interrupted.deliver({2: interrupted.broker.resume})
    assert len(by_offset(letters)) == 10
    assert interrupted.waits[0].startswith("the broker to take 9 dead letters: ")


def test_a_broker_that_is_killed_and_comes_back_has_each_letter_once(
    interrupted: Interrupted, breakable: LocalStack
) -> None:
    interrupted.broker.kill()
    interrupted.broker.wait()
    letters = interrupted.deliver({2: breakable.up})
    assert len(by_offset(letters)) == 10
    assert "Connection refused" in interrupted.waits[1]


def test_a_producer_that_ended_is_replaced(interrupted: Interrupted) -> None:
    desk = interrupted.desk

    def end_producer() -> None:
        ended = desk.writer._producer
        assert ended is not None
        librdkafka.end(ended, KafkaError.OUT_OF_ORDER_SEQUENCE_NUMBER)

    interrupted.broker.suspend()
    letters = interrupted.deliver({1: end_producer, 2: interrupted.broker.resume})
    # What was in flight when the producer ended may be there twice, with the same key.
    assert {letter.key() for letter in letters} == {f"{desk.source}/0/{number}".encode() for number in range(10)}
    assert "made by a test" in interrupted.waits[1]


def test_letters_without_a_topic_say_what_to_do(desk: Desk) -> None:
    for created in desk.admin.create_topics([NewTopic(desk.source, 1, 1)]).values():
        created.result()
    with pytest.raises(DeadLettersUndelivered, match=r"Unknown topic.*`tributary apply`"):
        desk.deliver(*desk.send(b"v"))


def test_a_topic_that_refuses_every_letter_is_an_error_that_says_what_to_do(desk: Desk) -> None:
    desk.create({}, {"max.message.bytes": "100"})
    with pytest.raises(DeadLettersUndelivered, match=r"max\.message\.bytes to 4,096 or more"):
        desk.deliver(*desk.send(b"v"))


def test_the_wait_for_a_broker_that_is_away_ends_when_told(desk: Desk) -> None:
    desk.create({}, {})
    letters = [DeadLetter(message, "a test") for message in desk.send(b"v")]
    away = attrs.evolve(desk.settings, bootstrap_servers=f"{ports.LOOPBACK}:{ports.free()}")
    waits: list[str] = []

    def wait(what: str) -> None:
        waits.append(what)
        if len(waits) == 3:
            raise Stopped

    writer = DeadLetterWriter(away, desk.letters)
    began = time.monotonic()
    with pytest.raises(Stopped):
        writer.deliver(letters, wait)
    del writer
    assert time.monotonic() - began < 30
    assert "1 dead letter: " in waits[-1]
    assert "Connection refused" in waits[-1]
    # It is not sent later.
    desk.writer.deliver(letters, wait)
    assert len(running.received(desk.settings, desk.letters)) == 1

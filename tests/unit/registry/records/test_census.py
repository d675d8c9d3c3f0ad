"""The census without a broker: what it makes of the counts, and how it ends when it cannot count."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable, Iterator
from typing import Any

import attrs
import pytest
from confluent_kafka import TIMESTAMP_CREATE_TIME, TopicPartition

from tributary import catalog
from tributary.avro import wire
from tributary.cli.main import main
from tributary.cli.records import census as command
from tributary.registry import lock
from tributary.registry.apply.topics import KafkaUnavailable
from tributary.registry.records import scan as counting
from tributary.registry.records.census import Census, IdUse, RecordPosition, TopicCount, census
from tributary.settings import Settings

TOPIC = catalog.load(Settings()).topic("purchases")
PLACE = RecordPosition(0, 7, 1_790_000_000_000)
NOTHING = TopicCount({}, {})


def counted(**records: int) -> TopicCount:
    """So many records of `id5=…`."""
    return TopicCount({int(name[2:]): IdUse(number, PLACE, PLACE) for name, number in records.items()}, {})


def taken(topic: TopicCount, letters: TopicCount) -> Census:
    """v1 (id 5) and v2 (id 6) have other docs than the contract, which is v3 (id 7); v4 (id 8) is the latest."""
    docs = {5: "First.", 6: "Second.", 7: TOPIC.schema["doc"], 8: "Later."}
    versions = [
        lock.Version(number, schema_id, json.dumps(TOPIC.schema | {"doc": doc}))
        for number, (schema_id, doc) in enumerate(docs.items(), 1)
    ]
    return census(TOPIC, versions, topic, letters)


def test_a_version_stays_while_dead_letters_have_its_id() -> None:
    found = taken(counted(id8=3), counted(id5=2, id99=1))
    assert [(row.id, row.letters, row.deletable, row.reason) for row in found.rows] == [
        (5, 2, False, "dead letters need it"),
        (6, 0, True, "no record has it"),
        (7, 0, False, "producers write with it"),
        (8, 0, False, "records need it"),
    ]
    assert (found.records, found.ok) == (3, True)


def test_without_records_the_latest_stays() -> None:
    assert [row.reason for row in taken(NOTHING, NOTHING).rows][-1] == "the latest version"


def test_every_format_tells_of_the_dead_letters() -> None:
    found = taken(counted(id6=1, id77=4), counted(id5=1, id77=2))
    assert "v1 (id 5): 0 records, 1 dead letter; keep: dead letters need it" in command.text(found)
    assert "no version (id 77): 4 records, 2 dead letters; not a version" in command.text(found)
    assert "| v1 | 5 | 0 records, 1 dead letter |" in command.markdown(found)
    assert [row["dead_letters"] for row in command.document(found)["ids"]] == [1, 0, 0, 0, 2]


@attrs.frozen
class Record:
    """A message, as far as the census looks at it."""

    at: int

    def partition(self) -> int:
        return 0

    def offset(self) -> int:
        return self.at

    def error(self) -> None:
        return None

    def value(self) -> bytes:
        return wire.frame(5, b"")

    def timestamp(self) -> tuple[int, int]:
        return TIMESTAMP_CREATE_TIME, 1_790_000_000_000


@attrs.define
class Broker:
    """A Kafka client that has ten offsets in each of two partitions, and sends what `send` returns."""

    send: Callable[[], list[Record]]
    closed: int = 0

    def __call__(self, _: dict[str, Any]) -> Broker:
        return self

    def list_topics(self, topic: str, **_: float) -> Any:
        metadata = attrs.make_class("Metadata", ["topics"])
        described = attrs.make_class("Described", ["error", "partitions"])
        return metadata({topic: described(None, {0: None, 1: None})})

    def get_watermark_offsets(self, _partition: TopicPartition, **_: float) -> tuple[int, int]:
        return 0, 10

    def assign(self, partitions: list[TopicPartition]) -> None:
        pass

    def consume(self, _most: int, **_: float) -> list[Record]:
        return self.send()

    def close(self) -> None:
        self.closed += 1


@pytest.fixture
def kept_handlers() -> Iterator[None]:
    """A signal that the command does not handle must not end the tests."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    # Python leaves it ignored where it was started with it ignored, as in the background of a shell.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def test_gives_up_on_a_broker_that_sends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter([[Record(9)]])
    broker = Broker(lambda: next(answers, []))
    monkeypatch.setattr(counting, "Consumer", broker)
    monkeypatch.setattr(counting, "_SILENCE_S", 0)
    told: list[tuple[int, int]] = []
    with pytest.raises(KafkaUnavailable, match=r"topic purchases: partitions \[1\] sent nothing for 0 s"):
        counting.count(Settings(), "purchases", lambda read, total: told.append((read, total)))
    assert told == [(10, 20)]
    assert broker.closed == 1


@pytest.mark.usefixtures("kept_handlers")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_and_it_says_how_far_it_came(
    number: signal.Signals, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    answers = iter([[Record(0), Record(1)]])

    def send() -> list[Record]:
        for records in answers:
            return records
        signal.raise_signal(number)
        return []

    broker = Broker(send)
    monkeypatch.setattr(counting, "Consumer", broker)
    monkeypatch.setattr(counting, "_SILENCE_S", 0)
    assert main(["census", "purchases"]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.splitlines() == ["purchases: read 2 of 20 offsets", "error: interrupted; nothing was written"]
    assert broker.closed == 1

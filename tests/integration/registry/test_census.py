"""The census of a topic on a real broker and registry."""

from __future__ import annotations

import json
from typing import Any

import attrs
import pytest
from confluent_kafka import Consumer, TopicPartition
from confluent_kafka.admin import AdminClient

from tests.support.kafka.running import received
from tests.support.kafka.versioned import UNKNOWN_ID, Versioned
from tests.support.variables import use
from tributary import catalog
from tributary.avro import wire
from tributary.cli.main import main
from tributary.kafka.dead_letters import DeadLetter, DeadLetterWriter
from tributary.registry.apply import plan
from tributary.registry.apply.topics import KafkaUnavailable
from tributary.registry.client import RegistryClient
from tributary.registry.records import scan as counting
from tributary.registry.records.census import Census, RecordPosition, census
from tributary.registry.records.scan import count
from tributary.settings import Settings

Capture = pytest.CaptureFixture[str]


@attrs.frozen
class Subject(Versioned):
    """v2 and v3 are the contract with other docs."""

    def census(self) -> Census:
        """The census of the topic's current records."""
        counted = [count(self.settings, name) for name in (self.topic.name, self.dead_letters)]
        versions = RegistryClient.from_settings(self.settings).versions(self.topic.subject)
        return census(self.topic, versions, *counted)

    @property
    def dead_letters(self) -> str:
        """The name of their topic."""
        return catalog.load(self.settings).dead_letters.name


@pytest.fixture
def subject(fresh: Settings) -> Subject:
    plan.apply(fresh)
    topic = catalog.load(fresh).topic("product-events")
    registry = RegistryClient.from_settings(fresh)
    for doc in ("Second.", "Third."):
        registry.register(topic.subject, json.dumps(topic.schema | {"doc": doc}))
    return Subject(fresh, topic, tuple(version.id for version in registry.versions(topic.subject)))


def framed(schema_id: int) -> bytes:
    """A value whose body no schema can decode: the census must not read it."""
    return wire.frame(schema_id, b"\xff" * 9)


def test_counts_every_id_with_its_first_and_last(subject: Subject) -> None:
    one, two, three = subject.ids
    subject.write(0, (framed(one), 5000), (framed(two), 6000), (framed(one), 3000))
    subject.write(
        1, (framed(one), 4000), (framed(one), 9000), (None, 9000), (b"\x07", 9000), (framed(UNKNOWN_ID), 7000)
    )
    counted = count(subject.settings, subject.topic.name)
    assert {id: use.records for id, use in counted.uses.items()} == {one: 4, two: 1, UNKNOWN_ID: 1}
    assert counted.uses[one].first == RecordPosition(0, 2, 3000)
    assert counted.uses[one].last == RecordPosition(1, 1, 9000)
    assert counted.unframed == {
        "the value is null (a tombstone)": 1,
        "the value begins with byte 0x07, expected the magic byte 0x00": 1,
    }
    found = subject.census()
    assert [(row.id, row.version) for row in found.rows] == [(one, 1), (two, 2), (three, 3), (UNKNOWN_ID, None)]
    assert (found.records, found.ok) == (8, False)


def test_only_a_version_that_nothing_needs_can_be_deleted(subject: Subject) -> None:
    def verdicts() -> dict[int, tuple[bool, str]]:
        return {row.id: (row.deletable, row.reason) for row in subject.census().rows}

    one, two, three = subject.ids
    kept = {one: (False, "producers write with it"), three: (False, "the latest version")}
    assert verdicts() == kept | {two: (True, "no record has it")}
    subject.write(0, (framed(two), 1000))
    assert verdicts() == kept | {two: (False, "records need it")}


def test_a_dead_letter_keeps_its_version(subject: Subject, monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    one, two, _ = subject.ids
    subject.write(0, (framed(two), 1000), (framed(one), 1000))
    letter, other = received(subject.settings, subject.topic.name)
    DeadLetterWriter(subject.settings, subject.dead_letters).deliver([DeadLetter(letter, "a test")], print)
    topics = AdminClient(subject.settings.kafka_client())
    (deleted,) = topics.delete_records([TopicPartition(subject.topic.name, 0, other.offset() or 0)]).values()
    deleted.result(30)
    use(monkeypatch, subject.settings)
    assert main(["census", "product-events"]) == 0
    printed = capsys.readouterr()
    assert f"v2 (id {two}): 0 records, 1 dead letter; keep: dead letters need it" in printed.out
    assert f"{subject.dead_letters}: read 1 of 1 offsets" in printed.err


def test_stops_where_the_topic_ended_and_commits_nothing(subject: Subject, monkeypatch: pytest.MonkeyPatch) -> None:
    one, two, _ = subject.ids
    subject.write(0, *[(framed(one), 1000)] * 30)
    ranges = counting._ranges

    def then_more(consumer: Consumer, topic: str) -> dict[int, tuple[int, int]]:
        found = ranges(consumer, topic)
        subject.write(0, (framed(two), 1000))
        return found

    monkeypatch.setattr(counting, "_ranges", then_more)
    monkeypatch.setattr(counting, "_PROGRESS_S", 0)
    told: list[tuple[int, int]] = []
    counted = count(subject.settings, subject.topic.name, lambda read, total: told.append((read, total)))
    assert {id: use.records for id, use in counted.uses.items()} == {one: 30}
    assert told == sorted(told)
    assert told[-1] == (30, 30)
    groups = AdminClient(subject.settings.kafka_client()).list_consumer_groups().result()
    assert "registry-census" not in {group.group_id for group in groups.valid}


def test_a_topic_that_does_not_exist(fresh: Settings) -> None:
    with pytest.raises(KafkaUnavailable, match="cannot be read"):
        count(fresh, catalog.load(fresh).topic("purchases").name)


def test_the_command(subject: Subject, monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    use(monkeypatch, subject.settings)
    one, two, _ = subject.ids
    subject.write(0, (framed(one), 1_790_000_000_123))

    def said(form: str) -> str:
        assert main(["census", "product-events", "--format", form]) == 0
        return capsys.readouterr().out

    assert f"v1 (id {one}): 1 record; keep: records need it" in said("text")
    assert f"| v2 | {two} | 0 records |  |  | can be deleted: no record has it |" in said("markdown")
    first: dict[str, Any] = json.loads(said("json"))["ids"][0]
    assert first["first"] == {"partition": 0, "offset": 0, "time_ms": 1_790_000_000_123}
    subject.write(0, (None, 1))
    assert main(["census", "product-events"]) == 1

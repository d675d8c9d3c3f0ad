"""`prove` on a real broker and registry."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from threading import Event
from typing import Any

import attrs
import pytest
from confluent_kafka import Message
from confluent_kafka.admin import AdminClient

from tests.support.avro.event_data import VIEW
from tests.support.contracts import field
from tests.support.kafka import running
from tests.support.kafka.versioned import UNKNOWN_ID, Versioned
from tests.support.variables import use
from tributary import catalog
from tributary.avro import wire
from tributary.avro.rows.encoder import encoder
from tributary.cli.main import main
from tributary.registry.apply import plan
from tributary.registry.apply.topics import KafkaUnavailable
from tributary.registry.client import RegistryClient
from tributary.registry.records import scan as counting
from tributary.registry.records.newest import newest
from tributary.settings import Settings
from tributary.stack import ports


@attrs.frozen
class Subject(Versioned):
    """v2 has no `category`; v3 has another field, and a segment that the contract does not know."""

    bodies: tuple[bytes, ...]
    """An event of each."""

    def framed(self, version: int) -> bytes:
        return wire.frame(self.ids[version - 1], self.bodies[version - 1])


@pytest.fixture
def subject(fresh: Settings) -> Subject:
    plan.apply(fresh)
    topic = catalog.load(fresh).topic("product-events")
    second, third = json.loads(topic.text), json.loads(topic.text)
    second["fields"].remove(field(second, "category"))
    third["fields"].append({"name": "coupon", "type": ["null", "string"], "default": None, "doc": "Voucher."})
    field(third, "segment")["type"]["symbols"].append("GOLD")
    registry = RegistryClient.from_settings(fresh)
    for schema in (second, third):
        registry.register(topic.subject, json.dumps(schema))
    view = attrs.asdict(VIEW)
    bodies = [
        encoder(schema, keys=True)(view | more)
        for schema, more in ((topic.schema, {}), (second, {}), (third, {"coupon": "TEN", "segment": "GOLD"}))
    ]
    ids = tuple(version.id for version in registry.versions(topic.subject))
    return Subject(fresh, topic, ids, tuple(bodies))


def test_reports_for_each_version_what_decodes_and_what_changes(
    subject: Subject, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    use(monkeypatch, subject.settings)
    name = subject.topic.name
    subject.write(0, (subject.framed(1), 1000), (subject.framed(2), 2000), (subject.framed(3), 3000))
    subject.write(1, (subject.framed(2), 4000))
    assert main(["prove", "product-events"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        f"{subject.topic.subject}: the contract reads 4 records (the last 1,000 records of each version)",
        f"  v1 (id {subject.ids[0]}): 1 record, decoded",
        f"  v2 (id {subject.ids[1]}): 2 records, all decoded",
        "    category: not written, 2 values filled with the default null",
        f"  v3 (id {subject.ids[2]}): 1 record, decoded",
        f"    segment: 1 value read differently, for example 'GOLD' → 'UNKNOWN' ({name}[0]@2)",
        "    coupon: 1 value not read, the contract has no such field",
        "4 records read, 0 failed",
    ]


def test_a_record_that_cannot_be_read_is_reported_with_its_offset_and_the_field(
    subject: Subject, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    use(monkeypatch, subject.settings)
    poison = wire.frame(subject.ids[1], subject.bodies[1][:-9])
    subject.write(2, (subject.framed(2), 1000), (poison, 2000), (None, 3000), (wire.frame(UNKNOWN_ID, b""), 4000))
    subject.write(3, (subject.framed(1), 5000))
    assert main(["prove", subject.topic.subject, "--format", "json"]) == 1
    (found,) = json.loads(capsys.readouterr().out)["subjects"]
    assert (found["ok"], found["records"], found["failed"]) == (False, 5, 3)
    rows: dict[int, Any] = {row["id"]: row for row in found["versions"]}
    assert [rows[id]["decoded"] for id in subject.ids] == [1, 1, 0]
    (failure,) = rows[subject.ids[1]]["failures"]
    assert failure["where"] == f"{subject.topic.name}[2]@1"
    assert "ProductViewed." in failure["reason"]
    assert "damaged" in failure["reason"]
    assert rows[UNKNOWN_ID]["failures"] == [
        {"where": f"{subject.topic.name}[2]@3", "reason": f"schema id {UNKNOWN_ID} is not in the registry"}
    ]
    assert found["unframed"] == [
        {"seen": "the value is null (a tombstone)", "records": 1, "where": f"{subject.topic.name}[2]@2"}
    ]


def test_takes_the_newest_of_each_version_by_their_timestamps(subject: Subject) -> None:
    one, two, _ = subject.ids
    subject.write(0, *((wire.frame(one, b"%d" % time), time) for time in (5000, 1000, 6000)))
    subject.write(1, *((wire.frame(one, b"%d" % time), time) for time in (2000, 7000)), (wire.frame(two, b"2"), 1))
    sample = newest(subject.settings, subject.topic.name, 3, lambda _read, _total: None, Event())
    assert [record.body for record in sample.records[one]] == [b"5000", b"6000", b"7000"]
    assert [record.where for record in sample.records[one]] == [
        f"{subject.topic.name}[{partition}]@{offset}" for partition, offset in ((0, 0), (0, 2), (1, 1))
    ]
    assert [record.body for record in sample.records[two]] == [b"2"]
    groups = AdminClient(subject.settings.kafka_client()).list_consumer_groups().result()
    assert not [group for group in groups.valid if group.group_id.startswith("registry")]


def test_stops_on_request_and_says_so(
    subject: Subject, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    use(monkeypatch, subject.settings)
    subject.write(0, *[(subject.framed(1), 1000)] * 20)

    def interrupted(*arguments: Any) -> Iterator[Message]:
        for number, message in enumerate(counting.messages(*arguments)):
            yield message
            if number == 4:
                signal.raise_signal(signal.SIGTERM)

    monkeypatch.setattr("tributary.registry.records.scan._BATCH", 5)
    monkeypatch.setattr("tributary.registry.records.newest.messages", interrupted)
    assert main(["prove", "product-events", "purchases"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith(
        f"{subject.topic.subject}: interrupted; of what was read until then, the contract reads 5 "
    )
    assert lines[-2].endswith(": not begun")
    assert lines[-1] == "interrupted: 5 records read, 0 failed"


def test_without_a_broker_the_error_says_what_to_do(fresh: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tributary.registry.records.scan._TIMEOUT_S", 1.0)
    nowhere = attrs.evolve(fresh, bootstrap_servers=f"{ports.LOOPBACK}:{ports.free()}")
    with pytest.raises(KafkaUnavailable, match=r"cannot be read: .*tributary stack up.*KAFKA_BOOTSTRAP_SERVERS"):
        newest(nowhere, "any", 1, lambda _read, _total: None, Event())


def test_the_command_as_a_process(subject: Subject) -> None:
    subject.write(0, (subject.framed(3), 1000))
    process = running.start(subject.settings, "registry", "prove", "--format", "markdown")
    output, _ = process.communicate(timeout=running.PATIENCE_S)
    assert process.returncode == 0, output
    assert f"### ✅ `{subject.topic.subject}`" in output
    assert output.count("no records to prove it with") == 2

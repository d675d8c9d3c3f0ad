"""A member without a broker waits for one, says so, and can be stopped; of partitions that went it keeps nothing."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import OFFSET_BEGINNING, KafkaError, Message, TopicPartition

from consumers.analytics.figures import SHOP
from tests.support.contracts import Contracts, field
from tributary import catalog
from tributary.catalog import CatalogError
from tributary.figures.member import Member, RunOptions
from tributary.figures.status import MemberStatus
from tributary.figures.store import StoreError
from tributary.figures.topic_readers import counted_topics
from tributary.kafka import admin as topics
from tributary.kafka import group
from tributary.kafka.admin import GroupError
from tributary.kafka.batch import OffsetRange
from tributary.kafka.group import GroupConsumer
from tributary.registry.client import RegistryClient
from tributary.settings import Settings
from tributary.views import terminal


@pytest.mark.parametrize("until_caught_up", [False, True])
def test_a_broker_that_is_away_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, until_caught_up: bool
) -> None:
    monkeypatch.setattr(topics, "REQUEST_S", 0.1)
    # Nothing can listen on port 0.
    settings = Settings(bootstrap_servers="127.0.0.1:0", store_path=tmp_path / "store.sqlite")
    stop = threading.Event()
    choices = RunOptions(until_caught_up=until_caught_up)
    member = Member(SHOP, settings, catalog.load(settings), RegistryClient.from_settings(settings), choices, stop)
    seen: list[MemberStatus] = []

    def observe(status: MemberStatus) -> None:
        seen.append(status)
        # Long enough to be said, and some calls later it is still running.
        if [s for s in seen if "the broker: " in s.waiting_for][30:]:
            stop.set()

    try:
        member.run(observe)
    finally:
        member.close()
    assert "the broker: " in seen[-1].waiting_for
    assert "the group: " in seen[-1].waiting_for
    assert seen[-1].partitions == 0
    assert seen[-1].lag is None
    assert "lag left                not known" in terminal.summary(seen[-1], "duplicates")
    assert sum("waiting for the broker" in record.message for record in caplog.records) == 1


def test_topics_that_analytics_does_not_know_are_named_once_and_left_alone(
    contracts: Contracts, caplog: pytest.LogCaptureFixture
) -> None:
    contracts.add("returns", {"type": "record", "name": "OrderReturned", "namespace": "a.b", "fields": []})
    views = contracts.load().topic("product-events").schema
    loaded = contracts.add("views", views)  # an event that another topic carries
    counted_topics(SHOP, loaded)
    (warning,) = [record.getMessage() for record in caplog.records if "not counted" in record.message]
    assert warning.startswith("not counted: returns (OrderReturned), views (ProductViewed): ")


def test_an_event_is_known_by_its_name_without_the_namespace(contracts: Contracts) -> None:
    loaded = contracts.edit("purchases", lambda schema: schema.update(name="tributary.events.PurchaseCompleted"))
    assert [topic.name for topic in counted_topics(SHOP, loaded)] == ["product-events", "user-events", "purchases"]


def test_a_catalogue_without_a_topic_to_count_is_refused(contracts: Contracts) -> None:
    for contract in ("product-events", "user-events", "purchases"):
        loaded = contracts.edit(contract, lambda schema: schema.update(name="Other"))
    with pytest.raises(
        CatalogError, match="no topic of the catalogue is counted: figures are made of ProductViewed, Cart"
    ):
        counted_topics(SHOP, loaded)


def test_a_contract_without_a_field_that_is_counted_is_refused(contracts: Contracts, tmp_path: Path) -> None:
    loaded = contracts.edit("purchases", lambda schema: schema.update(fields=schema["fields"][:6]))
    settings = Settings(bootstrap_servers="127.0.0.1:0", store_path=tmp_path / "store.sqlite")
    with pytest.raises(CatalogError, match=r"purchase_completed\.avsc: PurchaseCompleted: there is no field order_id"):
        Member(SHOP, settings, loaded, RegistryClient.from_settings(settings), RunOptions(), threading.Event())


@pytest.mark.parametrize(
    ("name", "kind"), [("price_minor", "double"), ("price_minor", ["null", "long"]), ("region", ["null", "string"])]
)
def test_a_field_of_a_type_that_cannot_be_counted_is_refused(
    contracts: Contracts, tmp_path: Path, name: str, kind: object
) -> None:
    loaded = contracts.edit("user-events", lambda schema: field(schema, name).update(type=kind))
    settings = Settings(bootstrap_servers="127.0.0.1:0", store_path=tmp_path / "store.sqlite")
    with pytest.raises(CatalogError, match=rf"cart_updated\.avsc: CartUpdated.{name}: figures are made of it"):
        Member(SHOP, settings, loaded, RegistryClient.from_settings(settings), RunOptions(), threading.Event())


class Client:
    """A Kafka client that does and gives what a script says."""

    def __init__(self, script: Iterator[list[Message]]) -> None:
        self.script = script
        self.on_assign: Callable[..., None] = lambda *_: None
        self.on_revoke: Callable[..., None] = lambda *_: None
        self.assigned: list[tuple[int, int]] = []

    def subscribe(self, _: list[str], *, on_assign: Any, on_revoke: Any, **__: Any) -> None:
        self.on_assign, self.on_revoke = on_assign, on_revoke

    def consume(self, at_most: int, _: float) -> list[Message]:
        return next(self.script)[:at_most]

    def assign(self, partitions: list[TopicPartition]) -> None:
        """Partitions and the offsets from which they are read."""
        self.assigned = [(partition.partition, partition.offset) for partition in partitions]

    def unassign(self) -> None:
        pass


@pytest.mark.parametrize(
    ("code", "passes"),
    [(KafkaError._MAX_POLL_EXCEEDED, True), (KafkaError._TRANSPORT, True), (KafkaError._AUTHENTICATION, False)],
)
def test_an_error_that_passes_does_not_end_the_member(monkeypatch: pytest.MonkeyPatch, code: int, passes: bool) -> None:
    client = Client(iter([[Message(error=KafkaError(code))]]))
    monkeypatch.setattr(group, "Consumer", lambda _: client)
    member = GroupConsumer(Settings(), ["t"], dict, dict, lambda: None, lambda: None)
    if passes:
        assert member.fetch(0).size == 0
    else:
        with pytest.raises(GroupError, match="refused"):
            member.fetch(0)


def messages(*offsets: int, partition: int = 0) -> list[Message]:
    return [Message(topic="t", partition=partition, offset=offset, value=b"") for offset in offsets]


def test_what_was_fetched_of_a_partition_that_went_meanwhile_is_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not in a batch yet, so neither the pipeline nor the store know of it: the store's offset is before it."""
    released: list[bool] = []

    def script() -> Iterator[list[Message]]:
        client.on_assign(client, [TopicPartition("t", 0)])
        yield messages(0, 1, 2)
        client.on_revoke(client, [TopicPartition("t", 0)])
        client.on_assign(client, [TopicPartition("t", 0)])
        yield messages(0, 1, 2)
        yield messages(3)
        yield messages(4, 5, 6)
        client.on_revoke(client, [TopicPartition("t", 0)])
        yield []

    client = Client(script())
    monkeypatch.setattr(group, "_AT_ONCE", 3)
    monkeypatch.setattr(group, "Consumer", lambda _: client)
    member = GroupConsumer(Settings(batch_size=10), ["t"], dict, dict, lambda: released.append(True), lambda: None)
    member.start("store 1")
    first, second = member.fetch(0), member.fetch(0)
    assert [message.offset() for message in first.messages["t"]] == [0, 1, 2, 3]
    assert first.ranges == {("t", 0): OffsetRange(None, 4)}
    assert (second.size, second.ranges) == (0, {})
    assert len(released) == 2


def out_of_range() -> Message:
    return Message(topic="t", partition=0, error=KafkaError(KafkaError._AUTO_OFFSET_RESET))


class Setting:
    """A member of a group of one, whose store has counted partition 0 to offset 5; partition 1 is new."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *batches: list[Message]) -> None:
        def script() -> Iterator[list[Message]]:
            self.client.on_assign(self.client, [TopicPartition("t", 0), TopicPartition("t", 1)])
            yield []
            yield from batches

        self.client = Client(script())
        self.watermarks = {("t", 0): (0, 9), ("t", 1): (0, 9)}
        monkeypatch.setattr(group, "Consumer", lambda _: self.client)
        self.member = GroupConsumer(
            Settings(), ["t"], lambda: {("t", 0): 5}, lambda: self.watermarks, lambda: None, lambda: None
        )
        self.member.fetch(0)


def test_nothing_is_read_before_the_start_and_then_from_the_store_s_offsets(monkeypatch: pytest.MonkeyPatch) -> None:
    one = Setting(monkeypatch)
    assert one.client.assigned == []
    one.member.start("store 1")
    assert one.client.assigned == [(0, 5), (1, OFFSET_BEGINNING)]


def test_a_partition_that_is_held_is_read_again_from_where_it_was_held(monkeypatch: pytest.MonkeyPatch) -> None:
    stale = [*messages(7, 8), *messages(0, 1, partition=1)]
    one = Setting(monkeypatch, messages(5, 6, 7), stale, messages(7, 8, 9))
    one.member.start("store 1")
    assert one.member.fetch(0).ranges == {("t", 0): OffsetRange(5, 8)}
    one.member.pause({("t", 0): 7})
    assert one.client.assigned == [(1, OFFSET_BEGINNING)]
    batch = one.member.fetch(0)
    assert batch.ranges == {("t", 1): OffsetRange(None, 2)}
    assert batch.size == 2
    one.member.resume([("t", 0)])
    assert one.client.assigned == [(0, 7), (1, 2)]
    assert one.member.fetch(0).ranges == {("t", 0): OffsetRange(7, 10)}


def test_a_topic_that_is_refused_stays_so_after_a_rebalance(monkeypatch: pytest.MonkeyPatch) -> None:
    one = Setting(monkeypatch)
    one.member.start("store 1")
    one.member.refuse("t", {("t", 0): 5})
    one.client.on_revoke(one.client, [])
    one.client.on_assign(one.client, [TopicPartition("t", 0), TopicPartition("t", 1)])
    assert one.client.assigned == []
    assert one.member.reading == set()


def test_messages_that_retention_deleted_unread_are_said_and_passed(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    one = Setting(monkeypatch, [out_of_range()], messages(8, 9))
    one.member.start("store 1")
    assert one.member.fetch(0).size == 0
    one.watermarks["t", 0] = (8, 20)
    one.member.return_to_range()
    assert one.client.assigned == [(0, OFFSET_BEGINNING), (1, OFFSET_BEGINNING)]
    assert "t[0]: retention deleted 3 messages before they were read" in caplog.text
    # The store's offset is where the offset range begins: what is missing must not look like a fence.
    assert one.member.fetch(0).ranges == {("t", 0): OffsetRange(5, 10)}


@pytest.mark.parametrize("stored", [None, 300])
def test_what_another_member_has_counted_meanwhile_is_not_read_again(
    monkeypatch: pytest.MonkeyPatch, stored: int | None
) -> None:
    """Between the error for a deleted offset and the answer with the watermarks, a fence leads back to the store."""
    one = Setting(monkeypatch, messages(5, 6), [out_of_range()])
    one.member.start("store 1")
    one.member.fetch(0)
    one.member.fetch(0)
    monkeypatch.setattr(one.member, "_stored", lambda: {} if stored is None else {("t", 0): stored})
    one.member.rewind()
    one.watermarks["t", 0] = (150, 400)
    one.member.return_to_range()
    assert one.client.assigned == [(0, OFFSET_BEGINNING if stored is None else stored), (1, OFFSET_BEGINNING)]


def test_a_partition_that_ends_before_what_was_counted_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    one = Setting(monkeypatch, [out_of_range()])
    one.member.start("store 1")
    one.member.fetch(0)
    one.watermarks["t", 0] = (0, 4)
    with pytest.raises(GroupError, match=r"t\[0\] ends at offset 4, before the store's next offset 5"):
        one.member.return_to_range()


def test_a_store_that_cannot_be_read_in_a_rebalance_ends_the_member(monkeypatch: pytest.MonkeyPatch) -> None:
    """An exception in librdkafka's callback would be lost."""

    def unreadable() -> dict[tuple[str, int], int]:
        raise StoreError("gone")

    def script() -> Iterator[list[Message]]:
        client.on_assign(client, [TopicPartition("t", 0)])
        yield []

    client = Client(script())
    monkeypatch.setattr(group, "Consumer", lambda _: client)
    member = GroupConsumer(Settings(), ["t"], unreadable, dict, lambda: None, lambda: None)
    with pytest.raises(StoreError, match="gone"):
        member.fetch(0)


def test_a_member_is_named_by_group_machine_and_process() -> None:
    assert re.fullmatch(r"shop-[a-zA-Z0-9._-]+-\d+", group.client_id("shop"))

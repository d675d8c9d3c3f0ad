"""A member without a broker waits for one, says so, and can be stopped; of partitions that went it keeps nothing."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import KafkaError, Message, TopicPartition

from consumers import group, terminal
from consumers.analytics.member import Analytics, Status, counted_topics
from consumers.group import GroupError, Member, Span
from registry.client import RegistryClient
from schemas import catalog
from schemas.catalog import CatalogError
from settings import Settings
from tests.conftest import Contracts, field


@pytest.mark.parametrize("until_caught_up", [False, True])
def test_a_broker_that_is_away_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, until_caught_up: bool
) -> None:
    monkeypatch.setattr(group, "_REQUEST_S", 0.1)
    # Nothing can listen on port 0.
    settings = Settings(bootstrap_servers="127.0.0.1:0", store_path=tmp_path / "store.sqlite")
    member = Analytics(settings, catalog.load(settings), RegistryClient.from_settings(settings))
    stop = threading.Event()
    seen: list[Status] = []

    def observe(status: Status) -> None:
        seen.append(status)
        # Some calls later it is still running.
        if [s for s in seen if s.waiting_for][15:]:
            stop.set()

    try:
        member.run(stop, until_caught_up=until_caught_up, observe=observe)
    finally:
        member.close()
    assert seen[-1].waiting_for.startswith("the broker: ")
    assert seen[-1].partitions == 0
    assert seen[-1].lag is None
    assert "lag left                not known" in terminal.summary(seen[-1])
    assert sum("waiting for the broker" in record.message for record in caplog.records) == 1


def test_topics_that_analytics_does_not_know_are_named_once_and_left_alone(
    contracts: Contracts, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    contracts.add("returns", {"type": "record", "name": "OrderReturned", "namespace": "a.b", "fields": []})
    views = contracts.load().topic("product-events").schema
    loaded = contracts.add("views", views)  # an event that another topic carries
    settings = Settings(bootstrap_servers="127.0.0.1:0", store_path=tmp_path / "store.sqlite")
    member = Analytics(settings, loaded, RegistryClient.from_settings(settings))
    member.close()
    (warning,) = [record.getMessage() for record in caplog.records if "not counted" in record.message]
    assert warning.startswith("not counted: returns (OrderReturned), views (ProductViewed): ")


def test_an_event_is_known_by_its_name_without_the_namespace(contracts: Contracts) -> None:
    loaded = contracts.edit("purchases", lambda schema: schema.update(name="tributary.events.PurchaseCompleted"))
    assert [topic.name for topic in counted_topics(loaded)] == ["product-events", "user-events", "purchases"]


def test_a_catalogue_without_a_topic_to_count_is_refused(contracts: Contracts) -> None:
    for contract in ("product-events", "user-events", "purchases"):
        loaded = contracts.edit(contract, lambda schema: schema.update(name="Other"))
    with pytest.raises(CatalogError, match="no topic of the catalogue: figures are made of ProductViewed, Cart"):
        counted_topics(loaded)


def test_a_contract_without_a_field_that_is_counted_is_refused(contracts: Contracts, tmp_path: Path) -> None:
    loaded = contracts.edit("purchases", lambda schema: schema.update(fields=schema["fields"][:6]))
    settings = Settings(bootstrap_servers="127.0.0.1:0", store_path=tmp_path / "store.sqlite")
    with pytest.raises(CatalogError, match=r"purchase_completed\.avsc: PurchaseCompleted: no field is named order_id"):
        Analytics(settings, loaded, RegistryClient.from_settings(settings))


@pytest.mark.parametrize(
    ("name", "kind"), [("price_minor", "double"), ("price_minor", ["null", "long"]), ("region", ["null", "string"])]
)
def test_a_field_of_a_type_that_cannot_be_counted_is_refused(
    contracts: Contracts, tmp_path: Path, name: str, kind: object
) -> None:
    loaded = contracts.edit("user-events", lambda schema: field(schema, name).update(type=kind))
    settings = Settings(bootstrap_servers="127.0.0.1:0", store_path=tmp_path / "store.sqlite")
    with pytest.raises(CatalogError, match=rf"cart_updated\.avsc: CartUpdated.{name}: figures are made of it"):
        Analytics(settings, loaded, RegistryClient.from_settings(settings))


class Client:
    """A Kafka client that does and gives what a script says."""

    def __init__(self, script: Iterator[list[Message]]) -> None:
        self.script = script
        self.on_assign: Callable[..., None] = lambda *_: None
        self.on_revoke: Callable[..., None] = lambda *_: None

    def subscribe(self, _: list[str], *, on_assign: Any, on_revoke: Any, **__: Any) -> None:
        self.on_assign, self.on_revoke = on_assign, on_revoke

    def consume(self, at_most: int, _: float) -> list[Message]:
        return next(self.script)[:at_most]

    def assign(self, partitions: list[TopicPartition]) -> None:
        pass

    def unassign(self) -> None:
        pass


@pytest.mark.parametrize(
    ("code", "passes"),
    [(KafkaError._MAX_POLL_EXCEEDED, True), (KafkaError._TRANSPORT, True), (KafkaError._AUTHENTICATION, False)],
)
def test_an_error_that_passes_does_not_end_the_member(monkeypatch: pytest.MonkeyPatch, code: int, passes: bool) -> None:
    client = Client(iter([[Message(error=KafkaError(code))]]))
    monkeypatch.setattr(group, "Consumer", lambda _: client)
    member = Member(Settings(), ["t"], dict, lambda: None, lambda: None)
    if passes:
        assert member.fetch(0).size == 0
    else:
        with pytest.raises(GroupError, match="refused"):
            member.fetch(0)


def test_what_was_fetched_of_a_partition_that_went_meanwhile_is_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not in a batch yet, so neither the pipeline nor the store know of it: the store's offset is before it."""
    released: list[bool] = []

    def messages(*offsets: int) -> list[Message]:
        return [Message(topic="t", partition=0, offset=offset, value=b"") for offset in offsets]

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
    member = Member(Settings(batch_size=10), ["t"], dict, lambda: released.append(True), lambda: None)
    first, second = member.fetch(0), member.fetch(0)
    assert [message.offset() for message in first.messages["t"]] == [0, 1, 2, 3]
    assert first.spans == {("t", 0): Span(None, 4)}
    assert (second.size, second.spans) == (0, {})
    assert len(released) == 2

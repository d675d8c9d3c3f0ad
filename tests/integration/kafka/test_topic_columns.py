"""A topic read as columns, on a real broker and registry, against the same records read one by one by fastavro."""

from __future__ import annotations

import io
import json
from typing import Any

import attrs
import fastavro
import numpy as np
import pytest
from confluent_kafka import Producer

from tests.support.contracts import NOWHERE
from tests.support.figures.shop_messages import event
from tests.support.kafka import running
from tributary import catalog
from tributary.avro import SchemaError, wire
from tributary.catalog import CatalogError, Topic
from tributary.kafka import TopicColumns, read_columns
from tributary.registry.apply.topics import KafkaUnavailable
from tributary.registry.client import RegistryClient, RegistryUnavailable
from tributary.settings import Settings

FIELDS = ["order_id", "total_minor", "items.product_id", "currency"]
NOBODYS = 4_000_000


class Purchases:
    """The topic, and two writer schemas of its subject."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.topic: Topic = catalog.load(settings).topic("purchases")
        registry = RegistryClient.from_settings(settings)
        more = {"name": "campaign", "type": "string", "default": "none", "doc": "More."}
        later = {**self.topic.schema, "fields": [more, *self.topic.schema["fields"]]}
        registry.register(self.topic.subject, json.dumps(later))
        first, second = registry.versions(self.topic.subject)
        self._schemas = {0: (first.id, self.topic.schema), 1: (second.id, later)}

    def value(self, n: int, **fields: Any) -> bytes:
        """The nth purchase, written with one schema or the other."""
        schema_id, schema = self._schemas[n % 2]
        body = io.BytesIO()
        fastavro.schemaless_writer(body, fastavro.parse_schema(schema), event("purchases", n) | fields)
        return wire.frame(schema_id, body.getvalue())

    def write(self, partition: int, *values: bytes | None) -> None:
        """Write values in order."""
        running.write(self.settings, self.topic.name, partition, *((value, 1_000) for value in values))

    def read(self, **options: Any) -> list[TopicColumns]:
        """All that the topic has, as columns."""
        return list(read_columns("purchases", FIELDS, settings=self.settings, **options))


@pytest.fixture
def purchases(registered: Settings) -> Purchases:
    return Purchases(registered)


def rows(parts: list[TopicColumns]) -> list[tuple[Any, ...]]:
    """Partition, offset, and the fields of each record, in the order of partition and offset."""
    found = []
    for part in parts:
        if not part.records.rows:
            continue
        items = part.records.lists("items")
        names: list[list[str]] = [[] for _ in range(part.records.rows)]
        if items.records.rows:
            for row, name in zip(items.parent.tolist(), items.records.strings("product_id").tolist(), strict=True):
                names[row].append(str(name))
        found += zip(
            part.partitions.tolist(),
            part.offsets.tolist(),
            part.records.strings("order_id").tolist(),
            part.records.integers("total_minor").tolist(),
            [tuple(some) for some in names],
            part.records.strings("currency").tolist(),
            strict=True,
        )
    return sorted(found)


def expected(partition: int, offset: int, n: int, **fields: Any) -> tuple[Any, ...]:
    purchase = event("purchases", n) | fields
    products = tuple(item["product_id"] for item in purchase["items"])
    return partition, offset, purchase["order_id"], purchase["total_minor"], products, purchase["currency"]


@pytest.mark.parametrize("batch_size", [1, 3, 10_000])
def test_every_record_is_read_or_reported(purchases: Purchases, batch_size: int) -> None:
    long = "o" * 70_000  # decoded alone, so that the columns of others do not become as wide
    purchases.write(0, purchases.value(0), None, purchases.value(1), purchases.value(2, order_id=long))
    purchases.write(1, purchases.value(3), purchases.value(4)[:-1], wire.frame(NOBODYS, b"x"))

    parts = purchases.read(batch_size=batch_size)

    assert rows(parts) == [
        expected(0, 0, 0),
        expected(0, 2, 1),
        expected(0, 3, 2, order_id=long),
        expected(1, 0, 3),
    ]
    unreadable = sorted((one.partition, one.offset, one.reason) for part in parts for one in part.unreadable)
    assert [place[:2] for place in unreadable] == [(0, 1), (1, 1), (1, 2)]
    assert "does not decode with schema id" in unreadable[1][2]
    assert unreadable[2][2] == f"schema id {NOBODYS} is not in the registry"


def test_records_of_an_aborted_transaction_are_left_out(purchases: Purchases) -> None:
    producer = Producer({**purchases.settings.kafka_client(), "transactional.id": purchases.topic.name})
    producer.init_transactions(30)
    for n, commit in ((0, False), (1, True), (2, False)):
        producer.begin_transaction()
        producer.produce(purchases.topic.name, purchases.value(n), partition=0)
        producer.flush(30)
        producer.commit_transaction(30) if commit else producer.abort_transaction(30)

    assert [row[2] for row in rows(purchases.read())] == ["o1"]


def test_any_topic_is_read_with_a_contract_and_all_its_fields(purchases: Purchases) -> None:
    purchases.write(0, purchases.value(1))
    contract = {
        "type": "record",
        "name": purchases.topic.event,
        "fields": [
            {"name": "total_minor", "type": "long"},
            {"name": "rating", "type": ["null", "int"], "default": None},
        ],
    }

    [part] = read_columns(purchases.topic.name, contract=contract, settings=purchases.settings)

    assert part.records.integers("total_minor").tolist() == [1]
    assert part.records.nullable("rating").tolist() == [None]
    assert part.unreadable == []
    np.testing.assert_array_equal(part.offsets, [0])


def test_an_empty_topic_has_no_columns(purchases: Purchases) -> None:
    assert purchases.read() == []


def test_what_cannot_be_read_at_all_is_an_error(purchases: Purchases) -> None:
    settings = purchases.settings
    with pytest.raises(SchemaError, match="there is no field colour"):
        read_columns("purchases", ["colour"], settings=settings)
    with pytest.raises(CatalogError, match="payments"):
        read_columns("payments", settings=settings)
    with pytest.raises(KafkaUnavailable, match="topic payments"):
        list(read_columns("payments", contract=purchases.topic.schema, settings=settings))
    purchases.write(0, purchases.value(1))
    with pytest.raises(RegistryUnavailable):
        list(read_columns("purchases", settings=attrs.evolve(settings, registry_url=NOWHERE)))

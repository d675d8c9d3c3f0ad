"""Confluent's own client and serializers against the local registry, in every documented way to find a schema."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from confluent_kafka.schema_registry import (
    Schema,
    SchemaReference,
    SchemaRegistryClient,
    record_subject_name_strategy,
    topic_record_subject_name_strategy,
    topic_subject_name_strategy,
)
from confluent_kafka.schema_registry.avro import AvroDeserializer, AvroSerializer
from confluent_kafka.schema_registry.error import SchemaRegistryError
from confluent_kafka.schema_registry.schema_registry_client import (
    ConfigCompatibilityLevel,
    Metadata,
    MetadataProperties,
    ServerConfig,
)
from confluent_kafka.serialization import MessageField, SerializationContext

from registry.testing import TestRegistry, serve

V1 = '{"type":"record","name":"View","namespace":"shop","fields":[{"name":"id","type":"string"}]}'
V2 = (
    '{"type":"record","name":"View","namespace":"shop","fields":'
    '[{"name":"id","type":"string"},{"name":"n","type":"int","default":7}]}'
)
BAD = V1.replace('"string"', '"int"')
VALUE = SerializationContext("views", MessageField.VALUE)


@pytest.fixture(scope="module")
def server() -> Iterator[TestRegistry]:
    with serve() as registry:
        yield registry


@pytest.fixture
def client(server: TestRegistry) -> SchemaRegistryClient:
    server.reset()
    return SchemaRegistryClient({"url": server.url})


def test_the_client_does_all_it_can(client: SchemaRegistryClient) -> None:
    assert client.register_schema("views-value", Schema(V1, "AVRO")) == 1
    assert client.register_schema("views-value", Schema(V2, "AVRO")) == 2
    assert client.get_schema(1).schema_str == V1
    assert client.lookup_schema("views-value", Schema(V1, "AVRO")).version == 1
    latest = client.get_latest_version("views-value")
    assert (latest.version, latest.schema_id, latest.schema.schema_str) == (2, 2, V2)
    assert client.get_schema_by_guid(str(latest.guid)).schema_str == V2
    assert client.get_version("views-value", 1).schema_id == 1
    assert client.get_versions("views-value") == [1, 2]
    assert client.get_subjects() == ["views-value"]
    assert not client.test_compatibility("views-value", Schema(BAD, "AVRO"))
    with pytest.raises(SchemaRegistryError) as refused:
        client.register_schema("views-value", Schema(BAD, "AVRO"))
    assert (refused.value.http_status_code, refused.value.error_code) == (409, 40901)
    assert client.delete_version("views-value", 1) == 1
    assert client.delete_subject("views-value") == [2]
    assert client.delete_subject("views-value", permanent=True) == [1, 2]


def test_the_client_sets_levels(client: SchemaRegistryClient) -> None:
    client.set_config("s", ServerConfig(compatibility=ConfigCompatibilityLevel.FULL))
    assert client.get_config("s").compatibility_level == ConfigCompatibilityLevel.FULL
    assert client.get_config().compatibility_level == ConfigCompatibilityLevel.BACKWARD


def test_the_client_registers_references(client: SchemaRegistryClient) -> None:
    client.register_schema("view", Schema(V1, "AVRO"))
    order = '{"type":"record","name":"Order","namespace":"shop","fields":[{"name":"view","type":"View"}]}'
    schema = Schema(order, "AVRO", [SchemaReference("shop.View", "view", 1)])
    registered = client.get_schema(client.register_schema("order", schema))
    assert [reference.subject for reference in registered.references or []] == ["view"]


@pytest.mark.parametrize(
    ("options", "subject"),
    [
        ({}, "views-value"),
        ({"subject.name.strategy": topic_subject_name_strategy}, "views-value"),
        ({"subject.name.strategy": record_subject_name_strategy}, "shop.View"),
        ({"subject.name.strategy": topic_record_subject_name_strategy}, "views-shop.View"),
        ({"normalize.schemas": True}, "views-value"),
    ],
)
def test_a_serializer_that_registers(client: SchemaRegistryClient, options: dict[str, Any], subject: str) -> None:
    framed = AvroSerializer(client, V1, conf={"auto.register.schemas": True, **options})({"id": "a"}, VALUE)
    assert client.get_subjects() == [subject]
    assert AvroDeserializer(client, V2)(framed, VALUE) == {"id": "a", "n": 7}


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"normalize.schemas": True},
        {"use.schema.id": 1},
        {"use.latest.version": True},
        {"use.latest.with.metadata": {"owner": "growth"}},
    ],
)
def test_a_serializer_that_never_registers(client: SchemaRegistryClient, options: dict[str, Any]) -> None:
    metadata = Metadata(None, MetadataProperties({"owner": "growth"}), None)
    client.register_schema("views-value", Schema(V1, "AVRO", metadata=metadata))
    framed = AvroSerializer(client, V1, conf={"auto.register.schemas": False, **options})({"id": "a"}, VALUE)
    assert AvroDeserializer(client)(framed, VALUE) == {"id": "a"}


def test_a_serializer_whose_schema_is_not_registered_fails(client: SchemaRegistryClient) -> None:
    with pytest.raises(SchemaRegistryError) as refused:
        AvroSerializer(client, V1, conf={"auto.register.schemas": False})({"id": "a"}, VALUE)
    assert refused.value.error_code == 40401

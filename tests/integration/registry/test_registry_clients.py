"""Confluent's own client and serializers, with every documented option, against the registry of the tests."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import attrs
import pytest
from confluent_kafka.schema_registry import (
    Schema,
    SchemaReference,
    SchemaRegistryClient,
    header_schema_id_serializer,
    prefix_schema_id_serializer,
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

from tests.support.registry.guest import Guest
from tributary.catalog import LEVELS

ID = {"name": "id", "type": "string"}
COUNT = {"name": "n", "type": "int", "default": 7}
OWNER = {"owner": "growth"}


@attrs.frozen
class Views:
    """A topic's subject, two versions of its schema, and a client."""

    guest: Guest
    client: SchemaRegistryClient
    topic: str
    subject: str
    v1: str
    v2: str
    bad: str

    @property
    def value(self) -> SerializationContext:
        return SerializationContext(self.topic, MessageField.VALUE, [])


@pytest.fixture
def views(guest: Guest) -> Views:
    subject = guest.subject("views-value")
    guest.set_level(subject, "BACKWARD")
    texts = guest.record(ID), guest.record(ID, COUNT), guest.record(ID | {"type": "int"})
    return Views(guest, guest.client(), subject.removesuffix("-value"), subject, *texts)


def avro(text: str, **more: Any) -> Schema:
    return Schema(text, "AVRO", **more)


def owned(text: str, owner: str = "growth") -> Schema:
    return avro(text, metadata=Metadata(None, MetadataProperties({"owner": owner}), None))


def refused(call: Callable[[], object]) -> tuple[int, int]:
    """The status and the error code with which the registry refuses."""
    with pytest.raises(SchemaRegistryError) as error:
        call()
    return error.value.http_status_code, error.value.error_code


# ---- the client --------------------------------------------------------------------------------


def test_versions(views: Views) -> None:
    client, subject = views.client, views.subject
    one = client.register_schema(subject, avro(views.v1))
    full = client.register_schema_full_response(subject, avro(views.v2))
    two = full.schema_id
    assert two is not None
    assert client.get_schema(one).schema_str == views.v1
    assert client.lookup_schema(subject, avro(views.v1)).version == 1
    latest = client.get_latest_version(subject)
    assert (latest.version, latest.schema_id, latest.schema.schema_str) == (2, two, views.v2)
    assert client.get_schema_by_guid(str(latest.guid)).schema_str == views.v2
    assert client.get_version(subject, 1).schema_id == one
    assert client.get_versions(subject) == [1, 2]
    assert client.get_subjects_by_schema_id(two) == [subject]
    assert [(v.subject, v.version) for v in client.get_schema_versions(two)] == [(subject, 2)]
    assert client.get_subjects(subject_prefix=views.topic) == [subject]
    assert "AVRO" in client.get_schema_types()
    assert "." in client.get_contexts()


def test_deletes(views: Views) -> None:
    client, subject = views.client, views.subject
    for text in (views.v1, views.v2):
        client.register_schema(subject, avro(text))
    assert client.delete_version(subject, 1) == 1
    assert client.get_versions(subject) == [2]
    assert client.get_versions(subject, deleted=True) == [1, 2]
    assert client.get_version(subject, 1, deleted=True).schema.schema_str == views.v1
    assert client.delete_version(subject, 1, permanent=True) == 1
    assert client.delete_subject(subject) == [2]
    assert client.get_subjects(subject_prefix=views.topic) == []
    assert client.get_subjects(subject_prefix=views.topic, deleted=True) == [subject]
    assert client.delete_subject(subject, permanent=True) == [2]


def test_compatibility(views: Views) -> None:
    client, subject = views.client, views.subject
    client.register_schema(subject, avro(views.v1))
    assert client.test_compatibility(subject, avro(views.v2))
    assert not client.test_compatibility(subject, avro(views.bad), version=1, verbose=True)
    assert not client.test_compatibility_all_versions(subject, avro(views.bad))
    assert refused(lambda: client.register_schema(subject, avro(views.bad))) == (409, 40901)


def test_settings_of_a_subject(views: Views) -> None:
    client, subject = views.client, views.subject
    config = ServerConfig(compatibility=ConfigCompatibilityLevel.FULL, compatibility_group="major")
    client.set_config(subject, config)
    kept = client.get_config(subject)
    assert (kept.compatibility_level, kept.compatibility_group) == (ConfigCompatibilityLevel.FULL, "major")
    assert client.set_compatibility(subject, "FORWARD")["compatibility"] == "FORWARD"  # type: ignore[index]
    assert client.get_compatibility(subject) == "FORWARD"
    client.delete_config(subject)
    assert client.get_compatibility() in LEVELS
    assert client.update_mode(subject, "READONLY") == "READONLY"
    assert refused(lambda: client.register_schema(subject, avro(views.v1))) == (422, 42205)
    assert client.get_mode(subject) == "READONLY"
    client.delete_mode(subject)
    assert client.get_global_mode() in ("READWRITE", "READONLY", "IMPORT", "READONLY_OVERRIDE", "FORWARD")


def test_metadata(views: Views) -> None:
    client, subject = views.client, views.subject
    client.register_schema(subject, owned(views.v1))
    client.register_schema(subject, owned(views.v2, "ads"))
    found = client.get_latest_with_metadata(subject, OWNER)
    assert (found.version, found.schema.schema_str) == (1, views.v1)
    assert refused(lambda: client.get_latest_with_metadata(subject, {"owner": "nobody"})) == (404, 40403)


def test_references(views: Views) -> None:
    client, view, order = views.client, views.subject, views.guest.subject("order")
    client.register_schema(view, avro(views.v1))
    name = f"{json.loads(views.v1)['namespace']}.View"
    text = views.guest.record({"name": "view", "type": name}, name="Order")
    registered = client.register_schema(order, avro(text, references=[SchemaReference(name, view, 1)]))
    assert [one.subject for one in client.get_schema(registered).references or []] == [view]
    assert client.get_referenced_by(view, 1) == [registered]
    resolved = views.guest.client().get_schema(registered, fmt="resolved").schema_str
    assert json.loads(resolved or "")["fields"][0]["type"]["name"] == "View"


def test_a_context(views: Views) -> None:
    client = views.client
    there = views.guest.subject("views-value", context=views.guest.context())
    client.register_schema(views.subject, avro(views.v1))
    registered = client.register_schema(there, avro(views.bad))
    assert client.get_schema(registered, there).schema_str == views.bad
    assert client.get_versions(there) == [1]
    assert client.get_latest_version(views.subject).schema.schema_str == views.v1


def test_a_client_may_live_in_a_context(views: Views) -> None:
    context = views.guest.context()
    url = f"{views.guest.settings.registry_url}/contexts/{context.strip(':')}"
    client, subject = views.guest.client(url=url), views.guest.remember(f"{context}{views.subject}")
    registered = client.register_schema(views.subject, avro(views.v1))
    assert client.get_subjects() == [subject]
    assert client.get_latest_version(views.subject).subject == subject
    serialize = AvroSerializer(client, views.v1, conf={"auto.register.schemas": False})
    framed = serialize({"id": "a"}, views.value)
    assert framed is not None and int.from_bytes(framed[1:5], "big") == registered
    assert AvroDeserializer(client)(framed, views.value) == {"id": "a"}


# ---- the serializers ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "subject"),
    [
        ({}, "{topic}-value"),
        ({"subject.name.strategy": topic_subject_name_strategy}, "{topic}-value"),
        ({"subject.name.strategy": record_subject_name_strategy}, "{record}"),
        ({"subject.name.strategy": topic_record_subject_name_strategy}, "{topic}-{record}"),
        ({"subject.name.strategy.type": "TOPIC"}, "{topic}-value"),
        ({"subject.name.strategy.type": "RECORD"}, "{record}"),
        ({"subject.name.strategy.type": "TOPIC_RECORD"}, "{topic}-{record}"),
        ({"subject.name.strategy.type": "ASSOCIATED"}, "{topic}-value"),
        ({"normalize.schemas": True}, "{topic}-value"),
    ],
)
def test_a_serializer_that_registers(views: Views, options: dict[str, Any], subject: str) -> None:
    record = f"{json.loads(views.v1)['namespace']}.View"
    expected = views.guest.remember(subject.format(topic=views.topic, record=record))
    serialize = AvroSerializer(views.client, views.v1, conf={"auto.register.schemas": True, **options})
    framed = serialize({"id": "a"}, views.value)
    assert views.client.get_versions(expected) == [1]
    assert AvroDeserializer(views.client, views.v2)(framed, views.value) == {"id": "a", "n": 7}


@pytest.mark.parametrize(
    ("options", "read"),
    [
        ({}, {"id": "a"}),
        ({"normalize.schemas": True}, {"id": "a"}),
        ({"use.schema.id": 1}, {"id": "a"}),
        ({"use.latest.version": True}, {"id": "a", "n": 7}),
        ({"use.latest.with.metadata": OWNER}, {"id": "a"}),
        ({"validate.strict": True}, {"id": "a"}),
    ],
)
def test_a_serializer_that_never_registers(views: Views, options: dict[str, Any], read: dict[str, Any]) -> None:
    by_owner = "use.latest.with.metadata" in options
    first = views.client.register_schema(views.subject, owned(views.v1) if by_owner else avro(views.v1))
    views.client.register_schema(views.subject, owned(views.v2, "ads") if by_owner else avro(views.v2))
    if "use.schema.id" in options:
        options = {"use.schema.id": first}
    serialize = AvroSerializer(views.client, views.v1, conf={"auto.register.schemas": False, **options})
    assert AvroDeserializer(views.client)(serialize({"id": "a"}, views.value), views.value) == read
    assert views.client.get_versions(views.subject) == [1, 2]


def test_a_serializer_whose_schema_is_not_registered_fails(views: Views) -> None:
    serialize = AvroSerializer(views.client, views.v1, conf={"auto.register.schemas": False})
    assert refused(lambda: serialize({"id": "a"}, views.value)) == (404, 40401)


def test_a_serializer_does_not_register_what_breaks(views: Views) -> None:
    views.client.register_schema(views.subject, avro(views.v1))
    serialize = AvroSerializer(views.client, views.bad, conf={"auto.register.schemas": True})
    assert refused(lambda: serialize({"id": 1}, views.value)) == (409, 40901)


@pytest.mark.parametrize("options", [{"use.latest.version": True}, {"use.latest.with.metadata": {"owner": "ads"}}])
def test_a_deserializer_reads_with_a_registered_version(views: Views, options: dict[str, Any]) -> None:
    framed = AvroSerializer(views.client, views.v1)({"id": "a"}, views.value)
    views.client.register_schema(views.subject, owned(views.v2, "ads"))
    assert AvroDeserializer(views.guest.client(), conf=options)(framed, views.value) == {"id": "a", "n": 7}


@pytest.mark.parametrize("place", [prefix_schema_id_serializer, header_schema_id_serializer])
def test_the_id_travels_in_the_payload_or_in_a_header(views: Views, place: Any) -> None:
    context = views.value
    event = {"id": "long enough to be taken for a frame"}
    framed = AvroSerializer(views.client, views.v1, conf={"schema.id.serializer": place})(event, context)
    assert AvroDeserializer(views.guest.client())(framed, context) == event


def test_a_schema_with_references(views: Views) -> None:
    view, order = views.subject, views.guest.subject("order-value")
    views.client.register_schema(view, avro(views.v1))
    name = f"{json.loads(views.v1)['namespace']}.View"
    text = views.guest.record({"name": "view", "type": name}, name="Order")
    schema = avro(text, references=[SchemaReference(name, view, 1)])
    context = SerializationContext(order.removesuffix("-value"), MessageField.VALUE, [])
    framed = AvroSerializer(views.client, schema)({"view": {"id": "a"}}, context)
    for reader in (None, schema):
        assert AvroDeserializer(views.guest.client(), reader)(framed, context) == {"view": {"id": "a"}}


def test_a_key_has_a_subject_of_its_own(views: Views) -> None:
    views.guest.remember(f"{views.topic}-key")
    context = SerializationContext(views.topic, MessageField.KEY)
    assert AvroDeserializer(views.client)(AvroSerializer(views.client, '"string"')("a", context), context) == "a"
    assert views.client.get_versions(f"{views.topic}-key") == [1]

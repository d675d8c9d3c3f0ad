"""A writer schema by its id, whatever state the registry is in: nothing good is lost, nothing bad is believed."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterator
from pathlib import Path

import attrs
import pytest

from tests.support.registry.faulty_registry import Fault, FaultyRegistry, faulty_registry
from tributary.registry import lock
from tributary.registry.client import (
    RegistryClient,
    RegistryUnavailable,
    SchemaConflict,
    SchemaNotFound,
    SchemaUnusable,
)
from tributary.registry.testing import TestRegistry, serve

SCHEMA = '{"type":"record","name":"R","fields":[{"name":"a","type":"int"}]}'
OTHER = SCHEMA.replace('"a"', '"b"')
BEYOND_S = 9.0
"""A call takes 5 s at the most; a busy machine may need more."""

_SPEAKING = ("NONE", "UNKNOWN_IDS", "SLOW", "WRONG_SCHEMA", "PROTOBUF", "LAGGING")
WRONG = [fault for fault in Fault if fault.name not in _SPEAKING]
"""States in which the registry's answer says nothing about the schema."""


@attrs.frozen
class Rig:
    """A registry that holds SCHEMA and OTHER, and the proxy before it."""

    faulty: FaultyRegistry
    known: int
    unknown: int
    """In the registry, not in the lock."""
    lock_path: Path

    def client(self) -> RegistryClient:
        return RegistryClient(self.faulty.url, lock_path=self.lock_path)


@pytest.fixture(scope="module")
def server() -> Iterator[TestRegistry]:
    with serve() as registry:
        yield registry


@pytest.fixture
def rig(server: TestRegistry, tmp_path: Path) -> Iterator[Rig]:
    server.reset()
    direct = RegistryClient(server.url)
    known, unknown = direct.register("s-value", SCHEMA), direct.register("other-value", OTHER)
    path = tmp_path / "lock.json"
    lock.save(lock.Lock(lock.LOCAL, {"s-value": lock.Subject("FULL", (lock.Version(1, known, SCHEMA),))}), path)
    with faulty_registry(server.url, delay_s=1.0) as faulty:
        yield Rig(faulty, known, unknown, path)


def test_the_registry_answers(rig: Rig) -> None:
    assert (rig.client().schema_text(rig.known), rig.client().schema_text(rig.unknown)) == (SCHEMA, OTHER)


@pytest.mark.parametrize("fault", [*WRONG, Fault.UNKNOWN_IDS], ids=lambda fault: fault.name)
def test_a_known_id_is_taken_from_the_lock_and_said_once(
    rig: Rig, fault: Fault, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tributary.registry.client.schema_texts._WITHIN_S", 1.0)
    rig.faulty.fault = fault
    client = rig.client()
    with caplog.at_level(logging.WARNING):
        began = time.monotonic()
        assert [client.schema_text(rig.known), client.schema_text(rig.known)] == [SCHEMA, SCHEMA]
    assert time.monotonic() - began < BEYOND_S
    (record,) = caplog.records
    assert record.getMessage().startswith(f"schema {rig.known} is taken from the lock: ")


@pytest.mark.parametrize("fault", WRONG, ids=lambda fault: fault.name)
def test_an_unknown_id_is_not_said_to_be_missing(rig: Rig, fault: Fault) -> None:
    rig.faulty.fault = fault
    client = rig.client()
    began = time.monotonic()
    with pytest.raises(RegistryUnavailable):
        client.schema_text(rig.unknown)
    assert time.monotonic() - began < BEYOND_S
    assert rig.faulty.count() == (0 if fault is Fault.REFUSING else 1)
    rig.faulty.fault = Fault.NONE
    assert client.schema_text(rig.unknown) == OTHER


def test_an_id_that_the_registry_does_not_have(rig: Rig) -> None:
    with pytest.raises(SchemaNotFound) as missing:
        rig.client().schema_text(999)
    assert missing.value.schema_id == 999


@pytest.mark.parametrize("schema_id", [2**31, 2**32 - 1])
def test_an_id_beyond_those_of_registries_is_not_asked_for(rig: Rig, schema_id: int) -> None:
    with pytest.raises(SchemaNotFound):
        rig.client().schema_text(schema_id)
    assert rig.faulty.count() == 0


def test_a_replica_that_lags_is_believed_when_it_has_the_id(rig: Rig) -> None:
    rig.faulty.fault = Fault.LAGGING
    client = rig.client()
    with pytest.raises(SchemaNotFound):
        client.schema_text(rig.unknown)
    time.sleep(rig.faulty.delay_s)
    assert client.schema_text(rig.unknown) == OTHER


def test_a_slow_registry_is_waited_for(rig: Rig) -> None:
    rig.faulty.fault = Fault.SLOW
    assert rig.client().schema_text(rig.unknown) == OTHER


def test_another_schema_than_the_lock_has_is_refused(rig: Rig) -> None:
    rig.faulty.fault = Fault.WRONG_SCHEMA
    client = rig.client()
    with pytest.raises(SchemaConflict) as refused:
        client.schema_text(rig.known)
    for word in (f"schema id {rig.known}", rig.faulty.url, str(rig.lock_path), "tributary drift"):
        assert word in str(refused.value)
    rig.faulty.fault = Fault.NONE
    assert client.schema_text(rig.known) == SCHEMA  # the wrong one was not kept


def test_a_schema_of_another_type_is_told_apart(rig: Rig) -> None:
    rig.faulty.fault = Fault.PROTOBUF
    with pytest.raises(SchemaUnusable, match=f"schema id {rig.unknown} is of type PROTOBUF, expected AVRO"):
        rig.client().schema_text(rig.unknown)
    with pytest.raises(SchemaConflict, match="PROTOBUF"):
        rig.client().schema_text(rig.known)


def test_another_layout_is_no_other_schema(rig: Rig, tmp_path: Path) -> None:
    path = tmp_path / "laid-out.json"
    laid_out = json.dumps(json.loads(SCHEMA), indent=4)
    lock.save(lock.Lock(lock.LOCAL, {"s-value": lock.Subject("FULL", (lock.Version(1, rig.known, laid_out),))}), path)
    assert RegistryClient(rig.faulty.url, lock_path=path).schema_text(rig.known) == SCHEMA


def test_references_are_resolved(rig: Rig, server: TestRegistry) -> None:
    outer = '{"type":"record","name":"Outer","fields":[{"name":"r","type":"R"}]}'
    reference = {"name": "R", "subject": "s-value", "version": 1}
    body = {"schema": outer, "references": [reference]}
    direct = RegistryClient(server.url)
    schema_id = direct._requests.once("POST", "/subjects/outer-value/versions", body)["id"]
    (version,) = direct.versions("outer-value")
    for text in (rig.client().schema_text(schema_id), version.schema):
        (field,) = json.loads(text)["fields"]
        assert field["type"]["fields"][0]["name"] == "a"


def test_a_lock_of_another_registry_does_not_answer(rig: Rig, tmp_path: Path) -> None:
    path = tmp_path / "other.json"
    subject = lock.Subject("FULL", (lock.Version(1, rig.known, SCHEMA),))
    lock.save(lock.Lock("https://registry.example", {"s-value": subject}), path)
    rig.faulty.fault = Fault.ERROR_503
    with pytest.raises(RegistryUnavailable, match="503"):
        RegistryClient(rig.faulty.url, lock_path=path).schema_text(rig.known)

"""The verification by data: each record of each version, decoded with the contract as it is in the working copy."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import attrs
import pytest

from tests.support.avro.event_data import PURCHASE, VIEW
from tests.support.contracts import CONTRACTS, Contracts, Edit, field
from tests.support.variables import use
from tributary.avro import wire
from tributary.avro.rows.encoder import encoder
from tributary.catalog import load
from tributary.cli.main import main
from tributary.registry import lock
from tributary.registry.records.verify import (
    Failure,
    RecordSet,
    SampleRecord,
    Unframed,
    ValueChange,
    Verification,
    candidate,
    verify,
)
from tributary.settings import Settings

CATALOG = load(Settings(project=CONTRACTS))
PURCHASE_BODY = encoder(CATALOG.topic("purchases").schema)(PURCHASE)
VIEW_BODY = encoder(CATALOG.topic("product-events").schema)(VIEW)


@attrs.frozen
class Bench:
    """A contract of the working copy, and records of an older version of it."""

    contracts: Contracts
    contract: str

    def verify(self, edit: Edit, *bodies: bytes, writer: str | None = None, **more: Any) -> Verification:
        """Edit the contract, then verify it with bodies of the version before the edit, or of `writer`."""
        before = writer or self.contracts.load().topic(self.contract).text
        catalog = self.contracts.edit(self.contract, edit)
        topic = catalog.topic(self.contract)
        records = [SampleRecord(f"t[0]@{offset}", body) for offset, body in enumerate(bodies)]
        versions = [lock.Version(4, 9, before)]
        return verify(topic, candidate(catalog, topic), versions, RecordSet("here", {9: records}, **more), {}.get)


@pytest.fixture
def purchases(contracts: Contracts) -> Bench:
    return Bench(contracts, "purchases")


@pytest.fixture
def views(contracts: Contracts) -> Bench:
    return Bench(contracts, "product-events")


def unchanged(_: dict[str, Any]) -> None:
    pass


def test_a_contract_reads_what_it_wrote(purchases: Bench) -> None:
    verification = purchases.verify(unchanged, PURCHASE_BODY, PURCHASE_BODY)
    (row,) = verification.rows
    assert (row.version, row.records, row.decoded, row.failures, row.changes) == (4, 2, 2, (), ())
    assert verification.ok


def test_the_class_is_the_candidates_not_the_one_that_was_generated_before(purchases: Bench) -> None:
    def other(schema: dict[str, Any]) -> None:
        schema["fields"].append({"name": "note", "type": "string", "default": "", "doc": "New."})
        field(schema, "items")["type"]["items"]["fields"][0]["doc"] = "Another."

    verification = purchases.verify(other, PURCHASE_BODY)
    assert verification.ok
    assert verification.rows[0].changes == (ValueChange("defaulted", "note", 1, "''", "t[0]@0"),)
    catalog = purchases.contracts.load()
    cls = candidate(catalog, catalog.topic("purchases"))
    assert attrs.fields_dict(cls)["note"].default == ""


def test_counts_each_value_that_reads_differently_with_an_example(views: Bench) -> None:
    def fewer(schema: dict[str, Any]) -> None:
        field(schema, "segment")["type"]["symbols"].remove("VIP")

    verification = views.verify(fewer, VIEW_BODY, VIEW_BODY)
    assert verification.rows[0].changes == (ValueChange("changed", "segment", 2, "'VIP' → 'UNKNOWN'", "t[0]@0"),)
    assert verification.ok


def test_a_pair_that_does_not_resolve_fails_every_record_with_the_field(views: Bench) -> None:
    def narrower(schema: dict[str, Any]) -> None:
        field(schema, "price_minor")["type"] = "int"

    verification = views.verify(narrower, VIEW_BODY, VIEW_BODY)
    (row,) = verification.rows
    assert (row.records, row.decoded, verification.failed, verification.ok) == (2, 0, 2, False)
    assert [failure.where for failure in row.failures] == ["t[0]@0", "t[0]@1"]
    assert "price_minor" in row.failures[0].reason
    assert "long" in row.failures[0].reason


def test_an_enum_that_is_dropped_may_share_its_name_with_a_smaller_one(views: Bench) -> None:
    older = views.contracts.load().topic("product-events").schema
    more = {"type": "enum", "name": "other.Segment", "symbols": ["SOUTH", "NORTH"]}
    older["fields"].append({"name": "gone", "type": more})
    record = attrs.asdict(VIEW) | {"gone": "NORTH"}
    verification = views.verify(unchanged, encoder(older, keys=True)(record), writer=json.dumps(older))
    assert verification.ok
    assert [(change.kind, change.path) for change in verification.rows[0].changes] == [("dropped", "gone")]


@pytest.mark.parametrize("text", ['syntax = "proto3";', '{"type": "object"}', "[" * 100_000])
def test_records_of_something_else_than_avro_fail_with_the_reason(views: Bench, text: str) -> None:
    (row,) = views.verify(unchanged, b"x", writer=text).rows
    assert row.decoded == 0
    assert row.failures[0].reason.startswith("schema id 9 cannot be read with the contract: ")


def test_a_symbol_without_a_default_fails_only_the_records_that_have_it(views: Bench) -> None:
    def strict(schema: dict[str, Any]) -> None:
        kind = field(schema, "segment")["type"]
        kind["symbols"].remove("VIP")
        del kind["default"]

    newcomer = encoder(CATALOG.topic("product-events").schema)(attrs.evolve(VIEW, segment="NEW"))
    (row,) = views.verify(strict, newcomer, VIEW_BODY, newcomer).rows
    assert (row.decoded, row.failures) == (
        2,
        (Failure("t[0]@1", "ProductViewed.segment: the reader knows no symbol VIP, and its enum has no default"),),
    )


def test_a_damaged_record_is_told_from_one_that_the_candidate_cannot_read(purchases: Bench) -> None:
    (row,) = purchases.verify(unchanged, PURCHASE_BODY, PURCHASE_BODY + b"\0").rows
    (failure,) = row.failures
    assert failure.where == "t[0]@1"
    assert failure.reason.startswith("damaged, even its own schema cannot read it: PurchaseCompleted: the payload")


def test_a_value_that_a_tightened_range_forbids_fails(purchases: Bench) -> None:
    def tighter(schema: dict[str, Any]) -> None:
        items = field(schema, "items")["type"]["items"]
        field(items, "quantity")["minimum"] = 2

    (row,) = purchases.verify(tighter, PURCHASE_BODY).rows
    assert row.failures[0].reason == (
        "decodes, but the contract forbids what its schema allowed: "
        "PurchaseCompleted.items[0].quantity is 1, expected at least 2"
    )


def test_a_value_that_its_own_schema_forbade_is_not_the_candidates_fault(purchases: Bench) -> None:
    lax = json.loads(CATALOG.topic("purchases").text)
    del field(lax, "total_minor")["minimum"]
    body = encoder(lax)(attrs.evolve(PURCHASE, total_minor=-1))
    assert purchases.verify(unchanged, body).ok
    assert not purchases.verify(unchanged, body, writer=json.dumps(lax)).ok


def test_records_without_a_known_schema_fail(purchases: Bench) -> None:
    catalog = purchases.contracts.load()
    topic = catalog.topic("purchases")
    deleted = json.loads(topic.text) | {"doc": "A deleted version."}
    sample = RecordSet(
        "here",
        {5: [SampleRecord("t[0]@1", PURCHASE_BODY)], 7: [SampleRecord("t[0]@2", PURCHASE_BODY)]},
        (Unframed("the value is empty", 3, "t[1]@8"),),
    )
    verification = verify(topic, candidate(catalog, topic), [], sample, {5: json.dumps(deleted)}.get)
    assert [(row.id, row.version, row.decoded) for row in verification.rows] == [(5, None, 1), (7, None, 0)]
    assert verification.rows[1].failures == (Failure("t[0]@2", "schema id 7 is not in the registry"),)
    assert (verification.records, verification.failed, verification.ok) == (5, 4, False)


def test_what_was_cut_short_proves_nothing(purchases: Bench) -> None:
    verification = purchases.verify(unchanged, PURCHASE_BODY, complete=False)
    assert (verification.failed, verification.ok) == (0, False)


# ---- the command, on files --------------------------------------------------------------------


@pytest.fixture
def fixtures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for records; the lock has an older version of product-events as id 3: it has no `category`."""
    older = json.loads(VIEW.SCHEMA)
    older["fields"].remove(field(older, "category"))
    path = tmp_path / "lock.json"
    versions = (lock.Version(1, 3, json.dumps(older)), lock.Version(2, 4, VIEW.SCHEMA))
    lock.save(lock.Lock("local", {"product-events-value": lock.Subject("FULL", versions)}), path)
    use(monkeypatch, Settings(lock_path=path))
    folder = tmp_path / "records" / "product-events" / "v1"
    folder.mkdir(parents=True)
    (folder / "one.bin").write_bytes(wire.frame(3, encoder(older)(VIEW)))
    (folder / ".DS_Store").write_bytes(b"no record")
    return tmp_path / "records"


def test_the_command_proves_files(fixtures: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def said(form: str) -> str:
        assert main(["prove", "product-events", "--fixtures", str(fixtures), "--format", form]) == 0
        return capsys.readouterr().out

    lines = said("text").splitlines()
    assert lines[0].startswith("product-events-value: the contract reads 1 record (the records in ")
    assert lines[1:] == [
        "  v1 (id 3): 1 record, decoded",
        "    category: not written, 1 value filled with the default null",
        "  v2 (id 4): no records",
        "1 record read, 0 failed",
    ]
    assert "| v1 (id 3) | `category` | not written, 1 value filled with the default null |" in said("markdown")
    document = json.loads(said("json"))
    assert document["ok"] is True
    assert [(one["id"], one["records"]) for one in document["subjects"][0]["versions"]] == [(3, 1), (4, 0)]


def test_the_command_fails_for_a_file_that_does_not_decode(fixtures: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bad = fixtures / "product-events" / "bad.bin"
    bad.write_bytes(wire.frame(4, b"\x04"))
    (fixtures / "product-events" / "text").write_bytes(b"{}")
    assert main(["prove", "--fixtures", str(fixtures)]) == 1
    printed = capsys.readouterr().out
    assert f"    {bad}: damaged, even its own schema cannot read it: ProductViewed." in printed
    assert ": the payload of 1 bytes ends too early" in printed
    assert "no schema id: 1 record: the value begins with byte 0x7b, expected the magic byte 0x00" in printed
    assert "purchases-value: no records to prove it with" in printed
    assert printed.endswith("3 records read, 2 failed\n")


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--fixtures", "nowhere"], "--fixtures nowhere: no such directory"),
        (
            ["--fixtures", "{fixtures}/product-events"],
            "expected files in a folder named after their topic (product-events",
        ),
        (["no-such-topic"], "no subject 'no-such-topic'; the catalogue has product-events-value"),
    ],
)
def test_wrong_usage(fixtures: Path, arguments: list[str], expected: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["prove", *(argument.format(fixtures=fixtures) for argument in arguments)]) == 2
    assert expected in capsys.readouterr().err


def test_a_registry_that_is_down_is_told_before_anything_is_read(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    nowhere = Settings(registry_url="http://127.0.0.1:1", bootstrap_servers="127.0.0.1:1")
    use(monkeypatch, nowhere)
    monkeypatch.setattr("tributary.registry.client.requests._PAUSES_S", ())
    assert main(["prove"]) == 1
    assert "the schema registry at http://127.0.0.1:1 cannot be reached" in capsys.readouterr().err


def test_failures_beyond_ten_are_counted_in_the_text_and_listed_in_the_json(
    fixtures: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in range(13):
        (fixtures / "product-events" / f"{number}.bin").write_bytes(wire.frame(4, b""))
    command = ["prove", "product-events", "--fixtures", str(fixtures)]
    assert main(command) == 1
    printed = capsys.readouterr().out
    assert "    and 3 more; --format json has all" in printed
    assert printed.count("ends too early") == 10
    assert main([*command, "--format", "json"]) == 1
    assert len(json.loads(capsys.readouterr().out)["subjects"][0]["versions"][1]["failures"]) == 13

"""The lint rules beyond the basics: each finds what it is there for, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.contracts import Contracts, Edit, field
from tributary.registry.lint.engine import lint

ENUM = {"type": "enum", "name": "Kind", "symbols": ["UNKNOWN", "A"], "default": "UNKNOWN", "doc": "Kinds."}


def add(name: str, kind: Any, /, **attributes: Any) -> Edit:
    return lambda schema: schema["fields"].append({"name": name, "type": kind, "doc": "More.", **attributes})


def logical(kind: str, name: str, **attributes: Any) -> Edit:
    return add("at", {"type": kind, "logicalType": name, **attributes})


def fixed(name: str, size: int) -> Edit:
    return add("at", {"type": "fixed", "name": "F", "doc": "Bytes.", "size": size, "logicalType": name})


def without(spec: dict[str, Any], key: str) -> dict[str, Any]:
    return {k: v for k, v in spec.items() if k != key}


def used_before_its_definition(schema: dict[str, Any]) -> None:
    for name, kind in (("first", ENUM["name"]), ("second", ENUM)):
        add(name, kind)(schema)


TREE = {"type": "record", "name": "Tree", "doc": "A tree.", "fields": [
    {"name": "below", "type": {"type": "array", "items": "Tree"}, "doc": "Trees."}
]}  # fmt: skip
RENAMED_SEGMENT = {"type": "enum", "name": "segment", "symbols": ["a"], "default": "a", "doc": "S."}
INT_UUID = {"type": "int", "logicalType": "uuid"}
MAP = {"type": "map", "values": ["double", "bytes", "string"]}
MONEY = "money-with-currency"

CASES: list[tuple[str, Edit, list[tuple[str, str]]]] = [
    ("field in camelCase", add("extraField", "string"), [("names", "extraField")]),
    ("enum and symbols", add("extra", RENAMED_SEGMENT), [("names", "extra"), ("names", "extra")]),
    ("another namespace", add("extra", {**ENUM, "namespace": "shop"}), [("namespace", "extra")]),
    ("optional, null last", add("extra", ["string", "null"], default=""), [("optional-null-first", "extra")]),
    ("optional, no default", add("extra", ["null", "string"]), [("optional-null-first", "extra")]),
    ("optional", add("extra", ["null", "string"], default=None), []),
    ("enum", add("extra", ENUM), []),
    ("enum without a default", add("extra", without(ENUM, "default")), [("enum-default", "extra")]),
    ("enum, default at the field", add("extra", without(ENUM, "default"), default="A"), [("enum-default", "extra")]),
    ("logical type beside", add("at", "long", logicalType="timestamp-millis"), [("logical-types", "at")]),
    ("logical type misspelt", logical("long", "timestamp-milis"), [("logical-types", "at")]),
    ("logical type of another type", logical("int", "timestamp-millis"), [("logical-types", "at")]),
    ("logical type in an array", add("at", {"type": "array", "items": INT_UUID}), [("logical-types", "at")]),
    ("decimal without precision", logical("bytes", "decimal"), [("logical-types", "at")]),
    (
        "decimal with too much scale",
        logical("bytes", "decimal", precision=2, scale=3),
        [("stock-readable", ""), ("logical-types", "at")],
    ),
    ("decimal", logical("bytes", "decimal", precision=9, scale=2), []),
    ("date", logical("int", "date"), []),
    ("duration", fixed("duration", 12), []),
    ("duration of another size", fixed("duration", 16), [("logical-types", "at")]),
    ("money as a float", add("fee", "double"), [(MONEY, "fee")]),
    ("money, not named so", add("fee", "long"), [(MONEY, "fee")]),
    ("money as an int", add("fee_minor", "int"), [(MONEY, "fee_minor")]),
    ("money", add("fee_minor", ["null", "long"], default=None), []),
    ("no money", add("price_count", "int"), []),
    ("money without currency", lambda s: s["fields"].remove(field(s, "currency")), [(MONEY, "price_minor")]),
    ("personal and unmarked", add("email", "string"), [("personal-data-marked", "email")]),
    ("personal with an unknown mark", add("email", "string", pii="yes"), [("personal-data-marked", "email")]),
    ("personal and marked", add("email", "string", pii="identity"), []),
    ("range on text", add("extra", "string", minimum=1), [("ranges", "extra")]),
    ("range upside down", add("extra", "int", minimum=2, maximum=1), [("ranges", "extra")]),
    ("range that is text", add("extra", "int", minimum="2"), [("ranges", "extra")]),
    ("default out of range", add("extra", "int", minimum=2, default=1), [("ranges", "extra")]),
    ("pattern on a number", add("extra", "int", pattern="a"), [("ranges", "extra")]),
    ("pattern that is none", add("extra", "string", pattern="("), [("ranges", "extra")]),
    ("default that misses its pattern", add("extra", "string", pattern="^a$", default="b"), [("ranges", "extra")]),
    ("range", add("n", ["null", "int"], minimum=0, maximum=0, default=None), []),
    ("pattern", add("extra", "string", pattern="^a$", default="a"), []),
    ("a type that contains itself", add("tree", TREE), [("columns-readable", "tree.below")]),
    ("floats, maps and unions are stepped over", add("extra", MAP), []),
    ("a type used before its definition", used_before_its_definition, [("stock-readable", "")]),
]


@pytest.mark.parametrize(("edit", "expected"), [pytest.param(*case[1:], id=case[0]) for case in CASES])
def test_finds(contracts: Contracts, edit: Edit, expected: list[tuple[str, str]]) -> None:
    found = lint(contracts.edit("product-events", edit), contracts.project)
    assert [(finding.rule, finding.path) for finding in found] == expected


def test_the_two_defaults_of_an_enum_are_told_apart(contracts: Contracts) -> None:
    (finding,) = lint(
        contracts.edit("product-events", add("extra", without(ENUM, "default"), default="A")), contracts.project
    )
    assert "the field's default applies only to a missing field" in finding.message
    assert finding.fix == '"symbols": ["UNKNOWN", "A"], "default": "UNKNOWN" in the enum itself'


def test_money_in_items_finds_the_orders_currency(contracts: Contracts) -> None:
    catalog = contracts.edit("purchases", lambda s: field(s, "currency").update(name="unit"))
    assert [finding.path for finding in lint(catalog, contracts.project)] == ["items[].price_minor", "total_minor"]


def test_a_name_that_another_contract_defines_otherwise(contracts: Contracts) -> None:
    other = {**ENUM, "name": "CartAction"}
    (finding,) = lint(contracts.edit("purchases", add("extra", other)), contracts.project)
    assert (finding.rule, finding.topic, finding.path) == ("defined-once", "purchases", "extra")
    assert "user-events" in finding.message

"""A path names one field, record or enum, wherever in the schema it is."""

from __future__ import annotations

from typing import Any

import pytest

from tributary.registry.evolve.targets import EvolveError, counterpart, find_enum, find_field, find_record

STATUS = {"type": "enum", "name": "Status", "symbols": ["OPEN"]}
ADDRESS = {"type": "record", "name": "Address", "fields": [{"name": "street", "type": "string"}]}
CARD = {"type": "record", "name": "Card", "fields": [{"name": "id", "type": "int"}, {"name": "number", "type": "int"}]}
BANK = {"type": "record", "name": "other.Bank", "fields": [{"name": "id", "type": "int"}]}
ITEM = {"type": "record", "name": "Item", "fields": [{"name": "n", "type": "int"}, {"name": "status", "type": STATUS}]}
ORDER = {
    "type": "record",
    "name": "Order",
    "namespace": "shop",
    "fields": [
        {"name": "items", "type": ["null", {"type": "array", "items": {"type": "map", "values": ITEM}}]},
        {"name": "shipping", "type": ADDRESS},
        {"name": "billing", "type": ["null", "Address"]},
        {"name": "paid", "type": [CARD, BANK]},
        {"name": "last", "type": "shop.Status"},
        {"name": "also", "type": {"type": "other.Bank"}},
        {"name": "times", "type": {"type": "long", "logicalType": "timestamp-millis"}},
    ],
}


@pytest.mark.parametrize(
    ("path", "pointer"),
    [
        ("times", "/fields/6"),
        ("items[]{}.n", "/fields/0/type/1/items/values/fields/0"),
        ("items.n", "/fields/0/type/1/items/values/fields/0"),
        ("shipping.street", "/fields/1/type/fields/0"),
        ("billing.street", "/fields/1/type/fields/0"),
        ("paid.number", "/fields/3/type/0/fields/1"),
        ("also.id", "/fields/3/type/1/fields/0"),
    ],
)
def test_a_field(path: str, pointer: str) -> None:
    assert find_field(ORDER, path).pointer == pointer


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("nowhere", r"no field 'nowhere'; the fields are items, items\[\]\{\}.n, "),
        ("times.n", "no field 'times.n'"),
        ("paid.id", "'paid.id' may be of shop.Card or other.Bank; edit it by hand"),
    ],
)
def test_no_field_or_more_than_one(path: str, words: str) -> None:
    with pytest.raises(EvolveError, match=words):
        find_field(ORDER, path)


@pytest.mark.parametrize(("path", "name"), [("", "shop.Order"), ("items", "shop.Item"), ("billing", "shop.Address")])
def test_a_record(path: str, name: str) -> None:
    assert find_record(ORDER, path).name == name


@pytest.mark.parametrize(
    ("path", "words"), [("times", "field 'times' contains no record"), ("paid", "shop.Card or other.Bank")]
)
def test_no_record_or_more_than_one(path: str, words: str) -> None:
    with pytest.raises(EvolveError, match=words):
        find_record(ORDER, path)


@pytest.mark.parametrize("name", ["Status", "shop.Status", "items[]{}.status", "items.status", "last"])
def test_an_enum(name: str) -> None:
    assert find_enum(ORDER, name).name == "shop.Status"


@pytest.mark.parametrize("name", ["times", "Address", "State"])
def test_no_enum(name: str) -> None:
    with pytest.raises(EvolveError, match=r"named '\w+'; the enums are: Status \(items\[\]\{\}.status\)"):
        find_enum(ORDER, name)


def record(name: str, *fields: Any) -> dict[str, Any]:
    return {"type": "record", "name": name, "namespace": "shop", "fields": list(fields)}


def test_the_same_thing_in_another_contract() -> None:
    region = {"name": "region", "type": "string"}
    other = record("Visit", region, {"name": "home", "type": ADDRESS}, {"name": "n", "type": "int"})
    found = [
        counterpart(node, other, ["region"])
        for node in (
            find_field(record("Cart", region), "region"),
            find_field(record("Cart", {"name": "n", "type": "int"}), "n"),
            find_field(ORDER, "shipping.street"),
            find_record(ORDER, "shipping"),
            find_record(ORDER, ""),
            find_enum(ORDER, "Status"),
        )
    ]
    assert [node and node.pointer for node in found] == [
        "/fields/0",
        None,
        "/fields/1/type/fields/0",
        "/fields/1/type",
        None,
        None,
    ]


def test_a_shared_type_that_differs_is_said_so() -> None:
    other = record("Visit", {"name": "home", "type": {"type": "record", "name": "Address", "fields": []}})
    with pytest.raises(EvolveError, match=r"shop\.Address has no field 'street'"):
        counterpart(find_field(ORDER, "shipping.street"), other, [])

"""Changes in words."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from tests.support.contracts import CONTRACTS, Edit, field
from tributary.catalog import load
from tributary.registry.contract.diff import changes, short
from tributary.settings import Settings

VIEW, CART, PURCHASE = (topic.schema for topic in load(Settings(project=CONTRACTS)).topics)


def words(schema: dict[str, Any], edit: Edit) -> list[tuple[str, str, str]]:
    newer = copy.deepcopy(schema)
    edit(newer)
    return [(change.kind, change.path, change.text) for change in changes(schema, newer)]


def quantity(schema: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = field(schema, "items")["type"]["items"]["fields"][1]
    return found


ITEM = field(PURCHASE, "items")["type"]["items"]


def reverse(schema: dict[str, Any]) -> None:
    schema["fields"].reverse()


CASES: list[tuple[str, dict[str, Any], Edit, list[tuple[str, str, str]]]] = [
    ("nothing", VIEW, lambda _: None, []),
    ("layout", VIEW, lambda s: field(s, "user_id").update(type={"type": "string"}), []),
    (
        "added",
        VIEW,
        lambda s: s["fields"].append({"name": "a", "type": ["null", "string"], "default": None}),
        [("added", "a", "added: null or string, default null")],
    ),
    (
        "added, nested, one line",
        VIEW,
        lambda s: s["fields"].append({"name": "a", "type": {"type": "array", "items": ITEM}}),
        [("added", "a", "added: array of record PurchaseItem, no default")],
    ),
    ("removed", VIEW, lambda s: s["fields"].pop(), [("removed", "currency", "removed: string, no default")]),
    (
        "renamed with an alias",
        VIEW,
        lambda s: field(s, "currency").update(name="unit", aliases=["currency"]),
        [
            ("renamed", "unit", "renamed from currency, which stays as an alias"),
            ("aliases", "unit", 'aliases none → ["currency"]'),
        ],
    ),
    (
        "renamed without",
        VIEW,
        lambda s: field(s, "currency").update(name="unit"),
        [("added", "unit", "added: string, no default"), ("removed", "currency", "removed: string, no default")],
    ),
    (
        "nested type",
        PURCHASE,
        lambda s: quantity(s).update(type="long"),
        [("type", "items[].quantity", "type int → long")],
    ),
    (
        "unit of a timestamp, now optional",
        VIEW,
        lambda s: field(s, "occurred_at").update(type=["null", {"type": "long", "logicalType": "timestamp-micros"}]),
        [
            ("type", "occurred_at", "type long (timestamp-millis) → null or long (timestamp-micros)"),
            ("logical", "occurred_at", "type long (timestamp-millis) → long (timestamp-micros)"),
        ],
    ),
    (
        "order of a union",
        VIEW,
        lambda s: field(s, "category")["type"].reverse(),
        [("type", "category", "type null or string → string or null")],
    ),
    (
        "unit of a timestamp",
        VIEW,
        lambda s: field(s, "occurred_at")["type"].update(logicalType="timestamp-micros"),
        [("logical", "occurred_at", "type long (timestamp-millis) → long (timestamp-micros)")],
    ),
    (
        "symbols",
        CART,
        lambda s: field(s, "action")["type"].update(symbols=["UNKNOWN", "ADD", "CLEAR"]),
        [
            ("symbols", "action", "enum CartAction: CLEAR added"),
            ("symbols", "action", "enum CartAction: REMOVE removed"),
        ],
    ),
    (
        "order of symbols",
        CART,
        lambda s: field(s, "action")["type"]["symbols"].reverse(),
        [("symbols", "action", "enum CartAction: order of the symbols UNKNOWN, ADD, REMOVE → REMOVE, ADD, UNKNOWN")],
    ),
    (
        "enum default",
        CART,
        lambda s: field(s, "action")["type"].pop("default"),
        [("default", "action", 'enum CartAction default "UNKNOWN" → none')],
    ),
    ("default", VIEW, lambda s: field(s, "category").pop("default"), [("default", "category", "default null → none")]),
    (
        "range",
        PURCHASE,
        lambda s: quantity(s).update(minimum=2),
        [("attribute", "items[].quantity", "attribute minimum: 1 → 2")],
    ),
    (
        "attribute gone",
        VIEW,
        lambda s: field(s, "user_id").pop("pii"),
        [("attribute", "user_id", 'attribute pii: "pseudonym" → none')],
    ),
    (
        "record renamed",
        VIEW,
        lambda s: s.update(namespace="shop"),
        [
            ("name", "", "record tributary.events.ProductViewed is now shop.ProductViewed"),
            ("name", "segment", "enum tributary.events.Segment is now shop.Segment"),
        ],
    ),
    (
        "doc",
        VIEW,
        lambda s: field(s, "price_minor").update(doc="P"),
        [("doc", "price_minor", 'doc: "Price shown, in minor units of the currency." → "P"')],
    ),
]


@pytest.mark.parametrize(("schema", "edit", "expected"), [pytest.param(*case[1:], id=case[0]) for case in CASES])
def test_words(schema: dict[str, Any], edit: Edit, expected: list[tuple[str, str, str]]) -> None:
    assert words(schema, edit) == expected


def test_order_of_the_fields() -> None:
    assert [(kind, path) for kind, path, _ in words(PURCHASE, reverse)] == [("moved", "")]


def test_a_recursive_type_ends() -> None:
    tree: dict[str, Any] = {"type": "record", "name": "T", "fields": [{"name": "next", "type": ["null", "T"]}]}
    wider = json.loads(json.dumps(tree))
    wider["fields"].append({"name": "n", "type": "int"})
    assert [change.path for change in changes(tree, wider)] == ["n"]


def test_a_decimal_in_short() -> None:
    assert short({"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 2}) == "bytes (decimal 9,2)"


def enum(name: str, *symbols: str) -> dict[str, Any]:
    return {"type": "enum", "name": name, "symbols": list(symbols)}


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            [enum("A", "X"), enum("B", "Y")],
            [enum("B", "Y", "Z"), enum("A", "X")],
            [("type", "type enum A or enum B → enum B or enum A"), ("symbols", "enum B: Z added")],
        ),
        ([enum("A", "X"), enum("B", "Y")], [enum("A", "X"), enum("C", "Y")], [("name", "enum B is now C")]),
        ([enum("A", "X"), enum("B", "Y")], [enum("A", "X")], [("type", "type enum A or enum B → enum A")]),
    ],
)
def test_a_named_branch_is_compared_with_the_one_it_became(old: Any, new: Any, expected: list[tuple[str, str]]) -> None:
    assert [(change.kind, change.text) for change in changes(old, new)] == expected

"""The engine against Confluent's recorded verdicts, and what it says beyond them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tools import conformance
from tributary.avro.parser import parse
from tributary.registry.compatibility import check, incompatibilities


def record(name: str, *fields: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": "record", "name": name, "fields": list(fields), **more}


def field(name: str, kind: Any, **more: Any) -> dict[str, Any]:
    return {"name": name, "type": kind, **more}


def found(reader: Any, writer: Any) -> list[tuple[str, str, str]]:
    """Rule, path for people and location of each finding."""
    reasons = incompatibilities(parse(json.dumps(reader)), parse(json.dumps(writer)))
    return [(reason.rule, reason.path, reason.location) for reason in reasons]


@pytest.mark.parametrize("level", conformance.LEVELS)
def test_agrees_with_every_recorded_verdict_and_error_type(level: str) -> None:
    recorded = conformance.pairs()
    wrong = [pair["ops"] for pair in recorded if conformance.engine_verdict(pair, level) != pair["verdicts"][level]]
    assert len(recorded) == 800
    assert wrong == []


def test_names_every_reason_with_its_path() -> None:
    item = record("Item", field("sku", "string"), field("quantity", "int"), field("kind", enum("K", "A", "B")))
    changed = record("Item", field("sku", "long"), field("quantity", "string"), field("kind", enum("K", "A")))
    writer = record("Order", field("items", array(item)), field("notes", {"type": "map", "values": "string"}))
    reader = record(
        "Order",
        field("items", array(changed)),
        field("notes", {"type": "map", "values": "int"}),
        field("total", "long"),
    )
    assert found(reader, writer) == [
        ("TYPE_MISMATCH", "items[].sku", "/fields/0/type/items/fields/0/type"),
        ("TYPE_MISMATCH", "items[].quantity", "/fields/0/type/items/fields/1/type"),
        ("MISSING_ENUM_SYMBOLS", "items[].kind", "/fields/0/type/items/fields/2/type/symbols"),
        ("TYPE_MISMATCH", "notes{}", "/fields/1/type/values"),
        ("READER_FIELD_MISSING_DEFAULT_VALUE", "total", "/fields/2"),
    ]


def test_says_why_the_branch_of_the_same_name_cannot_be_read() -> None:
    old = record("R", field("at", ["null", record("Place", field("zip", "string"))]))
    new = record("R", field("at", ["null", record("Place", field("zip", "long"))]))
    (reason,) = incompatibilities(parse(json.dumps(new)), parse(json.dumps(old)))
    assert (reason.rule, reason.location) == ("MISSING_UNION_BRANCH", "/fields/0/type/1")
    assert (reason.reader, reason.writer) == ("null | record Place", "null | record Place")
    assert [(cause.rule, cause.path) for cause in reason.causes] == [("TYPE_MISMATCH", "at.zip")]


def test_a_type_used_again_keeps_avros_location_but_has_its_own_path() -> None:
    def order(kind: str) -> dict[str, Any]:
        place = record("Place", field("zip", kind))
        return record("Order", field("from", ["null", place]), field("to", "Place"), field("via", array("Place")))

    assert found(order("long"), order("string")) == [
        ("MISSING_UNION_BRANCH", "from", "/fields/0/type/1"),
        ("TYPE_MISMATCH", "to.zip", "/fields/0/type"),
        ("TYPE_MISMATCH", "via[].zip", "/fields/0/type"),
    ]


def test_describes_the_two_types_in_short() -> None:
    time = {"type": "long", "logicalType": "timestamp-millis"}
    reader = parse(json.dumps(record("R", field("a", array(time)))))
    writer = parse(json.dumps(record("R", field("a", {"type": "fixed", "name": "F", "size": 4}))))
    (reason,) = incompatibilities(reader, writer)
    assert (reason.reader, reason.writer) == ("array<long (timestamp-millis)>", "fixed F(4)")


def test_a_record_is_found_by_its_alias_and_a_field_too() -> None:
    old = record("Old", field("a", "int"), namespace="shop")
    new = record("New", field("b", "int", aliases=["a"]), namespace="shop", aliases=["Old"])
    assert found(new, old) == []
    assert [rule for rule, _, _ in found(old, new)] == ["NAME_MISMATCH", "READER_FIELD_MISSING_DEFAULT_VALUE"]


def test_an_alias_that_fits_two_fields_cannot_be_compared() -> None:
    writer = record("R", field("a", "int"), field("b", "int"))
    reader = record("R", field("b", "int", aliases=["a"]))
    (reason,) = incompatibilities(parse(json.dumps(reader)), parse(json.dumps(writer)))
    assert reason.rule == ""
    assert "multiple fields" in reason.message


def test_recursive_schemas_end() -> None:
    node = record("Node", field("next", ["null", "Node"]), field("value", "int"))
    wider = record("Node", field("next", ["null", "Node"]), field("value", "long"))
    assert found(wider, node) == []
    assert found(node, wider) == [("TYPE_MISMATCH", "value", "/fields/1/type")]


def test_a_hostile_pair_is_given_up_in_bounded_work() -> None:
    branches = [[{"type": "fixed", "name": f"{side}{n}", "size": 1} for n in range(1500)] for side in "ab"]
    (reason,) = incompatibilities(*(parse(json.dumps(union)) for union in branches))
    assert reason.rule == ""
    assert "too many pairs" in reason.message


V1 = record("R", field("a", "int"))
V2 = record("R", field("a", "int"), field("b", "int", default=0))
V3 = record("R", field("a", "int"), field("b", "int"))
V4 = record("R", field("b", "int"))


@pytest.mark.parametrize(
    ("level", "candidate", "versions", "expected"),
    [
        ("NONE", "x", [V1, V2], []),
        ("BACKWARD", V3, [V1, V2], []),
        ("BACKWARD_TRANSITIVE", V3, [V1, V2], [(0, "backward")]),
        ("FORWARD", V4, [V1, V2], [(1, "forward")]),
        ("FORWARD_TRANSITIVE", V4, [V1, V2], [(0, "forward"), (1, "forward")]),
        ("FULL", V4, [V1, V3], [(1, "forward")]),
        ("FULL_TRANSITIVE", V4, [V1, V3], [(0, "forward"), (0, "backward"), (1, "forward")]),
        ("FULL_TRANSITIVE", V1, [], []),
    ],
)
def test_a_level_looks_at_its_versions_in_its_directions(
    level: str, candidate: Any, versions: list[Any], expected: list[tuple[int, str]]
) -> None:
    new = parse('"string"' if candidate == "x" else json.dumps(candidate))
    found = check(level, new, [parse(json.dumps(version)) for version in versions])
    assert [(index, direction) for index, direction, _ in found] == expected


def test_an_unknown_level_is_an_error() -> None:
    with pytest.raises(ValueError, match="SIDEWAYS"):
        check("SIDEWAYS", parse('"int"'), [])


def enum(name: str, *symbols: str) -> dict[str, Any]:
    return {"type": "enum", "name": name, "symbols": list(symbols)}


def array(items: Any) -> dict[str, Any]:
    return {"type": "array", "items": items}

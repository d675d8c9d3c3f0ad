"""Which schemas the codecs take: those of the parser, within limits of their own."""

from __future__ import annotations

from typing import Any

import pytest

from tributary.avro.codec import codec_schema
from tributary.avro.rows.decoder import decoder
from tributary.avro.rows.encoder import encoder
from tributary.avro.schema import Array, Decimal, Fixed, Primitive, Record, SchemaError, Union
from tributary.avro.structure import named_types


def record(name: str, **types: Any) -> dict[str, Any]:
    fields = [{"name": field, "type": type_} for field, type_ in types.items()]
    return {"type": "record", "name": name, "fields": fields}


def test_a_name_may_be_used_before_its_definition() -> None:
    schema = record("Order", first=["null", "Item"], rest={"type": "array", "items": record("Item", n="int")})
    order = {"first": {"n": 1}, "rest": [{"n": 2}]}
    assert decoder(schema)(encoder(schema, keys=True)(order)) == order


def test_a_definition_may_be_repeated() -> None:
    schema = record("Pair", a=record("Item", n="int"), b=record("Item", n="int"))
    pair = {"a": {"n": 1}, "b": {"n": 2}}
    assert decoder(schema)(encoder(schema, keys=True)(pair)) == pair
    with pytest.raises(SchemaError, match="can't redefine: Item"):
        codec_schema(record("Pair", a=record("Item", n="int"), b=record("Item", n="long")))


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({"type": "bytes", "logicalType": "decimal", "precision": 4, "scale": 2}, Decimal),
        ({"type": "bytes", "logicalType": "decimal", "precision": 4, "scale": 5}, Primitive),
        ({"type": "bytes", "logicalType": "decimal"}, Primitive),
        ({"type": "fixed", "name": "F", "size": 2, "logicalType": "decimal", "precision": 4}, Decimal),
        ({"type": "fixed", "name": "F", "size": 2, "logicalType": "decimal", "precision": 5}, Fixed),
        ({"type": "string", "logicalType": "decimal", "precision": 4}, Primitive),
        ({"type": "array", "items": "int"}, Array),
        (["null", "int"], Union),
        ({"type": "error", "name": "E", "fields": []}, Record),
    ],
)
def test_an_invalid_decimal_is_the_type_that_carries_it(schema: Any, expected: type) -> None:
    assert type(codec_schema(schema)) is expected


def test_named_types_come_after_those_that_they_use() -> None:
    schema = record("Tree", leaf=record("Leaf", id={"type": "fixed", "name": "Id", "size": 4}), next=["null", "Tree"])
    assert [named.full_name for named in named_types(codec_schema(schema))] == ["Id", "Leaf", "Tree"]


def test_a_value_without_end_is_refused() -> None:
    twice = {f"f{n}": record(f"R{n}", a=f"R{n - 1}", b=f"R{n - 1}") for n in range(1, 40)}
    with pytest.raises(SchemaError, match=r"its smallest value has [\d,]+ parts, expected at most 100,000"):
        codec_schema(record("R", f0=record("R0", a="int"), **twice))


def test_records_that_refer_to_each_other_in_a_long_row_are_refused() -> None:
    fields = {f"f{n}": record(f"R{n}", next=["null", f"R{n + 1}"]) for n in range(200)}
    with pytest.raises(SchemaError, match="types are nested more than 100 deep"):
        codec_schema(record("R", **fields, last=record("R200", a="int")))

"""Which types and fields of a reader schema read those of a writer schema."""

from __future__ import annotations

from typing import Any

import pytest

from tributary.avro.parser import parse_json
from tributary.avro.resolution import find_type, reader_fields, resolve


def record(name: str, *fields: str, aliases: tuple[str, ...] = (), of: dict[str, tuple[str, ...]] | None = None) -> Any:
    named = [{"name": field, "type": "int", "aliases": list((of or {}).get(field, ()))} for field in fields]
    return {"type": "record", "name": name, "aliases": list(aliases), "fields": named}


@pytest.mark.parametrize(
    ("writer", "reader", "expected"),
    [
        ("int", ["null", "double", "long"], "double"),
        ("int", ["double", "int"], "int"),
        ("long", ["null", "int"], None),
        ("string", ["null", "bytes"], "bytes"),
        (record("a.R"), [record("b.R"), record("a.R")], "a.R"),
        (record("a.R"), [record("b.S"), record("b.R")], "b.R"),
        (record("a.R"), record("b.S", aliases=("a.R",)), "b.S"),
        (record("a.R"), record("b.S", aliases=("R",)), None),
        (record("R"), record("b.S", aliases=(".R",)), "b.S"),
        ({"type": "fixed", "name": "F", "size": 2}, {"type": "fixed", "name": "F", "size": 3}, None),
        ({"type": "bytes", "logicalType": "decimal", "precision": 4}, ["string", "bytes"], "bytes"),
    ],
)
def test_the_type_that_takes_what_was_written(writer: Any, reader: Any, expected: str | None) -> None:
    found = resolve(parse_json(writer), parse_json(reader))
    assert (found.full_name if found else None) == expected


def test_a_field_is_read_by_its_name_else_by_its_first_alias() -> None:
    written = parse_json(record("R", "a", "b", "c"))
    read = parse_json(record("R", "a", "x", "y", of={"a": ("b",), "x": ("z", "b", "c"), "y": ("a",)}))
    fields = {name: [field.name for field in found] for name, found in reader_fields(written, read).items()}
    assert fields == {"a": ["a", "y"], "b": ["x"], "c": []}


def test_a_name_means_the_type_of_its_own_namespace_first() -> None:
    defined = {"a.R": 1, "R": 2, "b.S": 3}
    assert [find_type(*name, defined) for name in [("R", "a"), ("R", "b"), ("b.S", "a"), ("S", "a")]] == [1, 2, 3, None]

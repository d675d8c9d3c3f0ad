"""Columns of numbers, optional or not, against fastavro, for every writer type that promotes to the reader's."""

from __future__ import annotations

import io
import json
import math
import struct
import warnings
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import fastavro
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.avro.columns.test_columns import plain, values
from tributary.avro import wire
from tributary.avro.columns import reader as columns
from tributary.avro.columns.batch import NullableColumn, RecordBatch
from tributary.avro.columns.reader import LARGE, ColumnReader, ReadResult

COLOURS = {"type": "enum", "name": "Colour", "symbols": ["RED", "GREEN"], "default": "RED"}
MORE_COLOURS = {"type": "enum", "name": "Colour", "symbols": ["BLUE", "GREEN", "RED"]}


def logical(kind: str, name: str) -> dict[str, str]:
    return {"type": kind, "logicalType": name}


TYPES: dict[str, tuple[Any, list[Any]]] = {
    "int": ("int", ["int"]),
    "long": ("long", ["int", "long"]),
    "float": ("float", ["int", "long", "float"]),
    "double": ("double", ["int", "long", "float", "double"]),
    "boolean": ("boolean", ["boolean"]),
    "enum": (COLOURS, [COLOURS, MORE_COLOURS]),
    "date": (logical("int", "date"), ["int", logical("int", "date")]),
    "time": (logical("int", "time-millis"), [logical("int", "time-millis")]),
    "fine time": (logical("long", "time-micros"), [logical("long", "time-micros"), "int"]),
    "timestamp": (logical("long", "timestamp-millis"), ["int", "long", logical("long", "timestamp-millis")]),
    "fine timestamp": (logical("long", "timestamp-micros"), [logical("long", "timestamp-micros")]),
    "local timestamp": (logical("long", "local-timestamp-millis"), [logical("long", "local-timestamp-millis")]),
}
"""Each type, and the types of writers that it reads."""


def record(*kinds: Any) -> dict[str, Any]:
    """A record with a field `n` of this type between others; without one if there is no type."""
    fields = [{"name": "before", "type": "string"}, *({"name": "n", "type": kind} for kind in kinds)]
    return {"type": "record", "name": "R", "fields": [*fields, {"name": "after", "type": "string"}]}


def listed(kind: Any) -> dict[str, Any]:
    """A record with a list of records with a field `n` of this type."""
    item = {"type": "record", "name": "Item", "fields": [{"name": "n", "type": kind}, {"name": "x", "type": "int"}]}
    return {"type": "record", "name": "R", "fields": [{"name": "items", "type": {"type": "array", "items": item}}]}


@st.composite
def pairs(draw: st.DrawFn, name: str) -> tuple[Any, Any]:
    """A writer's type and the reader's: of the same values, or narrower ones, optional or not."""
    kind, written = TYPES[name]
    writer = draw(st.sampled_from(written))
    if draw(st.booleans()):
        writer = draw(st.sampled_from([[writer], ["null", writer], [writer, "null"]]))
        return writer, draw(st.sampled_from([["null", kind], [kind, "null"]]))
    return writer, draw(st.sampled_from([kind, [kind], ["null", kind], [kind, "null"]]))


def write(schema: Any, value: Any) -> bytes:
    buffer = io.BytesIO()
    fastavro.schemaless_writer(buffer, fastavro.parse_schema(plain(schema)), value)
    return wire.frame(1, buffer.getvalue())


def fastavro_reads(payload: bytes, writer: Any, reader: Any) -> Any:
    body = io.BytesIO(payload[wire.PREFIX_LENGTH :])
    return fastavro.schemaless_reader(body, fastavro.parse_schema(plain(writer)), fastavro.parse_schema(plain(reader)))


def read(reader: Any, writer: Any, payloads: Sequence[bytes], *paths: str, alone: bool = False) -> ReadResult:
    """Read by columns; nothing is read row by row unless it is allowed."""
    with pytest.MonkeyPatch.context() as patch:
        if not alone:
            patch.setattr(columns, "resolver", None)
        return ColumnReader(reader, paths or ("n",), lambda _: json.dumps(writer)).read(payloads)


def in_order(result: ReadResult, path: str = "n") -> list[Any]:
    """The values of a column in the order of the messages."""
    assert result.failures == {}
    found = [
        pair
        for batch, places in zip(result.batches, result.places, strict=True)
        for pair in zip(places.tolist(), obtained(batch, path), strict=True)
    ]
    return [value for _, value in sorted(found, key=lambda pair: pair[0])]


def obtained(batch: RecordBatch, path: str) -> list[Any]:
    """The values of a column by the accessor of its kind, which is the only one that takes it."""
    accessors = (batch.integers, batch.floats, batch.nullable, batch.nullable_floats, batch.strings, batch.lists)
    found: list[Any] = []
    for accessor in accessors:
        try:
            found.append(accessor(path))
        except TypeError:
            continue
    assert len(found) == 1
    values: list[Any] = found[0].tolist()
    return values


def as_numbers(value: Any, kind: Any) -> Any:
    """What fastavro reads, as columns have it."""
    symbols = [one["symbols"] for one in (kind if isinstance(kind, list) else [kind]) if "symbols" in one]
    if symbols and value is not None:
        return symbols[0].index(value)
    return int(value) if isinstance(value, bool) else value


def types_of(kind: Any) -> tuple[bool, type]:
    """Whether the column of a type is nullable, and the type of its numbers."""
    branches = kind if isinstance(kind, list) else [kind]
    return "null" in branches, np.float64 if {"float", "double"} & {str(one) for one in branches} else np.int64


@pytest.mark.parametrize("name", TYPES)
@settings(max_examples=60)
@given(data=st.data())
def test_numbers_are_those_that_fastavro_reads(name: str, data: st.DataObject) -> None:
    writer_type, reader_type = data.draw(pairs(name))
    writer, reader = record(writer_type), record(reader_type)
    records = data.draw(st.lists(values(plain(writer)), min_size=1, max_size=20))
    payloads = [write(writer, one) for one in records]
    result = read(reader, writer, payloads)
    expected = [as_numbers(fastavro_reads(payload, writer, reader)["n"], reader_type) for payload in payloads]
    assert repr(in_order(result)) == repr(expected)  # 1 is not 1.0, and 0.0 not -0.0
    (batch,) = result.batches
    column: Any = batch.columns["n"]
    assert (isinstance(column, NullableColumn), getattr(column, "values", column).dtype) == types_of(reader_type)


@pytest.mark.parametrize("name", TYPES)
@settings(max_examples=20)
@given(data=st.data())
def test_a_large_row_gives_the_same_column(name: str, data: st.DataObject) -> None:
    writer_type, reader_type = data.draw(pairs(name))
    writer, reader = record(writer_type), record(reader_type)
    records = data.draw(st.lists(values(plain(writer)), min_size=2, max_size=6))
    payloads = [write(writer, one | {"after": "x" * LARGE * (row % 2)}) for row, one in enumerate(records)]
    result = read(reader, writer, payloads, alone=True)
    assert len(result.batches) == 1 + len(records) // 2
    expected = [as_numbers(fastavro_reads(payload, writer, reader)["n"], reader_type) for payload in payloads]
    assert repr(in_order(result)) == repr(expected)


@pytest.mark.parametrize("name", TYPES)
@settings(max_examples=20)
@given(data=st.data())
def test_numbers_within_lists_are_those_that_fastavro_reads(name: str, data: st.DataObject) -> None:
    writer_type, reader_type = data.draw(pairs(name))
    writer, reader = listed(writer_type), listed(reader_type)
    records = data.draw(st.lists(values(plain(writer)), min_size=1, max_size=8))
    payloads = [write(writer, one) for one in records]
    result = read(reader, writer, payloads, "items.n")
    assert result.failures == {}
    (batch,) = result.batches
    items = batch.lists("items")
    found: list[list[Any]] = [[] for _ in records]
    if items.records.rows:
        for parent, value in zip(items.parent.tolist(), obtained(items.records, "n"), strict=True):
            found[parent].append(value)
    expected = [
        [as_numbers(item["n"], reader_type) for item in fastavro_reads(payload, writer, reader)["items"]]
        for payload in payloads
    ]
    assert repr(found) == repr(expected)


DEFAULTS: list[tuple[Any, Any, Any]] = [
    (["null", "int"], None, None),
    (["null", "long"], None, None),
    (["null", "float"], None, None),
    (["null", "double"], None, None),
    (["null", "boolean"], None, None),
    (["null", COLOURS], None, None),
    (["null", logical("long", "timestamp-millis")], None, None),
    (["null", logical("int", "date")], None, None),
    (["long", "null"], 5, 5),
    (["double", "null"], 5, 5.0),
    (["double", "null"], -0.25, -0.25),
    (["boolean", "null"], True, 1),
    ([COLOURS, "null"], "GREEN", 1),
    ("float", 1.5, 1.5),
    ("double", 1, 1.0),
    ("double", 1e300, 1e300),
    ("long", 5, 5),
    ("boolean", False, 0),
    (COLOURS, "GREEN", 1),
]


@pytest.mark.parametrize(("kind", "default", "value"), DEFAULTS, ids=json.dumps)
def test_a_field_that_old_messages_lack_has_its_default(kind: Any, default: Any, value: Any) -> None:
    older, reader = record(), record(kind)
    reader["fields"][1]["default"] = default
    payloads = [write(older, {"before": "b", "after": "a"})] * 3
    result = read(reader, older, payloads)
    assert repr(in_order(result)) == repr([value] * 3)
    assert as_numbers(fastavro_reads(payloads[0], older, reader)["n"], kind) == value


@pytest.mark.parametrize(("kind", "size"), [("float", 4), ("double", 8)])
@given(data=st.data())
def test_every_bit_pattern_is_a_number(kind: str, size: int, data: st.DataObject) -> None:
    """Also each NaN, of which numpy warns when it converts one that signals."""
    signaling = {4: "0100807f", 8: "010000000000f07f"}[size]
    bits = data.draw(st.lists(st.binary(min_size=size, max_size=size) | st.just(bytes.fromhex(signaling)), min_size=1))
    reader = record(kind)
    reader["fields"][1] |= {"minimum": -1e30}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        result = read(record("double"), record(kind), [wire.frame(1, b"\0" + raw + b"\0") for raw in bits])
        limited = ColumnReader(reader, ("n",), lambda _: json.dumps(record(kind))).read(
            [wire.frame(1, b"\0" + raw + b"\0") for raw in bits]
        )
    expected = [struct.unpack("<f" if size == 4 else "<d", raw)[0] for raw in bits]
    assert repr(in_order(result)) == repr(expected)
    assert set(limited.failures) == {row for row, value in enumerate(expected) if not value >= -1e30}


@pytest.mark.parametrize("kind", ["float", "double", ["null", "float"], ["double", "null"]], ids=str)
@given(cut=st.integers(1, 12))
def test_a_number_that_is_cut_off_is_bad_alone(kind: Any, cut: int) -> None:
    schema = record(kind)
    payload = write(schema, {"before": "b", "n": 1.5, "after": "a"})
    result = ColumnReader(schema, ("n",), lambda _: json.dumps(schema)).read([payload, payload[:-cut], payload])
    assert list(result.failures) == [1]
    assert [obtained(batch, "n") for batch in result.batches if batch.rows] == [[1.5, 1.5]]


def test_an_optional_number_that_is_not_null_is_not_read_as_one_that_cannot_be() -> None:
    """A null that the reader has no branch for is bad alone."""
    writer, reader = record(["null", "float"]), record("double")
    payloads = [write(writer, {"before": "", "n": n, "after": ""}) for n in (1.5, None, math.inf)]
    result = ColumnReader(reader, ("n",), lambda _: json.dumps(writer)).read(payloads)
    assert list(result.failures) == [1]
    assert [batch.floats("n").tolist() for batch in result.batches] == [[1.5, math.inf]]


OTHERS: dict[str, tuple[Any, list[Any]]] = {
    "bytes": ("bytes", [b"", b"ab"]),
    "optional bytes": (["null", "bytes"], [None, b"ab"]),
    "fixed": ({"type": "fixed", "name": "F", "size": 2}, [b"ab", b"cd"]),
    "decimal": ({"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 2}, [b"\x01", b"\xff"]),
    "map": ({"type": "map", "values": "long"}, [{}, {"a": 1}]),
    "array of numbers": ({"type": "array", "items": "long"}, [[], [1, 2]]),
    "optional array": (["null", {"type": "array", "items": "double"}], [None, [1.5, 2.5]]),
    "several types": (["null", "long", "double"], [None, 1, 1.5]),
    "null": ("null", [None, None]),
    "record": ({"type": "record", "name": "In", "fields": [{"name": "a", "type": "long"}]}, [{"a": 1}, {"a": 2}]),
}


@pytest.mark.parametrize("name", OTHERS)
def test_other_types_are_read_row_by_row_as_python_objects(name: str) -> None:
    kind, some = OTHERS[name]
    schema = record(kind)
    payloads = [write(schema, {"before": "b", "n": value, "after": "a"}) for value in some]
    result = ColumnReader(schema, ("before", "n"), lambda _: json.dumps(schema)).read(payloads)
    assert result.failures == {}
    (batch,) = result.batches
    expected = [Decimal("0.01"), Decimal("-0.01")] if name == "decimal" else some
    assert repr(batch.columns["n"].tolist()) == repr(expected)  # type: ignore[union-attr]
    for accessor in (batch.integers, batch.floats, batch.nullable, batch.nullable_floats, batch.strings, batch.lists):
        with pytest.raises(TypeError, match=r"column n has Python objects, not .*: use columns; "):
            accessor("n")

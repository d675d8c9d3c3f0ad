"""Columns of any contract against the row decoder, for any writer, any fields and any bytes."""

from __future__ import annotations

import json
import pprint
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.support.avro import avro_data
from tests.support.avro.column_data import expected, is_record, projected, rows
from tributary.avro import wire
from tributary.avro.codec import codec_schema
from tributary.avro.columns.reader import ColumnReader
from tributary.avro.rows.decoder import DecodeError, decoder
from tributary.avro.schema import Record, SchemaError

SCHEMA_ID = 7


@st.composite
def cases(draw: avro_data.Draw) -> tuple[Any, Any, list[str]]:
    """A writer schema, a contract and fields of it to read."""
    writer = draw(avro_data.records(alike=True))
    contract = draw(avro_data.readers(writer))
    names = avro_data.definitions(contract)
    paths = []
    for field in contract["fields"]:
        kind = field["type"]
        items: Any = kind["items"] if isinstance(kind, dict) and kind["type"] == "array" else None
        items = names.get(items, items) if isinstance(items, str) else items
        inner = [f"{field['name']}.{one['name']}" for one in items["fields"]] if is_record(items) else []
        paths += draw(st.sampled_from([[], [field["name"]], draw(st.lists(st.sampled_from(inner or [field["name"]])))]))
    return writer, contract, paths


def in_order(found: list[dict[str, Any]]) -> list[str]:
    return sorted(pprint.pformat(row, sort_dicts=True) for row in found)


@settings(max_examples=300)
@given(data=st.data())
def test_columns_hold_what_the_row_decoder_reads(data: st.DataObject) -> None:
    writer, contract, paths = data.draw(cases())
    good = data.draw(st.lists(avro_data.bodies(writer), min_size=1, max_size=8))
    payloads = [
        wire.frame(SCHEMA_ID, data.draw(st.one_of(st.just(body), st.just(body), st.binary(max_size=6))))
        for body in good
    ]
    check = decoder(writer)
    part = projected(contract, paths)
    kind = codec_schema(part)
    assert isinstance(kind, Record)
    sound, bad = [], set()
    for row, payload in enumerate(payloads):
        body = payload[wire.PREFIX_LENGTH :]
        try:
            check(body)
            sound.append(expected(decoder(writer, part)(body), kind, paths) if paths else {})
        except DecodeError:
            bad.add(row)
    assume(not bad or part is not contract)  # a field that is not read may be what cannot be
    reading = ColumnReader(contract, paths, lambda _: json.dumps(writer)).read(payloads)
    assert set(reading.failures) == bad
    assert in_order([row for batch in reading.batches for row in rows(batch)]) == in_order(sound)


NUMBERS = {
    "long": "long",
    "int": "int",
    "boolean": "boolean",
    "timestamp": {"type": "long", "logicalType": "timestamp-millis"},
    "enum": {"type": "enum", "name": "E", "symbols": ["A", "B"]},
}
VALUES: dict[str, tuple[list[bytes], list[int | None]]] = {
    "boolean": ([b"\x02\x01", b"\x00", b"\x02\x00"], [1, None, 0]),
    "long": ([b"\x02\x06", b"\x00", b"\x02\x05"], [3, None, -3]),
    "enum": ([b"\x02\x02", b"\x00", b"\x02\x00"], [1, None, 0]),
}


@pytest.mark.parametrize("name", NUMBERS)
def test_optional_numbers_are_read_by_columns(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from tributary.avro.columns import reader as columns

    field = {"name": "a", "type": ["null", NUMBERS[name]], "default": None}
    contract = {"type": "record", "name": "R", "fields": [field]}
    older = contract | {"fields": []}
    bodies, values = VALUES.get(name, VALUES["long"])
    monkeypatch.setattr(columns, "resolver", None)  # what reads row by row
    reader = ColumnReader(contract, ("a",), lambda id: json.dumps(contract if id == SCHEMA_ID else older))
    reading = reader.read([*(wire.frame(SCHEMA_ID, body) for body in bodies), wire.frame(1, b"")])
    assert [batch.nullable("a").tolist() for batch in reading.batches] == [values, [None]]


@pytest.mark.parametrize(
    ("paths", "message"),
    [
        (("b",), "R: there is no field b to read; the fields are a, items"),
        (("a.b",), "R.a: expected a list of records, of which b is read; got long"),
        (("items.c",), "Item: there is no field c to read; the fields are n"),
    ],
)
def test_a_field_that_the_contract_lacks_is_named(paths: tuple[str, ...], message: str) -> None:
    item = {"type": "record", "name": "Item", "fields": [{"name": "n", "type": "int"}]}
    fields = [{"name": "a", "type": "long"}, {"name": "items", "type": {"type": "array", "items": item}}]
    with pytest.raises(SchemaError) as error:
        ColumnReader({"type": "record", "name": "R", "fields": fields}, paths, lambda _: "")
    assert str(error.value) == message

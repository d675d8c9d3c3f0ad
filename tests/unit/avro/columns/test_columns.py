"""Columns against two independent readers: fastavro for what decodes, the one-event decoder for what does not."""

from __future__ import annotations

import io
import json
from typing import Any

import fastavro
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tributary import catalog
from tributary.avro import wire
from tributary.avro.columns.batch import RecordBatch
from tributary.avro.columns.reader import LARGE, ColumnReader, ReadResult, UnknownSchema
from tributary.avro.rows.decoder import DecodeError, decoder
from tributary.settings import load

TOPICS = {topic.event: topic for topic in catalog.load(load({})).topics}
SCHEMA_ID = 7
FIELDS = {
    "ProductViewed": ("occurred_at", "session_id", "segment", "region", "product_id", "category", "price_minor"),
    "CartUpdated": ("occurred_at", "user_id", "action", "quantity", "currency"),
    "PurchaseCompleted": ("order_id", "items.product_id", "items.quantity", "items.price_minor", "total_minor"),
}

text = st.text(max_size=20) | st.uuids().map(str)
longs = st.integers(-(2**63), 2**63 - 1) | st.integers(-200, 200)


def values(schema: Any) -> st.SearchStrategy[Any]:
    """Values of a schema, as fastavro takes them, with logical types left out."""
    if isinstance(schema, list):
        return st.one_of(*map(values, schema))
    match schema["type"] if isinstance(schema, dict) else schema:
        case "null":
            return st.none()
        case "string":
            return text
        case "long":
            return longs
        case "int":
            return st.integers(-(2**31), 2**31 - 1)
        case "boolean":
            return st.booleans()
        case "double":
            return st.floats(allow_nan=False)
        case "float":
            return st.floats(width=32, allow_nan=False)
        case "bytes":
            return st.binary(max_size=20)
        case "fixed":
            return st.binary(min_size=schema["size"], max_size=schema["size"])
        case "enum":
            return st.sampled_from(schema["symbols"])
        case "array":
            return st.lists(values(schema["items"]), max_size=4)
        case "map":
            return st.dictionaries(text, values(schema["values"]), max_size=4)
        case "record":
            return st.fixed_dictionaries({field["name"]: values(field["type"]) for field in schema["fields"]})
        case inner:
            return values(inner)


def plain(schema: Any) -> Any:
    """The schema without its logical types, so that fastavro gives numbers and strings, and without limits."""
    if isinstance(schema, dict):
        left_out = ("logicalType", "minimum", "maximum", "pattern")
        return {key: plain(value) for key, value in schema.items() if key not in left_out}
    return [plain(item) for item in schema] if isinstance(schema, list) else schema


def encode(schema: Any, value: Any, schema_id: int = SCHEMA_ID) -> bytes:
    buffer = io.BytesIO()
    fastavro.schemaless_writer(buffer, fastavro.parse_schema(schema), value)
    return wire.frame(schema_id, buffer.getvalue())


def rows_of(batch: RecordBatch, names: tuple[str, ...], schema: Any) -> list[dict[str, Any]]:
    """The rows of a batch as dictionaries, enums by their symbols, lists in their order."""
    types = {field["name"]: field["type"] for field in schema["fields"]}
    rows: list[dict[str, Any]] = [{} for _ in range(batch.rows)]
    for name in {name.partition(".")[0] for name in names}:
        column = batch.columns[name]
        if hasattr(column, "parent"):
            inner = tuple(n.partition(".")[2] for n in names if n.startswith(f"{name}."))
            for row in rows:
                row[name] = []
            records = rows_of(column.records, inner, types[name]["items"]) if column.records.rows else []
            for parent, record in zip(column.parent.tolist(), records, strict=True):
                rows[parent][name].append(record)
        else:
            for row, value in zip(rows, column.tolist(), strict=True):
                symbols = types[name].get("symbols") if isinstance(types[name], dict) else None
                row[name] = value if symbols is None else symbols[value]
    return rows


def expected(record: dict[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    """The wanted part of a record."""
    whole = {name: record[name] for name in names if "." not in name}
    for outer in {name.partition(".")[0] for name in names if "." in name}:
        inner = [name.partition(".")[2] for name in names if name.startswith(f"{outer}.")]
        whole[outer] = [{name: item[name] for name in inner} for item in record[outer]]
    return whole


def read(schema: Any, names: tuple[str, ...], payloads: list[bytes | None], writer: Any = None) -> ReadResult:
    return ColumnReader(schema, names, lambda _: json.dumps(schema if writer is None else writer)).read(payloads)


def all_rows(reading: ReadResult, names: tuple[str, ...], schema: Any) -> list[str]:
    rows = [row for batch in reading.batches for row in rows_of(batch, names, schema)]
    return sorted(json.dumps(row, sort_keys=True) for row in rows)


def as_lines(records: list[dict[str, Any]], names: tuple[str, ...]) -> list[str]:
    return sorted(json.dumps(expected(record, names), sort_keys=True) for record in records)


@pytest.mark.parametrize("event", FIELDS)
@given(data=st.data())
def test_columns_hold_what_fastavro_reads(event: str, data: st.DataObject) -> None:
    schema, names = plain(TOPICS[event].schema), FIELDS[event]
    records = data.draw(st.lists(values(schema), min_size=1, max_size=30))
    reading = read(schema, names, [encode(schema, record) for record in records])
    assert reading.failures == {}
    assert all_rows(reading, names, schema) == as_lines(records, names)


@pytest.mark.parametrize("event", FIELDS)
@given(data=st.data())
def test_damage_stays_in_its_row(event: str, data: st.DataObject) -> None:
    schema, names = plain(TOPICS[event].schema), FIELDS[event]
    good = [encode(schema, r) for r in data.draw(st.lists(values(schema), min_size=1, max_size=20))]
    payloads: list[bytes] = [data.draw(damaged(payload)) if data.draw(st.booleans()) else payload for payload in good]
    strict = decoder(schema, schema, None)
    sound, bad = [], set()
    for row, payload in enumerate(payloads):
        try:
            schema_id, body = wire.split(payload)
            assert schema_id == SCHEMA_ID
            sound.append(strict(body))
        except (DecodeError, wire.WireError):
            bad.add(row)
    reading = read(schema, names, list(payloads))
    assert set(reading.failures) == bad
    assert all_rows(reading, names, schema) == as_lines(sound, names)


def damaged(payload: bytes) -> st.SearchStrategy[bytes]:
    """Payloads near this one: cut, extended (also by a whole second body), or with bytes changed behind the prefix."""
    body = payload[wire.PREFIX_LENGTH :]
    cut = st.integers(0, len(payload)).map(lambda n: payload[:n])
    longer = (st.just(body) | st.binary(max_size=4)).map(lambda more: payload + more)
    changed = st.tuples(st.integers(0, len(body) - 1), st.integers(0, 255)).map(
        lambda change: (
            payload[: wire.PREFIX_LENGTH + change[0]]
            + bytes([change[1]])
            + payload[wire.PREFIX_LENGTH + change[0] + 1 :]
        )
    )
    return cut | longer | changed | changed


WRITERS = {
    "another order, more fields, all types": {
        "type": "record",
        "name": "R",
        "fields": [
            {
                "name": "skipped",
                "type": {"type": "map", "values": ["null", "double", {"type": "array", "items": "int"}]},
            },
            {"name": "b", "type": "string"},
            {"name": "flag", "type": "boolean"},
            {"name": "old_a", "type": "int"},
            {"name": "f", "type": "float"},
            {"name": "id", "type": {"type": "fixed", "name": "Id", "size": 3}},
            {"name": "raw", "type": "bytes"},
            {"name": "e", "type": {"type": "enum", "name": "E", "symbols": ["NEW", "A", "B"]}},
            {"name": "again", "type": "E"},
            {"name": "o", "type": ["string", "null"]},
            {
                "name": "items",
                "type": {
                    "type": "array",
                    "items": {
                        "type": "record",
                        "name": "Item",
                        "fields": [
                            {"name": "note", "type": ["null", "string", "long"]},
                            {"name": "n", "type": "long"},
                        ],
                    },
                },
            },
        ],
    },
    "no optional fields at all": {
        "type": "record",
        "name": "R",
        "fields": [{"name": "a", "type": ["int", "long"]}, {"name": "b", "type": "bytes"}],
    },
}
READER = {
    "type": "record",
    "name": "R",
    "fields": [
        {"name": "a", "type": "long", "aliases": ["old_a"]},
        {"name": "b", "type": "string"},
        {
            "name": "e",
            "type": {"type": "enum", "name": "E", "symbols": ["U", "A", "B"], "default": "U"},
            "default": "B",
        },
        {"name": "o", "type": ["null", "string"], "default": None},
        {"name": "later", "type": "long", "default": -3},
        {"name": "name", "type": "string", "default": "none"},
        {
            "name": "items",
            "type": {
                "type": "array",
                "items": {"type": "record", "name": "Item", "fields": [{"name": "n", "type": "long"}]},
            },
            "default": [],
        },
    ],
}
READER_FIELDS = ("a", "b", "e", "o", "later", "name", "items.n")


@pytest.mark.parametrize("writer", WRITERS.values(), ids=WRITERS)
@given(data=st.data())
def test_other_writers_are_resolved_as_avro_says(writer: Any, data: st.DataObject) -> None:
    records = data.draw(st.lists(values(named(writer)), min_size=1, max_size=20))
    for record in records:
        if isinstance(record["b"], bytes):
            record["b"] = record["b"].decode("utf-8", "ignore").encode()
    payloads = [encode(writer, record) for record in records]
    resolve = decoder(writer, READER, None)
    oracle = [resolve(payload[wire.PREFIX_LENGTH :]) for payload in payloads]
    reading = read(READER, READER_FIELDS, list(payloads), writer)
    assert reading.failures == {}
    assert all_rows(reading, READER_FIELDS, READER) == as_lines(oracle, READER_FIELDS)


def named(schema: Any) -> Any:
    """The schema with each named type written out where it is used."""
    return fastavro.schema.expand_schema(schema)


@settings(max_examples=20)
@given(st.lists(st.sampled_from([1, 2, 3, 4]), min_size=1, max_size=40))
def test_one_batch_may_have_many_writers(ids: list[int]) -> None:
    narrow = {"type": "record", "name": "R", "fields": [{"name": "a", "type": "int"}]}
    wide = {**narrow, "fields": [{"name": "x", "type": "string"}, {"name": "a", "type": "long"}]}
    writers = {1: narrow, 2: wide, 3: {**narrow, "fields": [{"name": "a", "type": "string"}]}}

    def schema_text(schema_id: int) -> str:
        if schema_id == 4:
            raise UnknownSchema("no schema 4")
        return json.dumps(writers[schema_id])

    bodies = {1: {"a": 1}, 2: {"x": "é", "a": 2}, 3: {"a": "three"}}
    payloads = [encode(writers.get(i, narrow), bodies.get(i, {"a": 4}), i) for i in ids]
    reading = ColumnReader(narrow | {"fields": [{"name": "a", "type": "long"}]}, ("a",), schema_text).read(payloads)
    assert sorted(n for batch in reading.batches for n in batch.integers("a").tolist()) == sorted(
        i for i in ids if i in (1, 2)
    )
    assert set(reading.failures) == {row for row, i in enumerate(ids) if i in (3, 4)}


def test_what_is_not_framed_is_told_apart() -> None:
    schema = TOPICS["ProductViewed"].schema
    reading = read(schema, FIELDS["ProductViewed"], [None, b"", b"\x00\x00", b"{}{}{}{}"])
    assert {row: reason.split(",")[0] for row, reason in reading.failures.items()} == {
        0: "the value is null (a tombstone)",
        1: "the value is empty",
        2: "the value has 2 bytes",
        3: "the value begins with byte 0x7b",
    }


@given(data=st.data())
def test_trailing_bytes_that_form_a_row_are_seen(data: st.DataObject) -> None:
    schema = plain(TOPICS["CartUpdated"].schema)
    record = data.draw(values(schema))
    payload = encode(schema, record)
    reading = read(schema, FIELDS["CartUpdated"], [payload, payload + payload[wire.PREFIX_LENGTH :], payload])
    assert list(reading.failures) == [1]
    assert sum(batch.rows for batch in reading.batches) == 2


def test_a_schema_that_contains_itself_is_read_row_by_row() -> None:
    node = {
        "type": "record",
        "name": "Node",
        "fields": [{"name": "a", "type": "long"}, {"name": "next", "type": ["null", "Node"]}],
    }
    payloads = [encode(node, {"a": 1, "next": {"a": 2, "next": None}}), b"\x00\x00\x00\x00\x07\x02"]
    reading = ColumnReader(node, ("a",), lambda _: json.dumps(node)).read(payloads)
    assert [batch.integers("a").tolist() for batch in reading.batches] == [[1]]
    assert list(reading.failures) == [1]


@settings(max_examples=5)
@given(data=st.data())
def test_a_large_message_is_read_alone(data: st.DataObject) -> None:
    schema, names = plain(TOPICS["PurchaseCompleted"].schema), FIELDS["PurchaseCompleted"]
    record = data.draw(values(schema))
    items = [{"product_id": "p" * 50, "quantity": n, "price_minor": -n} for n in range(LARGE // 50)]
    large = {**record, "items": items}
    reading = read(schema, names, [encode(schema, large), encode(schema, record)])
    assert reading.failures == {}
    assert all_rows(reading, names, schema) == as_lines([large, record], names)


def test_large_messages_do_not_share_columns() -> None:
    """A text of a megabyte would make the columns of all rows beside it as wide."""
    schema = {"type": "record", "name": "R", "fields": [{"name": "a", "type": "string"}]}
    texts = ["", "p" * LARGE, "q" * 1_000_000, "r"]
    reading = read(schema, ("a",), [encode(schema, {"a": text}) for text in texts])
    assert sorted(batch.strings("a").tolist() for batch in reading.batches) == [["", "r"], [texts[1]], [texts[2]]]


@pytest.mark.parametrize("size", [LARGE - 1, LARGE, LARGE + 1])
def test_rows_as_long_as_may_be_stand_at_the_end_of_the_data(size: int) -> None:
    schema = {"type": "record", "name": "R", "fields": [{"name": "a", "type": "string"}]}
    whole = encode(schema, {"a": "é" + "p" * (size - wire.PREFIX_LENGTH - 4)})
    assert len(whole) == size
    reading = read(schema, ("a",), [whole, whole[:-1], whole + b"\0", whole])
    assert set(reading.failures) == {1, 2}
    assert [text for batch in reading.batches for text in batch.strings("a").tolist()] == ["é" + "p" * (size - 9)] * 2


UNUSABLE = {
    "Protobuf": 'syntax = "proto3"; message Viewed {}',
    "JSON Schema": '{"type": "object"}',
    "a type of another subject": '{"type": "record", "name": "R", "fields": [{"name": "a", "type": "other.Thing"}]}',
    "a key's schema": '"string"',
    "a union": '["null", "string"]',
    "a union without branches": '{"type": "record", "name": "R", "fields": [{"name": "a", "type": []}]}',
    "no field of ours, an empty union": '{"type": "record", "name": "R", "fields": [{"name": "b", "type": []}]}',
    "a record within a type": '{"type": {"type": "record", "name": "R", "fields": []}}',
}


@pytest.mark.parametrize("schema_text", UNUSABLE.values(), ids=UNUSABLE)
def test_what_a_schema_of_something_else_wrote_is_told_apart(schema_text: str) -> None:
    reader = {"type": "record", "name": "R", "fields": [{"name": "a", "type": "long"}]}
    texts = {1: schema_text, 2: json.dumps(reader)}
    payloads = [wire.frame(1, b"\x04ab"), wire.frame(2, b"\x04"), wire.frame(1, b"")]
    reading = ColumnReader(reader, ("a",), texts.__getitem__).read(payloads)
    assert [batch.integers("a").tolist() for batch in reading.batches] == [[2]]
    assert set(reading.failures) == {0, 2}
    assert all("schema id 1" in reason for reason in reading.failures.values())


@pytest.mark.parametrize("names", [("old_a", "a"), ("a", "old_a")])
def test_a_field_of_the_very_name_goes_before_an_alias(names: tuple[str, str]) -> None:
    writer = {"type": "record", "name": "R", "fields": [{"name": name, "type": "long"} for name in (*names, "b")]}
    reader = {**READER, "fields": [READER["fields"][0]]}
    reading = read(reader, ("a",), [encode(writer, {"a": 1, "old_a": 2, "b": 3})], writer)
    assert [batch.integers("a").tolist() for batch in reading.batches] == [[1]]


def test_small_and_large_rows_are_resolved_alike() -> None:
    """By columns or alone: a record or enum of another name is the reader's only by an alias."""

    def schema(event: str, enum: str, **more: Any) -> Any:
        symbols = {"type": "enum", "name": enum, "symbols": ["A", "B"], **more}
        fields = [{"name": "e", "type": symbols}, {"name": "s", "type": "string"}]
        return {"type": "record", "name": event, "fields": fields}

    record = {"e": "B", "s": ""}
    reader = schema("R", "E", aliases=["F"])
    for event, enum, readable in (("R", "E", True), ("R", "F", True), ("R", "G", False), ("S", "E", False)):
        writer = schema(event, enum)
        payloads = [encode(writer, record), encode(writer, {**record, "s": "s" * LARGE})]
        reading = read(reader, ("e",), list(payloads), writer)
        assert sum(batch.rows for batch in reading.batches) == (2 if readable else 0)
        assert set(reading.failures) == (set() if readable else {0, 1})


def test_a_union_that_holds_the_type_under_another_name_is_read() -> None:
    def schema(enum: str) -> Any:
        symbols = {"type": "enum", "name": enum, "symbols": ["A", "B"], "aliases": ["F"]}
        return {"type": "record", "name": "R", "fields": [{"name": "e", "type": symbols}]}

    writer = schema("F")
    writer["fields"][0]["type"] = ["null", writer["fields"][0]["type"]]
    reading = read(schema("E"), ("e",), [encode(writer, {"e": "B"}), encode(writer, {"e": None})], writer)
    assert [batch.integers("e").tolist() for batch in reading.batches] == [[1]]
    assert set(reading.failures) == {1}


@pytest.mark.parametrize(("size", "sound"), [(b"\x02", True), (b"\x00", True), (b"\x01", False), (b"\x7e", False)])
def test_a_block_is_no_longer_than_its_row(size: bytes, sound: bool) -> None:
    items = {"type": "array", "items": "boolean"}
    schema = {"type": "record", "name": "R", "fields": [{"name": "l", "type": items}, {"name": "a", "type": "long"}]}
    reading = read(schema, ("a",), [wire.frame(SCHEMA_ID, b"\x01" + size + b"\x01\x00\x06")])
    assert [batch.integers("a").tolist() for batch in reading.batches if batch.rows] == ([[3]] if sound else [])


def test_an_enum_without_symbols_has_no_values() -> None:
    def schema(*symbols: str) -> Any:
        enum = {"type": "enum", "name": "E", "symbols": [*symbols]}
        return {"type": "record", "name": "R", "fields": [{"name": "e", "type": enum}]}

    reading = read(schema("A"), ("e",), [wire.frame(SCHEMA_ID, b"\x00")], schema())
    assert list(reading.failures) == [0]


@given(
    st.lists(st.sampled_from(["é", "漢字!!", "𝄞" * 4, "plain", "", "é" * 40]).map(str.encode) | st.binary(max_size=9))
)
@example([b"abcdefg\xc3", b"\xa9bcdefgh", b"abcdef\xc3\xa9"])
def test_text_that_is_not_utf8_is_bad_alone(texts: list[bytes]) -> None:
    """Also where a string ends within a character that the next one seems to go on with."""
    schema = {"type": "record", "name": "R", "fields": [{"name": "a", "type": "string"}]}
    bytes_schema = {**schema, "fields": [{"name": "a", "type": "bytes"}]}
    reading = read(schema, ("a",), [encode(bytes_schema, {"a": text}) for text in texts])
    sound = {row: text for row, text in enumerate(texts) if text.decode("utf-8", "ignore").encode() == text}
    assert set(reading.failures) == set(range(len(texts))) - set(sound)
    found = [text.encode() for batch in reading.batches for text in batch.strings("a").tolist() if text is not None]
    assert found == [*sound.values()]


def test_a_column_of_another_kind_is_refused_by_name() -> None:
    fields = [{"name": "n", "type": "long"}, {"name": "s", "type": "string"}]
    [batch] = read(
        {"type": "record", "name": "R", "fields": fields}, ("n", "s"), [wire.frame(SCHEMA_ID, b"\2\2a")]
    ).batches
    assert batch.integers("n").tolist() == [1]
    with pytest.raises(TypeError, match=r"column n has integers, not strings: use integers\(\); enums are integers"):
        batch.strings("n")
    for get in (batch.integers, batch.floats, batch.nullable, batch.nullable_floats, batch.lists):
        with pytest.raises(TypeError, match="column s has strings, not "):
            get("s")
    with pytest.raises(KeyError):
        batch.strings("none")

"""What a reader makes of a value, against what the two JSON schemas and the two values say by themselves."""

from __future__ import annotations

import copy
import io
import json
from typing import Any

import fastavro
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.support.avro import avro_data
from tributary.avro.codec import codec_schema
from tributary.avro.rows.decoder import DecodeError, decoder, resolver
from tributary.registry.records.value_diff import ValueDifference, differences


def written(schema: Any, datum: Any) -> bytes:
    body = io.BytesIO()
    fastavro.schemaless_writer(body, fastavro.parse_schema(copy.deepcopy(schema)), datum)
    return body.getvalue()


def found(writer: Any, reader: Any, body: bytes) -> list[ValueDifference]:
    old, new = codec_schema(writer), codec_schema(reader)
    return list(differences(old, new, resolver(old, old, tagged=True)(body), resolver(old, new)(body)))


@settings(max_examples=60)
@given(st.data())
def test_a_schema_changes_nothing_for_itself(data: st.DataObject) -> None:
    schema = data.draw(avro_data.schemas())
    assert found(schema, schema, written(schema, data.draw(avro_data.data(schema)))) == []


@settings(max_examples=150)
@given(st.data())
def test_finds_each_field_that_is_gone_new_or_another(data: st.DataObject) -> None:
    writer = data.draw(avro_data.records())
    reader = data.draw(avro_data.readers(writer))
    body = written(writer, data.draw(avro_data.data(writer)))
    try:
        before, after = decoder(writer)(body), decoder(writer, reader)(body)
    except DecodeError:
        assume(False)
    differs = found(writer, reader, body)
    at_the_top = {(one.kind, one.path) for one in differs if one.kind != "changed" and "." not in one.path}
    source = {
        f["name"]: next(n for n in (f["name"], *f.get("aliases", ()), None) if n in before or n is None)
        for f in reader["fields"]
    }
    assert at_the_top == {("defaulted", name) for name, old in source.items() if old is None} | {
        ("dropped", name) for name in before if name not in source.values()
    }
    kept = {name: old for name, old in source.items() if old is not None}
    changed = [one for one in differs if one.kind == "changed"]
    # A float is compared by the 32 bits that it has elsewhere.
    if all(before[old] == after[name] for name, old in kept.items()) and '"float"' not in json.dumps(reader):
        assert not changed
    if not differs:
        assert _plain({old: after[name] for name, old in kept.items()}) == _plain(before)


def _plain(value: Any) -> Any:
    """Bytes as the text they are, where that was promoted; names of nested fields left out, as aliases change them."""
    if isinstance(value, dict):
        return [_plain(one) for _, one in sorted(value.items(), key=lambda item: item[0].removesuffix("_renamed"))]
    if isinstance(value, list):
        return [_plain(one) for one in value]
    return value.encode() if isinstance(value, str) else value


def record(*fields: dict[str, Any]) -> dict[str, Any]:
    return {"type": "record", "name": "R", "fields": list(fields)}


def test_says_what_a_value_becomes_and_where() -> None:
    kind = {"type": "enum", "name": "K", "symbols": ["A", "B"]}
    old = record(
        {"name": "kinds", "type": {"type": "array", "items": kind}},
        {"name": "big", "type": "long"},
        {"name": "gone", "type": "int"},
    )
    new = record(
        {
            "name": "sorts",
            "aliases": ["kinds"],
            "type": {"type": "array", "items": kind | {"symbols": ["A"], "default": "A"}},
        },
        {"name": "big", "type": "double"},
        {"name": "added", "type": ["null", "int"], "default": None},
    )
    body = written(old, {"kinds": ["A", "B"], "big": 2**53 + 1, "gone": 1})
    assert found(old, new, body) == [
        ValueDifference("changed", "sorts[]", "'B' → 'A'"),
        ValueDifference("changed", "big", "9007199254740993 → 9007199254740992.0"),
        ValueDifference("dropped", "gone", ""),
        ValueDifference("defaulted", "added", "null"),
    ]


@settings(max_examples=100)
@given(st.data())
def test_whatever_was_written_is_compared(data: st.DataObject) -> None:
    """In unions, also where the value alone does not say its branch."""
    writer = data.draw(avro_data.records(alike=True))
    reader = data.draw(avro_data.readers(writer))
    body = data.draw(avro_data.bodies(writer))
    assert found(writer, writer, body) == []
    try:
        decoder(writer, reader)(body)
    except DecodeError:
        assume(False)
    found(writer, reader, body)


def test_of_two_records_that_look_alike_the_one_that_was_written_counts() -> None:
    def either(old: str, new: str) -> dict[str, Any]:
        kinds = [
            {"type": "record", "name": name, "fields": [{"name": "n", "type": kind}]}
            for name, kind in (("A", old), ("B", new))
        ]
        return record({"name": "one", "type": kinds}, {"name": "many", "type": {"type": "array", "items": ["A", "B"]}})

    before, after = either("long", "long"), either("long", "double")
    lost = {"n": 2**53 + 1}
    body = written(before, {"one": ("B", lost), "many": [("A", lost), ("B", lost)]})
    assert [one.path for one in found(before, after, body)] == ["one.n", "many[].n"]
    body = written(before, {"one": ("A", lost), "many": [("A", lost)]})
    assert found(before, after, body) == []


def test_the_branch_of_a_union_is_the_one_that_was_written() -> None:
    old = record({"name": "a", "type": ["null", "long", "string", {"type": "map", "values": "long"}]})
    new = record({"name": "a", "type": ["null", "double", "bytes", {"type": "map", "values": "double"}]})
    bodies = {
        text: written(old, {"a": value})
        for text, value in {"null": None, "exact": 7, "lost": 2**53 + 1, "text": "é", "map": {"k": 2**53 + 1}}.items()
    }
    assert {text: [one.path for one in found(old, new, body)] for text, body in bodies.items()} == {
        "null": [],
        "exact": [],
        "lost": ["a"],
        "text": [],
        "map": ["a{}"],
    }


def test_null_is_not_a_record_without_fields() -> None:
    empty = record() | {"name": "E"}
    old = record({"name": "a", "type": [empty, "null"]})
    fields = [{"name": "n", "type": "int", "default": 3}]
    new = record({"name": "a", "type": [empty | {"fields": fields}, "null"]})
    assert found(old, new, written(old, {"a": None})) == []
    assert found(old, new, written(old, {"a": {}})) == [ValueDifference("defaulted", "a.n", "3")]


def test_text_and_its_bytes_are_the_same() -> None:
    old = record({"name": "a", "type": "bytes"}, {"name": "b", "type": "string"})
    new = record({"name": "a", "type": "string"}, {"name": "b", "type": "bytes"})
    assert found(old, new, written(old, {"a": "é".encode(), "b": "é"})) == []


def test_personal_data_is_not_shown() -> None:
    old = record({"name": "who", "type": record({"name": "id", "type": "long"}) | {"name": "P"}, "pii": "direct"})
    new = json.loads(json.dumps(old).replace("long", "float").replace(', "pii": "direct"', ""))
    (only,) = found(old, new, written(old, {"who": {"id": 123456789}}))
    assert only.path == "who.id"
    assert "1234" not in only.text

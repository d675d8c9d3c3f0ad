"""What counts as an Avro schema, and the text it is kept as: the library that Confluent uses is the measure."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tributary.avro.canonical import normalized, resolved
from tributary.avro.parser import parse
from tributary.avro.schema import SchemaError


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ('{"type":"string"}', '"string"'),
        ('{"type":"string","doc":"dropped","x":1}', '{"type":"string","x":1}'),
        ('{"fields":[],"name":"a.b.R","type":"record"}', '{"type":"record","name":"R","namespace":"a.b","fields":[]}'),
        (
            '{"type":"enum","name":"E","aliases":["D"],"p":2,"symbols":["A"],"default":"A","doc":"d"}',
            '{"type":"enum","name":"E","doc":"d","symbols":["A"],"default":"A","p":2,"aliases":["D"]}',
        ),
        ('{"type":"fixed","name":"F","namespace":"","size":0}', '{"type":"fixed","name":"F","size":0}'),
        ("[] // nothing", "[]"),
        ('{"type":"int" /* a word */ ,"note":"/* kept */"}', '{"type":"int","note":"/* kept */"}'),
        ('{"type":"record","name":"Ürün","fields":[]}', '{"type":"record","name":"Ürün","fields":[]}'),
        ('{"type":"int","s":"\\u0007\\n\\u00e9\\/"}', '{"type":"int","s":"\\u0007\\né/"}'),
    ],
)
def test_is_kept_as_the_library_writes_it(given: str, kept: str) -> None:
    assert parse(given).canonical == kept


@pytest.mark.parametrize(
    ("number", "written"),
    [
        ("1", "1"),
        ("1.0", "1.0"),
        ("1e2", "100.0"),
        ("1e7", "1.0E7"),
        ("-12345678.5", "-1.23456785E7"),
        ("0.001", "0.001"),
        ("0.00012", "1.2E-4"),
        ("1e999", '"Infinity"'),
        ("12345678901234567890", "12345678901234567890"),
    ],
)
def test_numbers_are_written_as_java_writes_them(number: str, written: str) -> None:
    assert parse(f'{{"type":"int","n":{number}}}').canonical == f'{{"type":"int","n":{written}}}'


def test_a_type_may_be_used_before_it_is_defined() -> None:
    inner = {"type": "record", "name": "B", "fields": []}
    text = json.dumps(
        {
            "type": "record",
            "name": "A",
            "fields": [{"name": "x", "type": {"type": "array", "items": "B"}}, {"name": "y", "type": inner}],
        }
    )
    fields = json.loads(parse(text).canonical)["fields"]
    assert [field["type"] for field in fields] == [{"type": "array", "items": inner}, "B"]


def test_a_default_is_checked_once_all_types_are_known() -> None:
    fields = [{"name": "x", "type": "B", "default": {}}, {"name": "y", "type": {"type": "record", "name": "B"}}]
    fields[1]["type"]["fields"] = [{"name": "n", "type": "int"}]  # type: ignore[index]
    text = json.dumps({"type": "record", "name": "A", "fields": fields})
    with pytest.raises(SchemaError, match="invalid default for field x of A"):
        parse(text)
    assert parse(text, validate_defaults=False).fields[0].has_default


def test_a_referenced_type_is_named_but_not_repeated() -> None:
    user = '{"type":"record","name":"User","namespace":"shop","fields":[]}'
    order = '{"type":"record","name":"Order","namespace":"shop","fields":[{"name":"who","type":"User"}]}'
    schema = parse(order, [user])
    assert json.loads(schema.canonical)["fields"] == [{"name": "who", "type": "User"}]
    assert json.loads(resolved(schema))["fields"][0]["type"]["name"] == "User"


def test_normalizing_sorts_what_has_no_order() -> None:
    first = '{"type":"record","name":"R","z":{"b":1,"a":2},"aliases":["C","B"],"doc":"","fields":[]}'
    second = '{"type":"record","name":"R","aliases":["B","C"],"z":{"a":2,"b":1},"fields":[]}'
    texts = {parse(normalized(parse(text))).canonical for text in (first, second)}
    assert len(texts) == 1


RECORD = '{{"type":"record","name":"R","fields":[{{"name":"a","type":{},"default":{}}}]}}'


@pytest.mark.parametrize(
    ("kind", "default"),
    [
        ('"int"', "2147483648"),
        ('"int"', "1.0"),
        ('"int"', "true"),
        ('"long"', '"1"'),
        ('"boolean"', "0"),
        ('"double"', '"x"'),
        ('"null"', "0"),
        ('["null","int"]', '"x"'),
        ('{"type":"array","items":"int"}', '["x"]'),
        ('{"type":"map","values":"int"}', '{"a":"x"}'),
        ('{"type":"record","name":"I","fields":[{"name":"b","type":"int"}]}', "{}"),
    ],
)
def test_a_default_of_another_type_is_refused(kind: str, default: str) -> None:
    with pytest.raises(SchemaError, match=r"invalid default|not a number"):
        parse(RECORD.format(kind, default))


@pytest.mark.parametrize(
    "text",
    [
        *("", "null", "3", "{}", '"unknown"', '{"type":{"type":"int"}}', '{"type":"int"} x', '{"type":"int","n":NaN}'),
        *('[["int"]]', '["int","int"]', '[{"type":"array","items":"int"},{"type":"array","items":"long"}]'),
        *('{"type":"fixed","name":"F","size":true}', '{"type":"fixed","name":"F","size":-1}'),
        *('{"type":"fixed","name":"int","size":1}', '{"type":"fixed","name":"a..b.F","size":1}'),
        *('{"type":"enum","name":"E","symbols":[1]}', '{"type":"enum","name":"E","symbols":["A","A"]}'),
        '{"type":"record","name":"R","fields":[{"name":"a","type":"int","order":"sideways"}]}',
        '{"type":"record","name":"R","fields":[{"name":"a","type":"int","aliases":"b"}]}',
        '{"type":"int","s":"\\ud800"}',
        '[{"type":"fixed","name":"F","size":1},{"type":"array","items":{"type":"fixed","name":"F","size":2}}]',
        '{"type":"array","items":' * 5000 + '"int"' + "}" * 5000,
        '{"type":"array","items":' * 200 + '"int"' + "}" * 200,
    ],
)
def test_what_is_no_schema_is_refused(text: str) -> None:
    with pytest.raises(SchemaError):
        parse(text)


def test_a_million_symbols_are_read_and_strange_text_is_scanned_once() -> None:
    symbols: Any = [f"S{number}" for number in range(1_000_000)]
    assert len(parse(json.dumps({"type": "enum", "name": "E", "symbols": symbols})).symbols) == 1_000_000
    for text in ("/*" * 500_000, '"\\"' + '\\"' * 500_000, "//" * 500_000):
        with pytest.raises(SchemaError):
            parse(text)

"""The schema parsers, and decoders of the schemas that they accept: only documented errors, and stable texts."""

from __future__ import annotations

import contextlib
import json
import linecache
from collections.abc import Iterator
from typing import Any

from tests.fuzz.pairs import pairs
from tributary.avro import wire
from tributary.avro.canonical import normalized, resolved
from tributary.avro.codec import codec_schema
from tributary.avro.columns.reader import ColumnReader, UnknownSchema
from tributary.avro.fingerprint import fingerprint
from tributary.avro.parser import parse
from tributary.avro.rows.decoder import DecodeError, decoder
from tributary.avro.schema import Record, SchemaError
from tributary.registry import compatibility
from tributary.registry.server.schemas.shapes import shape

WORDS = tuple(
    word.encode()
    for word in (
        *('"type"', '"name"', '"fields"', '"items"', '"values"', '"symbols"', '"default"', '"namespace"', '"aliases"'),
        *('"size"', '"logicalType"', '"precision"', '"scale"', '"doc"', '"order"', '"minimum"', '"maximum"'),
        *('"record"', '"error"', '"enum"', '"fixed"', '"array"', '"map"', '"decimal"', '"uuid"', '"null"', '"long"'),
        *('"double"', '"bytes"', '"string"', '"pattern"', "1e400", "9223372036854775807", "9" * 320, "null", "-0.0"),
        *("\\ud800", "/*", "*/", "//", "[" * 200, '{"type":' * 50, ":[", "{}", "[]", "é", "."),
    )
)
BODIES = (b"", bytes(16), b"\x02" * 16, b"\x01\x02\x03\xff\xff\xff\xff\xff\xff\xff\xff\x01", b"\xff" * 16)
_BY_HAND = (
    '{"type": "fixed", "name": "F", "size": 9223372036854775807}',
    '{"type": "record", "name": "a.R", "fields": [{"name": "r", "type": ["null", "R"], "default": null}]}',
    '["null", {"type": "enum", "name": "E", "symbols": ["A"], "default": "A", "doc": ["x"]}]',
    '{"type": "record", "name": "R", "namespace": "", "aliases": ["x.S"], "fields": [{"name": "b", "order": "ignore", '
    '"type": {"type": "bytes", "logicalType": "decimal", "precision": 4, "scale": 2}, "default": "\\u00ff"}]}',
    '{"type": "map", "values": {"type": {"type": "array", "items": "R"}}} // comment',
)


def seeds() -> Iterator[bytes]:
    """Inputs: the text of a schema."""
    for pair in pairs():
        yield json.dumps(pair.contract).encode()
    for text in _BY_HAND:
        yield text.encode()


def check(data: bytes) -> None:
    """Raise for an undocumented error of a parser, or if a schema has no stable text."""
    text = data.decode(errors="replace")
    _check_registry(text)
    try:
        schema = json.loads(text)
    except (ValueError, RecursionError):
        return
    _check_product(schema, text)
    linecache.clearcache()  # it keeps the source of every decoder


def case(data: bytes) -> str:
    """The input as text that stays valid when the code changes."""
    return json.dumps(data.decode(errors="replace"))


def replay(text: str) -> None:
    """Check a case."""
    check(json.loads(text).encode())


def _check_registry(text: str) -> None:
    try:
        schema = parse(text)
    except SchemaError:
        return
    again = parse(schema.canonical, validate_defaults=False)
    assert again.canonical == schema.canonical, f"{schema.canonical} is written back as {again.canonical}"
    if "Infinity" in schema.canonical:
        return  # as in Java, a number beyond a double is written as text
    with contextlib.suppress(RecursionError):  # its callers take it for a schema that nests too deep
        assert fingerprint(again) == fingerprint(schema), f"{schema.canonical} has two meanings"
    with contextlib.suppress(RecursionError):
        normal = parse(normalized(schema), validate_defaults=False)
        assert normalized(normal) == normalized(schema), f"{normal.canonical} is not normal"
        resolved(schema)
        shape(schema)
        compatibility.check("FULL_TRANSITIVE", schema, [schema, normal])


def _check_product(schema: Any, text: str) -> None:
    try:
        kind = codec_schema(schema)
    except SchemaError:
        return
    with contextlib.suppress(SchemaError, DecodeError):
        decode = decoder(schema)
        for body in BODIES:
            with contextlib.suppress(DecodeError):
                decode(body)
    if not isinstance(kind, Record):
        return
    for names in ([field.name for field in kind.fields], []):  # all are read, or all are stepped over
        with contextlib.suppress(SchemaError, UnknownSchema):
            reading = ColumnReader(schema, names, lambda _: text).read([wire.frame(1, body) for body in BODIES])
            rows = [row for places in reading.places for row in places.tolist()]
            assert sorted([*rows, *reading.failures]) == [*range(len(BODIES))], "a row is missing"

"""Encode events, one or many at a time: a function per schema, generated as straight-line Python.

https://avro.apache.org/docs/1.12.0/specification/#binary-encoding
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from tributary.avro import varint
from tributary.avro.codec import codec_schema
from tributary.avro.defaults import RANGES
from tributary.avro.rows.encoder_source import Writer, joined
from tributary.avro.schema import Field, Json, Record, Schema
from tributary.avro.validation import limits, problem


class EncodeError(ValueError):
    """An event is not what its schema describes; the message names the event, the field, its value and what was
    expected."""


def encoder(schema: Json, *, keys: bool = False) -> Callable[[Any], bytes]:
    """A function that returns the Avro body of an event, without the wire format's prefix.

    Records are instances of classes whose attributes are the fields, as in `events.py`, or, with `keys`, dictionaries.
    Enums are `str`, arrays `list` or `tuple`, maps `dict`, decimals `decimal.Decimal`; uuids are `str` and timestamps,
    dates and times the `int` of their underlying type. A value in a union takes the first branch that it fits, as
    with `fastavro`: of `["float", "long"]` an `int` takes the float. A field's attributes `minimum`, `maximum` and
    `pattern` are enforced.

    Raises SchemaError for a schema that cannot be used; the function raises EncodeError.
    """
    kind = codec_schema(schema)
    title = kind.short_name if isinstance(kind, Record) else str(kind)

    def refuse(event: Any, error: Exception) -> bytes:
        try:
            found = problem(kind, event, title, keys=keys)
        except RecursionError:
            found = f"{title} nests too deep"
        raise EncodeError(found or f"{title}: {error!r}")

    @functools.cache
    def patient() -> Callable[[Any], bytes]:
        return _compiled(kind, refuse, varint.LENGTH, keys=keys)

    def otherwise(event: Any, error: Exception) -> bytes:
        """What the fast function does not handle: lengths beyond its table, and errors."""
        return patient()(event) if isinstance(error, IndexError) else refuse(event, error)

    return _compiled(kind, otherwise, varint.SMALL, keys=keys)


def column_encoder(schema: Json) -> Callable[[Mapping[str, Sequence[Any]]], Iterable[bytes]]:
    """A function that returns the Avro bodies of many records: it takes the values of their fields, as columns of one
    length.

    The bodies are those of `encoder` for each row, and so are the errors: the rows before the first invalid one are
    yielded, then EncodeError is raised. A column that is missing is a KeyError, one of another length a
    ValueError.

    Raises SchemaError for a schema that cannot be used, and TypeError for one that is not of a record.
    """
    record = codec_schema(schema)
    if not isinstance(record, Record):
        raise TypeError(f"columns are the fields of a record, and {record} has none")
    encode_row = encoder(schema, keys=True)
    names = [field.name for field in record.fields]
    writer = Writer(record, keys=True)
    source = writer.source
    source.scope |= {"LENGTH": varint.SMALL, "INT": frozenset((int,))}
    outputs = [source.variable(name) for name in names]
    with source.block("def encode(columns):"):
        for field, output in zip(record.fields, outputs, strict=True):
            _write_column(writer, field, output)
        source.call("return list(map(b''.join, zip(", [*outputs, "strict=True"], ")))")
    encode_columns = source.compile("encode")

    def encode(columns: Mapping[str, Sequence[Any]]) -> Iterable[bytes]:
        try:
            bodies: list[bytes] = encode_columns(columns)
        except Exception:  # an error, or a length beyond the table: encode row by row to find out
            rows = zip(*(columns[name] for name in names), strict=True)
            return (encode_row(dict(zip(names, row, strict=True))) for row in rows)
        return bodies

    return encode


def _write_column(writer: Writer, field: Field, output: str) -> None:
    """Write the lines that assign a column's encodings, in order, to a variable."""
    source, column = writer.source, f"columns[{field.name!r}]"

    def encoding() -> str:
        return joined(writer.parts(field.type, "value", field.name, limits(field.name, field.props)))

    if field.type.kind in RANGES:
        # Times and other numbers often repeat: encoding one costs three times as much as looking it up.
        with source.block(f"if not INT.issuperset(map(type, {column})):"):  # True is equal to 1
            source.line("raise ValueError")
        source.line("known = {}")
        with source.block(f"for value in set({column}):"):
            source.line(f"known[value] = {encoding()}")
        source.line(f"{output} = map(known.__getitem__, {column})")
    else:
        source.line(f"{output} = []")
        source.line(f"append = {output}.append")
        with source.block(f"for value in {column}:"):
            source.line(f"append({encoding()})")


def _compiled(
    kind: Schema, otherwise: Callable[[Any, Exception], bytes], lengths: object, *, keys: bool
) -> Callable[[Any], bytes]:
    """The function, which looks up the encodings of lengths in a table."""
    writer = Writer(kind, keys=keys)
    source = writer.source
    source.scope |= {"LENGTH": lengths, "otherwise": otherwise}
    with source.block("def encode(event):"):
        with source.block("try:"):
            writer.returned(kind, "event")
        with source.block("except Exception as error:"):
            source.line("return otherwise(event, error)")
    return source.compile("encode")

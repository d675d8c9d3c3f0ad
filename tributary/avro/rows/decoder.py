"""Decode one event: a function per pair of writer and reader schema, generated as straight-line Python.

https://avro.apache.org/docs/1.12.0/specification/#binary-encoding
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any, TypeVar, overload

from tributary.avro.codec import codec_schema
from tributary.avro.rows.bounds import OutsideError
from tributary.avro.rows.decoder_source import Reader, UnresolvedError
from tributary.avro.rows.source import Source
from tributary.avro.schema import Record, Schema

Event = TypeVar("Event")


class DecodeError(ValueError):
    """A payload is not what its writer schema describes, or cannot be read as the reader schema; the message names
    the event and the field."""


class BoundsError(DecodeError):
    """An event is outside the limits of its reader schema; the message names the event, the field, its value and what
    was expected."""


@overload
def decoder(writer: Any, reader: Any, cls: type[Event]) -> Callable[[bytes], Event]: ...
@overload
def decoder(writer: Any, reader: Any = None, cls: None = None) -> Callable[[bytes], Any]: ...
def decoder(writer: Any, reader: Any = None, cls: type[Any] | None = None) -> Callable[[bytes], Any]:
    """A function that returns the event in an Avro body, resolved from the writer schema to the reader schema.

    Both are schemas as parsed from JSON; without a reader schema the writer's is used. The event is an instance of
    `cls`, whose attributes are the reader's fields. Nested records and enums use the classes of their names in the
    module of `cls`; arrays are tuples. Without `cls`, or if the module has no such class, records are dictionaries,
    enums `str` and arrays lists. Maps are `dict`, decimals `decimal.Decimal`; uuids are `str` and timestamps, dates and
    times the `int` of their underlying type.

    The function requires the exact body and raises DecodeError otherwise, and BoundsError for values outside
    the `minimum`, `maximum` or `pattern` of the reader's fields; defaults are not checked. Raises SchemaError for
    a schema that cannot be used and DecodeError for a pair that cannot be resolved.
    """
    written = codec_schema(writer)
    return resolver(written, written if reader is None else codec_schema(reader), cls, bounded=True)


def resolver(
    written: Schema, read: Schema, cls: type[Any] | None = None, *, tagged: bool = False, bounded: bool = False
) -> Callable[[bytes], Any]:
    """`decoder` for parsed types.

    `tagged`: the value of a written union is a pair of the branch's number and the value.
    `bounded`: values outside the limits of the reader's fields are refused; cannot be combined with `tagged`.
    """
    title = written.short_name if isinstance(written, Record) else str(written)
    source = Source("decoder")

    def failure(error: Exception, data: bytes) -> DecodeError:
        place = title + source.places(error.__traceback__)
        if isinstance(error, OutsideError):
            return BoundsError(f"{place} {error}")
        return DecodeError(f"{place}: {_reason(error, data)}")

    source.scope["failure"] = failure
    with source.block("def decode(data):"):
        with source.block("try:"):
            source.line("at = 0")
            try:
                value = Reader(source, cls, written, read, tagged=tagged, bounded=bounded).value(written, read, "event")
            except UnresolvedError as error:
                raise DecodeError(f"{title}{error}") from None
            with source.block("if at != len(data):"):
                source.line("raise EOFError(at)")
            source.line(f"return {value}")
        with source.block("except Exception as error:"):
            source.line("raise failure(error, data) from None")
    return source.compile("decode")


def _reason(error: Exception, data: bytes) -> str:
    if isinstance(error, EOFError):
        over = len(data) - error.args[0]
        if over > 0:
            return f"the payload has {len(data)} bytes, {over} of them after the event"
    if isinstance(error, EOFError | IndexError | struct.error):
        return f"the payload of {len(data)} bytes ends too early"
    if isinstance(error, UnicodeDecodeError):
        return f"not UTF-8: {error.object!r:.80}"
    if isinstance(error, RecursionError):
        return "nests too deep"
    return str(error)

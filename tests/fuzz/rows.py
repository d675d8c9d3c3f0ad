"""The row decoder: it accepts exactly what a strict reading of the specification accepts, with the same values."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

import fastavro

from tests.fuzz import strict
from tests.fuzz.pairs import Pair, pairs
from tributary.avro.rows.decoder import BoundsError, DecodeError, decoder

GENERATED = True
"""Decoders are generated: see `run.py`."""

WORDS = (b"\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01", b"\xff\xff\xff\xff\x0f", b"\x80\x80\x80\x80\x10", b"\xd0\x0f")
"""The smallest long, the smallest int, a number beyond an int, and 1,000."""

Decode = Callable[[bytes], Any]
TOO_DEEP = "nests too deep"
"""The decoder's message for bodies that nest deeper than Python's stack, which the specification allows."""


def seeds() -> Iterator[bytes]:
    """Inputs: the number of a pair in two bytes, then a body."""
    for number, pair in enumerate(pairs()):
        for body in pair.bodies:
            yield number.to_bytes(2, "little") + body


def check(data: bytes) -> None:
    """Raise AssertionError if a body is not decoded as expected."""
    pair = pairs()[int.from_bytes(data[:2], "little") % len(pairs())]
    check_body(pair, _decoders(pair), data[2:])


def case(data: bytes) -> str:
    """The input as JSON text that stays valid when the pairs change."""
    pair = pairs()[int.from_bytes(data[:2], "little") % len(pairs())]
    return json.dumps({"writer": pair.writer, "contract": pair.contract, "body": data[2:].hex()})


def replay(text: str) -> None:
    """Check a case."""
    found = json.loads(text)
    pair = Pair(found["writer"], found["contract"])
    check_body(pair, _decoders(pair), bytes.fromhex(found["body"]))


@lru_cache(None)
def _decoders(pair: Pair) -> tuple[Decode, Decode | None]:
    try:
        return decoder(pair.writer), decoder(pair.writer, pair.contract)
    except DecodeError:
        assert not strict.resolvable(pair.written, pair.read, {}), "the decoder refuses a pair that can be resolved"
        return decoder(pair.writer), None


def check_body(pair: Pair, decoders: tuple[Decode, Decode | None], body: bytes) -> None:
    """Compare both decoders with the strict reading, and that with fastavro."""
    whole, part = decoders
    try:
        if isinstance(_outcome(pair.written, pair.written, body, bounded=False), str):
            against_fastavro(pair.writer, body)
        _compare("decoder(writer)", [_outcome(pair.written, pair.written, body)], lambda: whole(body))
        if part is not None:
            # Fields that the reader does not have are skipped by length and not validated.
            outcomes = [_outcome(pair.written, pair.read, body, thorough=thorough) for thorough in (True, False)]
            _compare("decoder(writer, contract)", outcomes, lambda: part(body))
    except RecursionError:
        return  # deeper than the strict reading can go


def _outcome(
    writer: strict.Node, reader: strict.Node, body: bytes, *, thorough: bool = True, bounded: bool = True
) -> str | type[Exception]:
    """The value as text, which distinguishes 0.0 from -0.0, and 1 from True; or the kind of error."""
    try:
        value = strict.resolve(writer, reader, body, thorough=thorough)
        return repr(strict.resolve(writer, reader, body, thorough=thorough, bounded=True) if bounded else value)
    except strict.OutsideLimits:
        return BoundsError
    except strict.Invalid:
        return DecodeError


def _compare(what: str, expected: list[str | type[Exception]], read: Callable[[], Any]) -> None:
    try:
        found: str | type[Exception] = repr(read())
    except DecodeError as error:
        if str(error).endswith(TOO_DEEP):
            return
        # A damaged body may also be outside its limits, and is refused for what is found first.
        found = DecodeError if DecodeError in expected else type(error)
    assert found in expected, f"{what} gives {found}, expected {' or '.join(map(str, expected))}"


def against_fastavro(schema: Any, body: bytes) -> None:
    """Check that fastavro decodes what the strict reading decodes, to the same value; without logical types."""
    plain, parsed = _without_logical_types(json.dumps(schema))
    expected = strict.decode(plain, body)
    stream = io.BytesIO(body)
    value = fastavro.schemaless_reader(stream, parsed, None)
    assert repr(value) == repr(expected), f"fastavro reads {value!r}, the strict reading {expected!r}"
    assert stream.tell() == len(body), f"fastavro reads {stream.tell()} of {len(body)} bytes"


@lru_cache(None)
def _without_logical_types(schema: str) -> tuple[strict.Node, Any]:
    plain = json.loads(schema.replace('"logicalType"', '"was"'))
    return strict.linked(plain), fastavro.parse_schema(plain)

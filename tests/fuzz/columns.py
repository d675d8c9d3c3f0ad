"""The column reader: it reads each row as a strict reading does, whatever the other rows contain."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any

from tests.fuzz import strict
from tests.fuzz.pairs import Pair, pairs
from tests.fuzz.rows import WORDS
from tests.support.avro.column_data import expected, is_contained, rows
from tributary.avro import wire
from tributary.avro.codec import codec_schema
from tributary.avro.columns.limited import limited
from tributary.avro.columns.reader import ColumnReader
from tributary.avro.schema import Record

__all__ = ["WORDS", "case", "check", "replay", "seeds"]

SCHEMA_ID = 7
_REPEATED = 40
"""How often a body is repeated to make a row that is read alone."""


def seeds() -> Iterator[bytes]:
    """Inputs: the number of a pair in two bytes, a byte that selects the fields, then rows, each after its length in
    two bytes."""
    for number, pair in enumerate(pairs()):
        head = number.to_bytes(2, "little")
        if pair.bodies:
            yield head + b"\xff" + _rows(pair.bodies)
            yield head + bytes([number & 0xFF]) + _rows((*pair.bodies, pair.bodies[0][:-1], *pair.bodies[::-1]))
    yield b"\0\0\xff" + _rows((pairs()[0].bodies[0], pairs()[0].bodies[0] * _REPEATED))


def _rows(bodies: Sequence[bytes]) -> bytes:
    return b"".join(len(body).to_bytes(2, "little") + body for body in bodies)


def _split(data: bytes) -> list[bytes]:
    found = []
    while len(data) > 2:
        end = 2 + int.from_bytes(data[:2], "little")
        found.append(data[2:end])
        data = data[end:]
    return found


def _input(data: bytes) -> tuple[Pair, list[str], list[bytes]]:
    pair = pairs()[int.from_bytes(data[:2], "little") % len(pairs())]
    chosen = data[2] if len(data) > 2 else 0xFF
    names = [field["name"] for at, field in enumerate(pair.contract["fields"]) if chosen >> at % 8 & 1]
    if is_contained(pair.contract):  # inside itself it has all its fields
        names = [field["name"] for field in pair.contract["fields"]]
    return pair, names, _split(data[3:])


def check(data: bytes) -> None:
    """Raise AssertionError if a row is not read as expected."""
    pair, names, bodies = _input(data)
    check_rows(pair, tuple(names), bodies)


def case(data: bytes) -> str:
    """The input as JSON text that stays valid when the pairs change."""
    pair, names, bodies = _input(data)
    found = {"writer": pair.writer, "contract": pair.contract, "fields": names, "rows": [body.hex() for body in bodies]}
    return json.dumps(found)


def replay(text: str) -> None:
    """Check a case."""
    found = json.loads(text)
    pair = Pair(found["writer"], found["contract"])
    check_rows(pair, tuple(found["fields"]), [bytes.fromhex(row) for row in found["rows"]])


@lru_cache(1024)
def _reader(pair: Pair, names: tuple[str, ...]) -> tuple[ColumnReader, strict.Node, Record]:
    """The reader, and the types as which it checks and returns its rows."""
    contract = codec_schema(pair.contract)
    assert isinstance(contract, Record)
    checked = {field.name for field in contract.fields if limited(field)}
    written = {field["name"] for field in pair.writer["fields"]}
    kept = [
        field
        for field in pair.read["fields"]
        if field["name"] in names or (field["name"] in checked and written & {field["name"], *field.get("aliases", ())})
    ]
    reader = ColumnReader(pair.contract, names, lambda _: json.dumps(pair.writer))
    return reader, pair.read | {"fields": kept}, contract


def check_rows(pair: Pair, names: tuple[str, ...], bodies: Sequence[bytes]) -> None:
    """Compare every row with the strict reading."""
    reader, read, contract = _reader(pair, names)
    sound: dict[int, Any] = {}
    for row, body in enumerate(bodies):
        try:
            strict.decode(pair.written, body)
            record = strict.resolve(pair.written, read, body, bounded=True)
        except strict.Invalid:
            continue
        except RecursionError:
            return  # deeper than the strict reading can go
        sound[row] = expected(record, contract, list(names)) if names else {}
    reading = reader.read([wire.frame(SCHEMA_ID, body) for body in bodies])
    found = {
        place: row
        for batch, places in zip(reading.batches, reading.places, strict=True)
        for place, row in zip(places.tolist(), rows(batch), strict=True)
    }
    assert found.keys().isdisjoint(reading.failures), "a row is read and refused"
    assert found.keys() | reading.failures.keys() == {*range(len(bodies))}, "a row is missing"
    assert sound.keys() == found.keys(), (
        f"the rows {sorted(found)} are read, expected {sorted(sound)}; refused: {reading.failures}"
    )
    for row, record in sound.items():
        assert _text(found[row]) == _text(record), f"row {row} is read as {found[row]}, expected {record}"


def _text(value: Any) -> str:
    """A value as text, with its keys in order; it distinguishes 0.0 from -0.0, and 1 from True."""
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key!r}: {_text(value[key])}' for key in sorted(value))}}}"
    return f"[{', '.join(map(_text, value))}]" if isinstance(value, list) else repr(value)

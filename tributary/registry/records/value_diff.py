"""What a reader schema makes of a value: which parts read differently, are left out, or are filled with a default.

Compatibility rules say that a value can be read, not that it says the same afterwards.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Any, Literal

import attrs

from tributary.avro.resolution import reader_fields, resolve
from tributary.avro.schema import Array, Map, Record, Schema, Union

DifferenceKind = Literal["changed", "dropped", "defaulted"]

_FLOAT = struct.Struct("<f")
_WITHHELD = "(personal data, not shown)"


@attrs.frozen
class ValueDifference:
    """One part of a value that the reader does not see as it was written."""

    kind: DifferenceKind
    path: str
    """The field in words: `items[].quantity`; by the reader's name, or the writer's where the reader has none."""
    text: str
    """What was written and what is read, for people; empty for what is dropped, and without personal data."""


def differences(writer: Schema, reader: Schema, written: Any, read: Any) -> Iterator[ValueDifference]:
    """The differences between a value as its writer schema has it and as the reader schema does.

    Both are decoded without classes (see `tributary.avro.rows.decoder`): records as dictionaries, enums as text. What
    was written is tagged: the value alone does not say which of two records in a union it is.
    """
    yield from _differences(writer, reader, written, read, "", withheld=False)


def _differences(
    writer: Schema, reader: Schema, written: Any, read: Any, path: str, *, withheld: bool
) -> Iterator[ValueDifference]:
    if isinstance(writer, Union):
        number, written = written
        writer = writer.branches[number]
    reader = resolve(writer, reader) or reader
    if isinstance(writer, Record) and isinstance(reader, Record):
        yield from _record(writer, reader, written, read, path, withheld)
    elif isinstance(writer, Array) and isinstance(reader, Array):
        for before, after in zip(written, read, strict=True):
            yield from _differences(writer.element, reader.element, before, after, f"{path}[]", withheld=withheld)
    elif isinstance(writer, Map) and isinstance(reader, Map):
        for key, before in written.items():
            yield from _differences(writer.element, reader.element, before, read[key], f"{path}{{}}", withheld=withheld)
    else:
        if reader.kind == "float":  # Python's has 64 bits; other readers keep 32 of them
            read = _FLOAT.unpack(_FLOAT.pack(read))[0]
        if not _same(written, read):
            yield ValueDifference("changed", path, _WITHHELD if withheld else f"{_shown(written)} → {_shown(read)}")


def _record(
    writer: Record, reader: Record, written: Any, read: Any, path: str, withheld: bool
) -> Iterator[ValueDifference]:
    dot = f"{path}." if path else ""
    filled = set()
    for field, targets in zip(writer.fields, reader_fields(writer, reader).values(), strict=True):
        if not targets:
            yield ValueDifference("dropped", f"{dot}{field.name}", "")
        for target in targets:
            filled.add(target.name)
            personal = withheld or "pii" in field.props or "pii" in target.props
            before, after = written[field.name], read[target.name]
            yield from _differences(field.type, target.type, before, after, f"{dot}{target.name}", withheld=personal)
    for target in reader.fields:
        if target.name not in filled:
            yield ValueDifference("defaulted", f"{dot}{target.name}", _shown(read[target.name]))


def _same(written: Any, read: Any) -> bool:
    """Whether a promotion, if there was any, kept the value: bytes and text are the same if their bytes are."""
    if isinstance(written, bytes) and isinstance(read, str):
        read = read.encode()
    elif isinstance(written, str) and isinstance(read, bytes):
        written = written.encode()
    # NaN is the one value that does not equal itself.
    return bool(written == read) or (written != written and read != read)


def _shown(value: Any) -> str:
    text = "null" if value is None else repr(value)
    return f"{text[:60]}…" if len(text) > 60 else text

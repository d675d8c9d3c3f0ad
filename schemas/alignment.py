"""Plan how rows of a writer schema become columns of a reader schema.

The plan is made once for each writer schema: a step per field, which reads it in all rows or steps over it. Resolution
is that of the row decoder (`matching`), for what columns hold: whole numbers, booleans, enums and text, all of them
optional or not, and lists of records of them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from schemas import avro, projection, text
from schemas.building import Classes
from schemas.cursor import Cursor
from schemas.frame import Column, Frame, Lines, Nullable, concat, gather, repeat
from schemas.matching import branch, takers
from schemas.projection import Form, form
from schemas.skipping import Rows, Skip, Unreadable, by_branch, check_items, skip, walk
from schemas.text import NULL, Integers

Step = Callable[[Cursor], Column]


def plan(writer: avro.Type, reader: avro.Record) -> Callable[[Cursor], Frame]:
    """How to read the columns of `reader`, which has the wanted fields alone, from rows that `writer` wrote.

    Raises Unreadable.
    """
    if not isinstance(writer, avro.Record) or branch(writer, reader) is None:
        raise Unreadable(f"the event: written as {writer}, read as {reader}")
    return _record(writer, reader, "")


def _record(writer: avro.Record, reader: avro.Record, at: str) -> Callable[[Cursor], Frame]:
    targets = takers(writer, reader)
    steps: list[tuple[str, Step | Skip]] = []
    known: dict[int, Skip | None] = {}
    for field in writer.fields:
        path = f"{at}{field.name}"
        if not targets[field.name]:
            steps.append(("", skip(field.type, path, known)))
            continue
        if len(targets[field.name]) > 1:
            raise Unreadable(f"{path}: becomes both {' and '.join(target.name for target in targets[field.name])}")
        (target,) = targets[field.name]
        steps.append((target.name, _read(field.type, target.type, path)))
    taken = {name for name, _ in steps}
    defaults = [
        (field.name, _default(field, f"{at}{field.name}")) for field in reader.fields if field.name not in taken
    ]

    def read(cursor: Cursor) -> Frame:
        columns: dict[str, Any] = {}
        for name, step in steps:
            column = step(cursor)
            if name:
                columns[name] = column
        for name, default in defaults:
            columns[name] = default(len(cursor))
        return Frame(len(cursor), columns)

    return read


def _default(field: avro.Field, at: str) -> Callable[[int], Column]:
    """The column of a field that the writer does not have."""
    if not field.has_default:
        raise Unreadable(f"{at}: the writer has no such field, and the reader has no default for it")
    try:
        column = projection.column([Classes(None).default(field.type, field.default)], field.type)
    except ValueError as error:
        raise Unreadable(f"{at}: {error}") from error
    if not isinstance(column, Lines):
        return lambda rows: repeat(column, rows)
    if len(column.parent):
        raise Unreadable(f"{at}: columns have no default that is a list with items")
    return lambda _: _lines(())


def _read(writer: avro.Type, reader: avro.Type, at: str) -> Step:
    """Read a writer's type as a reader's."""
    shape = form(reader)
    if shape is Form.OBJECTS:
        raise Unreadable(f"{at}: {reader} cannot be read as a column")
    if isinstance(writer, avro.Union):
        return _read_union(writer, reader, at)
    target = branch(writer, reader)
    if target is None:
        raise Unreadable(f"{at}: {writer} cannot be read as {reader}")
    if isinstance(writer, avro.Array) and isinstance(target, avro.Array):
        return _read_list(writer, target, at)
    if writer.kind == "null":
        return lambda cursor: _blank(shape, len(cursor))
    if isinstance(writer, avro.Enum) and isinstance(target, avro.Enum):
        step: Callable[[Cursor], Integers] = _read_enum(writer, target, at)
    elif target.kind == "string":
        return Cursor.text
    else:
        step = _NUMBERS[writer.kind]
    if shape is Form.INTEGERS:
        return step

    def read(cursor: Cursor) -> Column:
        values = step(cursor)
        return Nullable(values, np.zeros(len(values), np.bool_))

    return read


_NUMBERS = {"int": Cursor.int32, "long": Cursor.integer, "boolean": Cursor.boolean}


def _read_list(writer: avro.Array, reader: avro.Array, at: str) -> Step:
    written, expected = writer.items, reader.items
    if not (isinstance(written, avro.Record) and isinstance(expected, avro.Record) and branch(written, expected)):
        raise Unreadable(f"{at}: {writer} cannot be read as {reader}")
    check_items(written, at)
    item = _record(written, expected, f"{at}[].")
    return lambda cursor: _lines(walk(cursor, item))


def _read_enum(writer: avro.Enum, reader: avro.Enum, at: str) -> Callable[[Cursor], Integers]:
    last = len(writer.symbols) - 1
    if last < 0:
        raise Unreadable(f"{at}: an enum without symbols")
    known = {symbol: code for code, symbol in enumerate(reader.symbols)}
    unknown = NULL if reader.default is None else known[reader.default]
    codes = np.array([known.get(symbol, unknown) for symbol in writer.symbols], np.int64)

    def read(cursor: Cursor) -> Integers:
        column = codes[cursor.integer_within(0, last)]
        if column.min(initial=0) == NULL:
            cursor.fail(column == NULL)
        return column

    return read


def _read_union(writer: avro.Union, reader: avro.Type, at: str) -> Step:
    if not writer.branches:
        raise Unreadable(f"{at}: a union without branches")
    shape = form(reader)
    steps = [_fail_all(shape) if branch(one, reader) is None else _read(one, reader, at) for one in writer.branches]

    def read(cursor: Cursor) -> Column:
        return gather(by_branch(cursor, steps))

    return read


def _fail_all(shape: Form) -> Step:
    """What a branch that the reader cannot take does to the rows that chose it."""

    def read(cursor: Cursor) -> Column:
        cursor.fail(np.ones(len(cursor), np.bool_))
        return _blank(shape, len(cursor))

    return read


def _lines(pieces: Sequence[tuple[Rows, Frame]]) -> Lines:
    if not pieces:
        return Lines(np.empty(0, np.int64), Frame(0, {}))
    return Lines(np.concatenate([rows for rows, _ in pieces]).astype(np.int64), concat([frame for _, frame in pieces]))


def _blank(shape: Form, rows: int) -> Column:
    """The column for rows that are null or bad."""
    match shape:
        case Form.LINES:
            return _lines(())
        case Form.TEXT:
            return text.constant(None, rows)
        case Form.NULLABLE:
            return Nullable(np.zeros(rows, np.int64), np.ones(rows, np.bool_))
    return np.zeros(rows, np.int64)

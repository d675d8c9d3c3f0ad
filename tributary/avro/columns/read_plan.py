"""Plan how rows of a writer schema become columns of a reader schema.

The plan is made once per writer schema: one step per field, which reads it in all rows or skips it. Resolution is that
of the row decoder (`resolution`), for the types that columns hold: numbers, booleans, enums and strings, optional or
not, and lists of records of them. Integers that are read as `float` or `double` become 64-bit floating-point numbers.

A row outside the limits of the reader's fields is bad, also if a field is not read but only checked.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from tributary.avro.columns import projection
from tributary.avro.columns.batch import Column, Floats, ListColumn, NullableColumn, RecordBatch, concat, gather, repeat
from tributary.avro.columns.bounds import checked, column_check, natural, number_check, strings
from tributary.avro.columns.cursor import Cursor
from tributary.avro.columns.limited import limited_within
from tributary.avro.columns.projection import NUMBERS, Form, form
from tributary.avro.columns.strings import NULL, Integers, constant
from tributary.avro.columns.traverse import Rows, Skip, Unreadable, by_branch, check_items, skip, walk
from tributary.avro.resolution import reader_fields, resolve
from tributary.avro.rows.records import Classes
from tributary.avro.schema import Array, Decimal, Enum, Field, Record, Schema, Union
from tributary.avro.structure import recursion
from tributary.avro.validation import NO_LIMITS, Limits, limits

Step = Callable[[Cursor], Column]


def plan(writer: Schema, reader: Record, wanted: Record) -> Callable[[Cursor], RecordBatch]:
    """How to read rows written with `writer` as the columns of `wanted`.

    `reader` has the wanted fields and those that are checked. Raises Unreadable.
    """
    if not isinstance(writer, Record) or resolve(writer, reader) is None:
        raise Unreadable(f"the event: written as {writer}, read as {reader}")
    within_itself = recursion(writer)
    if within_itself is not None:
        raise Unreadable(f"{within_itself}: a recursive record, which columns cannot hold")
    return _record(writer, reader, wanted, "")


def _record(writer: Record, reader: Record, wanted: Record, at: str) -> Callable[[Cursor], RecordBatch]:
    targets = reader_fields(writer, reader)
    columns_of = {field.name: field for field in wanted.fields}
    steps: list[tuple[str, Step | Skip]] = []
    known: dict[int, Skip] = {}
    for field in writer.fields:
        path = f"{at}{field.name}"
        if not targets[field.name]:
            steps.append(("", skip(field.type, path, known)))
            continue
        if len(targets[field.name]) > 1:
            raise Unreadable(f"{path}: becomes both {' and '.join(target.name for target in targets[field.name])}")
        (target,) = targets[field.name]
        bounds = limits(target.name, target.props)
        if target.name in columns_of:
            step = _read(field.type, target.type, columns_of[target.name].type, path)
            steps.append((target.name, checked(step, column_check(target.type, bounds))))
        else:
            steps.append(("", _verify(field.type, target.type, bounds, path)))
    taken = {name for name, _ in steps}
    defaults = [
        (field.name, _default(field, f"{at}{field.name}")) for field in wanted.fields if field.name not in taken
    ]

    def read(cursor: Cursor) -> RecordBatch:
        columns: dict[str, Any] = {}
        for name, step in steps:
            column = step(cursor)
            if name:
                columns[name] = column
        for name, default in defaults:
            columns[name] = default(len(cursor))
        return RecordBatch(len(cursor), columns)

    return read


def _verify(writer: Schema, reader: Schema, bounds: Limits, at: str) -> Skip:
    """Skip a writer's type that is not read, and mark rows bad that are outside the reader's limits."""
    if isinstance(writer, Union) and writer.branches:
        branches = [_verify(one, reader, bounds, at) for one in writer.branches]
        return lambda cursor: by_branch(cursor, branches)
    target = resolve(writer, reader)
    if target is None:
        raise Unreadable(f"{at}: {writer} cannot be read as {reader}")
    check = number_check(target, bounds)
    if writer.kind == "long" == target.kind and natural(bounds):
        return Cursor.skip_natural
    if check:
        return checked(_NUMBERS[writer.kind], check)
    if target.kind == "string" and (matching := strings(bounds)):
        return checked(Cursor.strings, matching)
    if not limited_within(target) and not (isinstance(target, Decimal) and bounds != NO_LIMITS):
        return skip(writer, at)
    if isinstance(writer, Record) and isinstance(target, Record):
        return _record(writer, target, target.with_fields(()), f"{at}.")
    if isinstance(writer, Array) and isinstance(target, Array):
        check_items(writer.element, at)
        item = _verify(writer.element, target.element, NO_LIMITS, f"{at}[]")
        return lambda cursor: walk(cursor, item)
    raise Unreadable(f"{at}: limits within {writer} are checked row by row")


def _default(field: Field, at: str) -> Callable[[int], Column]:
    """The column of a field that the writer does not have."""
    if not field.has_default:
        raise Unreadable(f"{at}: the writer has no such field, and the reader has no default for it")
    try:
        column = projection.column([Classes(None).default(field.type, field.default)], field.type)
    except ValueError as error:
        raise Unreadable(f"{at}: {error}") from error
    if not isinstance(column, ListColumn):
        return lambda rows: repeat(column, rows)
    if len(column.parent):
        raise Unreadable(f"{at}: columns have no default that is a list with items")
    return lambda _: _list_column(())


def _read(writer: Schema, reader: Schema, wanted: Schema, at: str) -> Step:
    """Read a writer's type as a reader's."""
    shape = form(reader)
    if shape is Form.OBJECTS:
        raise Unreadable(f"{at}: {reader} cannot be read as a column")
    if isinstance(writer, Union):
        return _read_union(writer, reader, wanted, at)
    target = resolve(writer, reader)
    if target is None:
        raise Unreadable(f"{at}: {writer} cannot be read as {reader}")
    if isinstance(writer, Array) and isinstance(target, Array):
        return _read_list(writer, target, wanted, at)
    if writer.kind == "null":
        return lambda cursor: _blank(shape, len(cursor))
    if target.kind == "string":
        return Cursor.strings
    step = _read_numbers(writer, target, at)
    if shape in (Form.INTEGERS, Form.FLOATS):
        return step

    def read(cursor: Cursor) -> Column:
        values = step(cursor)
        return NullableColumn(values, np.zeros(len(values), np.bool_))

    return read


_NUMBERS: Mapping[str, Callable[[Cursor], Integers | Floats]] = {
    "int": Cursor.int32,
    "long": Cursor.integer,
    "boolean": Cursor.boolean,
    "float": Cursor.float32,
    "double": Cursor.float64,
}


def _read_numbers(writer: Schema, reader: Schema, at: str) -> Callable[[Cursor], Integers | Floats]:
    if isinstance(writer, Enum) and isinstance(reader, Enum):
        return _read_enum(writer, reader, at)
    read = _NUMBERS[writer.kind]
    if writer.kind in ("int", "long") and reader.kind in ("float", "double"):
        return lambda cursor: read(cursor).astype(np.float64)
    return read


def _read_list(writer: Array, reader: Array, wanted: Schema, at: str) -> Step:
    written, expected = writer.element, reader.element
    assert isinstance(wanted, Array)
    assert isinstance(wanted.element, Record)
    if not (isinstance(written, Record) and isinstance(expected, Record) and resolve(written, expected)):
        raise Unreadable(f"{at}: {writer} cannot be read as {reader}")
    check_items(written, at)
    skip(written, f"{at}[]")  # raises for items that contain themselves
    item = _record(written, expected, wanted.element, f"{at}[].")
    return lambda cursor: _list_column(walk(cursor, item))


def _read_enum(writer: Enum, reader: Enum, at: str) -> Callable[[Cursor], Integers]:
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


def _read_union(writer: Union, reader: Schema, wanted: Schema, at: str) -> Step:
    if not writer.branches:
        raise Unreadable(f"{at}: a union without branches")
    shape = form(reader)
    steps = [
        _fail_all(shape) if resolve(one, reader) is None else _read(one, reader, wanted, at) for one in writer.branches
    ]

    def read(cursor: Cursor) -> Column:
        return gather(by_branch(cursor, steps))

    return read


def _fail_all(shape: Form) -> Step:
    """The step for a branch that the reader does not have: all rows of the branch are bad."""

    def read(cursor: Cursor) -> Column:
        cursor.fail(np.ones(len(cursor), np.bool_))
        return _blank(shape, len(cursor))

    return read


def _list_column(pieces: Sequence[tuple[Rows, RecordBatch]]) -> ListColumn:
    if not pieces:
        return ListColumn(np.empty(0, np.int64), RecordBatch(0, {}))
    return ListColumn(
        np.concatenate([rows for rows, _ in pieces]).astype(np.int64), concat([batch for _, batch in pieces])
    )


def _blank(shape: Form, rows: int) -> Column:
    """The column for rows that are null or bad."""
    match shape:
        case Form.LISTS:
            return _list_column(())
        case Form.STRINGS:
            return constant(None, rows)
        case Form.NULLABLE | Form.NULLABLE_FLOATS:
            return NullableColumn(np.zeros(rows, NUMBERS[shape]), np.ones(rows, np.bool_))
    return np.zeros(rows, NUMBERS[shape])

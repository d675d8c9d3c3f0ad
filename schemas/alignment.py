"""Plan how rows of a writer schema become columns of a reader schema.

The plan is made once for each writer schema: a step per field, which reads it in all rows or steps over it. Resolution
follows https://avro.apache.org/docs/1.12.0/specification/#schema-resolution for what columns hold: whole numbers, text,
enums, and lists of records of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from fastavro.schema import SchemaParseException, expand_schema

from schemas import text
from schemas.cursor import Cursor
from schemas.frame import Column, Frame, Lines, concat, gather
from schemas.skipping import PRIMITIVES, Rows, Skip, Unreadable, by_branch, check_items, skip, type_name, walk
from schemas.text import NULL, Integers

Wanted = Mapping[str, "Wanted | None"]
"""Fields to read; under a list of records, the fields of its records."""
Step = Callable[[Cursor], Column]


def plan(writer: Any, reader: Any, wanted: Wanted) -> Callable[[Cursor], Frame]:
    """How to read the wanted columns of record `reader` from rows that record `writer` wrote.

    Raises Unreadable, and SchemaParseException for a reader schema that fastavro refuses.
    """
    expected = expand_schema(reader)
    try:
        written = expand_schema(writer)
    except (SchemaParseException, ValueError, TypeError) as error:
        raise Unreadable(f"a schema that cannot be written out: {error}") from error
    if type_name(written) != "record":
        raise Unreadable(f"a writer of {type_name(written)}, expected a record")
    return _record(written, expected, wanted, "")


def wanted_fields(paths: Iterable[str]) -> Wanted:
    """`("user_id", "items.quantity")` as the fields to read."""
    fields: dict[str, dict[str, Wanted | None] | None] = {}
    for path in paths:
        name, _, inner = path.partition(".")
        below = fields.setdefault(name, {} if inner else None)
        if below is not None:
            below[inner] = None
    return fields


def _record(writer: Any, reader: Any, wanted: Wanted, at: str) -> Callable[[Cursor], Frame]:
    _check_names(writer, reader, at)
    readers = {field["name"]: field for field in reader["fields"]}
    taken, absent = _match(writer, [readers[name] for name in wanted], at)
    steps: list[tuple[str, Step | Skip]] = []
    for field in writer["fields"]:
        path = f"{at}{field['name']}"
        name = taken.get(field["name"], "")
        if name:
            steps.append((name, _read(field["type"], readers[name]["type"], wanted[name], path)))
        else:
            steps.append(("", skip(field["type"], path)))
    defaults = [(name, _default(readers[name], f"{at}{name}")) for name in absent]

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


def _match(writer: Any, fields: Sequence[Any], at: str) -> tuple[dict[str, str], list[str]]:
    """Which of the reader's fields each of the writer's becomes, by name, and which none becomes.

    A field of the very name goes before one of an alias, wherever they stand.
    """
    written = {field["name"] for field in writer["fields"]}
    taken: dict[str, str] = {}
    absent = []
    for field in fields:
        name = next((name for name in (field["name"], *field.get("aliases", ())) if name in written), None)
        if name is None:
            absent.append(field["name"])
        elif name in taken:
            raise Unreadable(f"{at}{name}: becomes both {taken[name]} and {field['name']}")
        else:
            taken[name] = field["name"]
    return taken, absent


def _check_names(writer: Any, reader: Any, at: str) -> None:
    """Types of other names may be the same by an alias, or not at all: who reads row by row tells."""
    names = [kind["name"].rpartition(".")[2] for kind in (writer, reader)]
    if names[0] != names[1]:
        raise Unreadable(f"{at or 'the event'}: written as {names[0]}, read as {names[1]}")


def _default(field: Any, at: str) -> Callable[[int], Column]:
    """The column of a field that the writer does not have."""
    if "default" not in field:
        raise Unreadable(f"{at}: the writer has no such field, and the reader has no default for it")
    default, kind = field["default"], _not_null(field["type"])
    if type_name(kind) == "array" and not default:
        return lambda rows: _blank("array", rows)
    if type_name(kind) == "enum":
        default = kind["symbols"].index(default)
    if default is None or isinstance(default, str):
        return lambda rows: text.constant(default, rows)
    if isinstance(default, int):
        return lambda rows: np.full(rows, default, np.int64)
    raise Unreadable(f"{at}: a default of {default!r} cannot stand in a column")


def _read(writer: Any, reader: Any, wanted: Wanted | None, at: str) -> Step:
    """Read a writer's type as a reader's."""
    target = _not_null(reader)
    written, expected = type_name(writer), type_name(target)
    optional = isinstance(reader, list)
    if isinstance(writer, list):
        return _read_union(writer, reader, wanted, at)
    if optional and (expected != "string" or len(reader) > 2 or "null" not in reader):
        raise Unreadable(f"{at}: of unions, only optional text can be read as a column")
    if written == "null" and optional:
        return lambda cursor: text.constant(None, len(cursor))
    if written == "int" and expected in ("int", "long"):
        return Cursor.int32
    if written == "long" == expected:
        return Cursor.integer
    if written in ("string", "bytes") and expected == "string":
        return Cursor.text
    if written == "boolean" == expected:
        return Cursor.boolean
    if written == "enum" == expected:
        _check_names(writer, target, at)
        return _read_enum(writer, target, at)
    if written == "array" == expected and type_name(writer["items"]) == "record" == type_name(target["items"]):
        item = _record(writer["items"], target["items"], wanted or {}, f"{at}[].")
        check_items(writer["items"], at)
        return lambda cursor: _lines(walk(cursor, item))
    raise Unreadable(f"{at}: {written} cannot be read as {expected}")


def _read_enum(writer: Any, reader: Any, at: str) -> Step:
    last = len(writer["symbols"]) - 1
    if last < 0:
        raise Unreadable(f"{at}: an enum without symbols")
    known = {symbol: code for code, symbol in enumerate(reader["symbols"])}
    unknown = known.get(reader.get("default"), NULL)
    codes = np.array([known.get(symbol, unknown) for symbol in writer["symbols"]], np.int64)

    def read(cursor: Cursor) -> Integers:
        column = codes[cursor.integer_within(0, last)]
        if column.min() == NULL:
            cursor.fail(column == NULL)
        return column

    return read


def _read_union(writer: list[Any], reader: Any, wanted: Wanted | None, at: str) -> Step:
    expected = type_name(_not_null(reader))
    steps: list[Step] = []
    problems: list[Unreadable] = []
    for branch in writer:
        try:
            steps.append(_read(branch, reader, wanted, at))
        except Unreadable as problem:
            if type_name(branch) not in PRIMITIVES:
                raise  # read row by row, it may turn out to be readable
            problems.append(problem)
            steps.append(_fail_all(expected))
    if len(problems) == len(writer):
        raise problems[0] if problems else Unreadable(f"{at}: a union without branches")

    def read(cursor: Cursor) -> Column:
        return gather(by_branch(cursor, steps))

    return read


def _fail_all(expected: str) -> Step:
    """What a branch that the reader cannot take does to the rows that chose it."""

    def read(cursor: Cursor) -> Column:
        cursor.fail(np.ones(len(cursor), np.bool_))
        return _blank(expected, len(cursor))

    return read


def _lines(pieces: Sequence[tuple[Rows, Frame]]) -> Lines:
    if not pieces:
        return Lines(np.empty(0, np.int64), Frame(0, {}))
    return Lines(np.concatenate([rows for rows, _ in pieces]).astype(np.int64), concat([frame for _, frame in pieces]))


def _blank(expected: str, rows: int) -> Column:
    """A column that says nothing, for rows that are bad or lists that are empty."""
    if expected == "array":
        return _lines(())
    return text.constant(None, rows) if expected == "string" else np.zeros(rows, np.int64)


def _not_null(kind: Any) -> Any:
    """T of `["null", T]`; what is not a union, as it is."""
    if not isinstance(kind, list):
        return kind
    return next((branch for branch in kind if branch != "null"), "null")

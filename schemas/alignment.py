"""Plan how rows of a writer schema become columns of a reader schema.

The plan is made once for each writer schema: a step per field, which reads it in all rows or steps over it. Resolution
follows https://avro.apache.org/docs/1.12.0/specification/#schema-resolution for what columns hold: whole numbers, text,
enums, and lists of records of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

import numpy as np
from fastavro.schema import SchemaParseException, expand_schema
from numpy.typing import NDArray

from schemas import text
from schemas.cursor import Cursor
from schemas.frame import Column, Frame, Lines, concat, gather
from schemas.text import NULL, Integers

Wanted = Mapping[str, "Wanted | None"]
"""Fields to read; under a list of records, the fields of its records."""
Step = Callable[[Cursor], Column]
Skip = Callable[[Cursor], object]
Rows = NDArray[np.intp]
T = TypeVar("T")

_INT = (-(2**31), 2**31 - 1)


class Unreadable(ValueError):
    """The writer schema cannot be read as columns, or not as this reader schema; the message says which field."""


def plan(writer: Any, reader: Any, wanted: Wanted) -> Callable[[Cursor], Frame]:
    """How to read the wanted columns of record `reader` from rows that record `writer` wrote.

    Raises Unreadable.
    """
    try:
        written = expand_schema(writer)
    except (SchemaParseException, ValueError, TypeError) as error:
        raise Unreadable(f"a schema that cannot be written out: {error}") from error
    if _name(written) != "record":
        raise Unreadable(f"a writer of {_name(written)}, expected a record")
    return _record(written, expand_schema(reader), wanted, "")


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
            steps.append(("", _skip(field["type"], path)))
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
    if _name(kind) == "array" and not default:
        return lambda rows: _blank("array", rows)
    if _name(kind) == "enum":
        default = kind["symbols"].index(default)
    if default is None or isinstance(default, str):
        return lambda rows: text.constant(default, rows)
    if isinstance(default, int):
        return lambda rows: np.full(rows, default, np.int64)
    raise Unreadable(f"{at}: a default of {default!r} cannot stand in a column")


def _read(writer: Any, reader: Any, wanted: Wanted | None, at: str) -> Step:
    """Read a writer's type as a reader's."""
    target = _not_null(reader)
    written, expected = _name(writer), _name(target)
    optional = isinstance(reader, list)
    if isinstance(writer, list):
        return _read_union(writer, reader, wanted, at)
    if optional and (expected != "string" or len(reader) > 2 or "null" not in reader):
        raise Unreadable(f"{at}: of unions, only optional text can be read as a column")
    if written == "null" and optional:
        return lambda cursor: text.constant(None, len(cursor))
    if written == "int" and expected in ("int", "long"):
        return lambda cursor: cursor.integer_within(*_INT)
    if written == "long" == expected:
        return Cursor.integer
    if written in ("string", "bytes") and expected == "string":
        return Cursor.text
    if written == "boolean" == expected:
        return Cursor.boolean
    if written == "enum" == expected:
        _check_names(writer, target, at)
        return _read_enum(writer, target, at)
    if written == "array" == expected and _name(writer["items"]) == "record" == _name(target["items"]):
        item = _record(writer["items"], target["items"], wanted or {}, f"{at}[].")
        _check_items(writer["items"], at)
        return lambda cursor: _lines(_walk(cursor, item))
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
    expected = _name(_not_null(reader))
    steps: list[Step] = []
    problems: list[Unreadable] = []
    for branch in writer:
        try:
            steps.append(_read(branch, reader, wanted, at))
        except Unreadable as problem:
            if _name(branch) not in _SKIP:
                raise  # read row by row, it may turn out to be readable
            problems.append(problem)
            steps.append(_fail_all(expected))
    if len(problems) == len(writer):
        raise problems[0] if problems else Unreadable(f"{at}: a union without branches")

    def read(cursor: Cursor) -> Column:
        return gather(_by_branch(cursor, steps))

    return read


def _fail_all(expected: str) -> Step:
    """What a branch that the reader cannot take does to the rows that chose it."""

    def read(cursor: Cursor) -> Column:
        cursor.fail(np.ones(len(cursor), np.bool_))
        return _blank(expected, len(cursor))

    return read


def _by_branch(cursor: Cursor, steps: Sequence[Callable[[Cursor], T]]) -> list[tuple[Rows, T]]:
    """Let each branch of a union read its rows: `(rows, what the branch read)` for each branch that occurs."""
    branch = cursor.integer_within(0, len(steps) - 1)
    occurring = np.flatnonzero(np.bincount(branch)).tolist()
    if len(occurring) == 1:
        return [(np.arange(len(branch)), steps[occurring[0]](cursor))]
    found = []
    for number in occurring:
        rows = np.flatnonzero(branch == number)
        part = cursor.take(rows)
        found.append((rows, steps[number](part)))
        cursor.put(rows, part)
    return found


def _walk(cursor: Cursor, item: Callable[[Cursor], T]) -> list[tuple[Rows, T]]:
    """Read lists, one item of every row at a time (lists are short, batches long): `(rows, what was read)` each."""
    found = []
    items = _block(cursor)
    while len(listed := np.flatnonzero(items)):
        lists = cursor.take(listed)
        left = items[listed]
        while len(rows := np.flatnonzero(left)):
            part = lists if len(rows) == len(lists) else lists.take(rows)
            found.append((listed[rows], item(part)))
            if part is not lists:
                lists.put(rows, part)
            left[rows] = np.where(part.bad, 0, left[rows] - 1)
        items[listed] = _block(lists)
        cursor.put(listed, lists)
    return found


def _block(cursor: Cursor) -> Integers:
    """Read how many items a list's next block has; 0 ends the list. A negative count has the block's size behind it."""
    count = cursor.integer()
    if count.min() < 0:
        rows = np.flatnonzero(count < 0)
        part = cursor.take(rows)
        size = part.integer()
        part.fail((size < 0) | (size > part.left))
        cursor.put(rows, part)
        count = np.abs(count)
    hostile = (count > cursor.left) | (count < 0)
    if np.count_nonzero(hostile):
        cursor.fail(hostile)
        count = np.where(hostile, 0, count)
    return count


def _check_items(items: Any, at: str) -> None:
    if not _takes_bytes(items):
        # A count is believed up to the bytes that are left: nothing else tells a long list from a hostile number.
        raise Unreadable(f"{at}: items without bytes cannot be told from damage")


def _takes_bytes(kind: Any) -> bool:
    """Whether a value of this type always has at least one byte."""
    name = _name(kind)
    if name == "record":
        return any(_takes_bytes(field["type"]) for field in kind["fields"])
    return name != "null" and not (name == "fixed" and kind["size"] == 0)


def _lines(pieces: Sequence[tuple[Rows, Frame]]) -> Lines:
    if not pieces:
        return Lines(np.empty(0, np.int64), Frame(0, {}))
    return Lines(np.concatenate([rows for rows, _ in pieces]).astype(np.int64), concat([frame for _, frame in pieces]))


def _blank(expected: str, rows: int) -> Column:
    """A column that says nothing, for rows that are bad or lists that are empty."""
    if expected == "array":
        return _lines(())
    return text.constant(None, rows) if expected == "string" else np.zeros(rows, np.int64)


def _skip(writer: Any, at: str) -> Skip:
    """Step over a writer's type, as strictly as if it were read."""
    name = _name(writer)
    if isinstance(writer, list):
        if not writer:
            raise Unreadable(f"{at}: a union without branches")
        branches = [_skip(branch, at) for branch in writer]
        return lambda cursor: _by_branch(cursor, branches)
    if name in _SKIP:
        return _SKIP[name]
    if name == "fixed":
        return lambda cursor: cursor.skip(writer["size"])
    if name == "enum":
        return lambda cursor: cursor.integer_within(0, len(writer["symbols"]) - 1)
    if name == "record":
        fields = [_skip(field["type"], f"{at}.{field['name']}") for field in writer["fields"]]
        return lambda cursor: [skip(cursor) for skip in fields]
    if name == "array":
        _check_items(writer["items"], at)
        item = _skip(writer["items"], f"{at}[]")
        return lambda cursor: _walk(cursor, item)
    if name == "map":
        value = _skip(writer["values"], f"{at}{{}}")
        return lambda cursor: _walk(cursor, lambda part: (part.text(), value(part)))
    raise Unreadable(f"{at}: {name} contains itself, which columns cannot follow")


_SKIP: Mapping[str, Skip] = {
    "null": lambda _: None,
    "boolean": Cursor.boolean,
    "int": lambda cursor: cursor.integer_within(*_INT),
    "long": Cursor.skip_integer,
    "float": lambda cursor: cursor.skip(4),
    "double": lambda cursor: cursor.skip(8),
    "bytes": Cursor.skip_bytes,
    "string": Cursor.text,
}


def _not_null(kind: Any) -> Any:
    """T of `["null", T]`; what is not a union, as it is."""
    if not isinstance(kind, list):
        return kind
    return next((branch for branch in kind if branch != "null"), "null")


def _name(kind: Any) -> str:
    """The name of a type: of a named or complex one, what it is (`record`, `array`); of a union, `union`."""
    if isinstance(kind, dict):
        return _name(kind["type"])
    return "union" if isinstance(kind, list) else str(kind)

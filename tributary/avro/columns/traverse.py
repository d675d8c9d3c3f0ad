"""Traverse what a writer wrote, in all rows together: skip fields, and walk through lists and unions.

https://avro.apache.org/docs/1.12.0/specification/#binary-encoding
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from tributary.avro.columns.cursor import Cursor
from tributary.avro.columns.strings import Integers
from tributary.avro.schema import Array, Enum, Map, Record, Schema, Union
from tributary.avro.structure import takes_no_bytes

Skip = Callable[[Cursor], object]
Rows = NDArray[np.intp]
T = TypeVar("T")


class Unreadable(ValueError):
    """The writer schema cannot be read as columns, or not as this reader schema; the message says which field."""


def skip(writer: Schema, at: str, known: dict[int, Skip] | None = None) -> Skip:
    """How to step over a writer's type, as strictly as if it were read.

    The type has no record within itself. `known` has the steps of earlier records, by `id`. Raises Unreadable.
    """
    known = {} if known is None else known
    match writer:
        case Union():
            if not writer.branches:
                raise Unreadable(f"{at}: a union without branches")
            branches = [skip(branch, at, known) for branch in writer.branches]
            return lambda cursor: by_branch(cursor, branches)
        case Enum():
            last = len(writer.symbols) - 1
            return lambda cursor: cursor.integer_within(0, last)
        case Record():
            if id(writer) not in known:
                steps = [skip(field.type, f"{at}.{field.name}", known) for field in writer.fields]
                known[id(writer)] = lambda cursor: [step(cursor) for step in steps]
            return known[id(writer)]
        case Array():
            check_items(writer.element, at)
            item = skip(writer.element, f"{at}[]", known)
            return lambda cursor: walk(cursor, item)
        case Map():
            value = skip(writer.element, f"{at}{{}}", known)
            return lambda cursor: walk(cursor, lambda part: (part.strings(), value(part)))
        case Schema(kind="fixed", size=size):
            return lambda cursor: cursor.skip(size)
        case _:
            return _PRIMITIVES[writer.kind]


_PRIMITIVES: Mapping[str, Skip] = {
    "null": lambda _: None,
    "boolean": Cursor.boolean,
    "int": Cursor.int32,
    "long": Cursor.skip_integer,
    "float": lambda cursor: cursor.skip(4),
    "double": lambda cursor: cursor.skip(8),
    "bytes": Cursor.skip_bytes,
    "string": Cursor.strings,
}


def by_branch(cursor: Cursor, steps: Sequence[Callable[[Cursor], T]]) -> list[tuple[Rows, T]]:
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


def walk(cursor: Cursor, item: Callable[[Cursor], T]) -> list[tuple[Rows, T]]:
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
            left[rows] -= 1
            bad = part.bad
            if np.count_nonzero(bad):
                left[rows[bad]] = 0
        items[listed] = _block(lists)
        cursor.put(listed, lists)
    return found


def _block(cursor: Cursor) -> Integers:
    """Read the number of items in a list's next block; 0 ends the list. The block's size follows a negative count."""
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


def check_items(items: Schema, at: str) -> None:
    """Raise Unreadable for items of a list that may take no bytes."""
    if takes_no_bytes(items):
        # A count is limited by the bytes that are left, which is the only defence against a hostile number.
        raise Unreadable(f"{at}: items without bytes cannot be distinguished from damage")

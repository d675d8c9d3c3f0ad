"""Step over what a writer wrote, in all rows together: what is not wanted, and the lists and unions around what is.

https://avro.apache.org/docs/1.12.0/specification/#binary-encoding
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from schemas.cursor import Cursor
from schemas.text import Integers

Skip = Callable[[Cursor], object]
Rows = NDArray[np.intp]
T = TypeVar("T")


class Unreadable(ValueError):
    """The writer schema cannot be read as columns, or not as this reader schema; the message says which field."""


def skip(writer: Any, at: str) -> Skip:
    """How to step over a writer's type, as strictly as if it were read. Raises Unreadable."""
    name = type_name(writer)
    if isinstance(writer, list):
        if not writer:
            raise Unreadable(f"{at}: a union without branches")
        branches = [skip(branch, at) for branch in writer]
        return lambda cursor: by_branch(cursor, branches)
    if name in PRIMITIVES:
        return PRIMITIVES[name]
    if name == "fixed":
        return lambda cursor: cursor.skip(writer["size"])
    if name == "enum":
        return lambda cursor: cursor.integer_within(0, len(writer["symbols"]) - 1)
    if name == "record":
        steps = [skip(field["type"], f"{at}.{field['name']}") for field in writer["fields"]]
        return lambda cursor: [step(cursor) for step in steps]
    if name == "array":
        check_items(writer["items"], at)
        item = skip(writer["items"], f"{at}[]")
        return lambda cursor: walk(cursor, item)
    if name == "map":
        value = skip(writer["values"], f"{at}{{}}")
        return lambda cursor: walk(cursor, lambda part: (part.text(), value(part)))
    raise Unreadable(f"{at}: {name} contains itself, which columns cannot follow")


PRIMITIVES: Mapping[str, Skip] = {
    "null": lambda _: None,
    "boolean": Cursor.boolean,
    "int": Cursor.int32,
    "long": Cursor.skip_integer,
    "float": lambda cursor: cursor.skip(4),
    "double": lambda cursor: cursor.skip(8),
    "bytes": Cursor.skip_bytes,
    "string": Cursor.text,
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


def check_items(items: Any, at: str) -> None:
    """Raise Unreadable for items of a list that may take no bytes."""
    if not _takes_bytes(items):
        # A count is believed up to the bytes that are left: nothing else tells a long list from a hostile number.
        raise Unreadable(f"{at}: items without bytes cannot be told from damage")


def _takes_bytes(kind: Any) -> bool:
    """Whether a value of this type always has at least one byte."""
    name = type_name(kind)
    if name == "record":
        return any(_takes_bytes(field["type"]) for field in kind["fields"])
    return name != "null" and not (name == "fixed" and kind["size"] == 0)


def type_name(kind: Any) -> str:
    """The name of a type: of a named or complex one, what it is (`record`, `array`); of a union, `union`."""
    if isinstance(kind, dict):
        return type_name(kind["type"])
    return "union" if isinstance(kind, list) else str(kind)

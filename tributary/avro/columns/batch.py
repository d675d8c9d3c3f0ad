"""Rows as columns: what a batch of messages is decoded to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Generic, TypeVar

import attrs
import numpy as np
from numpy.typing import NDArray

from tributary.avro.columns import strings
from tributary.avro.columns.strings import Integers, Mask, StringColumn

Floats = NDArray[np.float64]
Number = TypeVar("Number", np.int64, np.float64)


@attrs.frozen(eq=False)
class ListColumn:
    """The items of a field that is a list of records, of all rows in any order; `parent` is the row of each item."""

    parent: Integers
    records: RecordBatch


@attrs.frozen(eq=False)
class NullableColumn(Generic[Number]):
    """A column of optional numbers. Both arrays have the shape (rows,)."""

    values: NDArray[Number]
    """0 where the value is null."""
    null: Mask

    def tolist(self) -> list[Any]:
        """The values as Python numbers and None."""
        return [None if null else value for value, null in zip(self.values.tolist(), self.null.tolist(), strict=True)]


Objects = NDArray[np.object_]
Flat = Integers | Floats | StringColumn | NullableColumn[Any] | Objects
"""A column with one value per row."""
Column = Flat | ListColumn
"""Enums are integers too: the index of the symbol in the reader's enum. Booleans are 0 and 1."""


@attrs.frozen(eq=False)
class RecordBatch:
    """Columns of one length, by name.

    A method that returns a column raises KeyError for an unknown name, and TypeError for a column of another kind. A
    type without a kind of its own (bytes, fixed, decimal, a map, a record, a list of anything but records, a union of
    several types) is an array of Python objects in `columns`.
    """

    rows: int
    columns: Mapping[str, Column]

    def integers(self, name: str) -> Integers:
        """A column of integers, shape (rows,)."""
        column = self.columns[name]
        if not isinstance(column, np.ndarray) or column.dtype != np.int64:
            raise _unexpected(name, column, "integers")
        return column.view(np.int64)

    def floats(self, name: str) -> Floats:
        """A column of `float` or `double`, as 64-bit floating-point numbers, shape (rows,)."""
        column = self.columns[name]
        if not isinstance(column, np.ndarray) or column.dtype != np.float64:
            raise _unexpected(name, column, "floats")
        return column.view(np.float64)

    def nullable(self, name: str) -> NullableColumn[np.int64]:
        """A column of optional integers."""
        column = self.columns[name]
        if not isinstance(column, NullableColumn) or column.values.dtype != np.int64:
            raise _unexpected(name, column, "optional integers")
        return column

    def nullable_floats(self, name: str) -> NullableColumn[np.float64]:
        """A column of optional `float` or `double`, as 64-bit floating-point numbers."""
        column = self.columns[name]
        if not isinstance(column, NullableColumn) or column.values.dtype != np.float64:
            raise _unexpected(name, column, "optional floats")
        return column

    def strings(self, name: str) -> StringColumn:
        """A column of strings."""
        column = self.columns[name]
        if not isinstance(column, StringColumn):
            raise _unexpected(name, column, "strings")
        return column

    def lists(self, name: str) -> ListColumn:
        """A column of lists of records."""
        column = self.columns[name]
        if not isinstance(column, ListColumn):
            raise _unexpected(name, column, "lists")
        return column

    @property
    def width(self) -> int:
        """The words of the longest string of any column; each row of that column takes as many."""
        return max(map(_width, self.columns.values()), default=0)

    def take(self, keep: Mask) -> RecordBatch:
        """The rows that `keep` marks."""
        return RecordBatch(int(keep.sum()), {name: _take(column, keep) for name, column in self.columns.items()})


def _unexpected(name: str, column: Column, wanted: str) -> TypeError:
    kind, accessor = _kind(column)
    return TypeError(
        f"column {name} has {kind}, not {wanted}: use {accessor}; enums are integers, the positions of their symbols"
    )


def _kind(column: Column) -> tuple[str, str]:
    """What a column has, and how it is obtained from a record batch."""
    if isinstance(column, StringColumn):
        return "strings", "strings()"
    if isinstance(column, ListColumn):
        return "lists", "lists()"
    if isinstance(column, NullableColumn):
        floats = column.values.dtype == np.float64
        return ("optional floats", "nullable_floats()") if floats else ("optional integers", "nullable()")
    if column.dtype == np.float64:
        return "floats", "floats()"
    return ("integers", "integers()") if column.dtype == np.int64 else ("Python objects", "columns")


def concat(batches: Sequence[RecordBatch]) -> RecordBatch:
    """One record batch of all rows, in their order. All batches have the same columns; at least one is required."""
    starts = np.cumsum([0, *(batch.rows for batch in batches)]).tolist()
    names = batches[0].columns
    return RecordBatch(starts[-1], {name: _stack([batch.columns[name] for batch in batches], starts) for name in names})


def gather(pieces: Sequence[tuple[NDArray[np.signedinteger[Any]], Column]]) -> Column:
    """One column from pieces that together fill it: the rows of each piece, and its values."""
    if len(pieces) == 1:
        return pieces[0][1]
    rows = np.concatenate([place for place, _ in pieces])
    stacked = _stack([column for _, column in pieces], np.cumsum([0, *(len(place) for place, _ in pieces)]).tolist())
    if isinstance(stacked, ListColumn):
        return ListColumn(rows[stacked.parent].astype(np.int64), stacked.records)
    place = np.empty(len(rows), np.int64)
    place[rows] = np.arange(len(rows))
    return _at(stacked, place)


def repeat(column: Flat, rows: int) -> Column:
    """A column of one row, repeated."""
    return _at(column, np.zeros(rows, np.int64))


def _stack(columns: Sequence[Column], starts: Sequence[int]) -> Column:
    """Concatenated columns; `starts` has the first row of each."""
    first = columns[0]
    if isinstance(first, ListColumn):
        # A list that is empty in all rows has no columns, so it is skipped.
        lists = [(c, at) for c, at in zip(columns, starts, strict=False) if isinstance(c, ListColumn) and len(c.parent)]
        if not lists:
            return first
        return ListColumn(np.concatenate([c.parent + at for c, at in lists]), concat([c.records for c, _ in lists]))
    if isinstance(first, StringColumn):
        return strings.concat([column for column in columns if isinstance(column, StringColumn)])
    if isinstance(first, NullableColumn):
        parts = [column for column in columns if isinstance(column, NullableColumn)]
        return NullableColumn(np.concatenate([p.values for p in parts]), np.concatenate([p.null for p in parts]))
    return np.concatenate([column for column in columns if isinstance(column, np.ndarray)])


def _width(column: Column) -> int:
    if isinstance(column, ListColumn):
        return column.records.width
    return column.words.shape[1] if isinstance(column, StringColumn) else 0


def _take(column: Column, keep: Mask) -> Column:
    if isinstance(column, ListColumn):
        inside = keep[column.parent]
        return ListColumn((np.cumsum(keep) - 1)[column.parent[inside]], column.records.take(inside))
    return _at(column, np.flatnonzero(keep))


def _at(column: Flat, rows: NDArray[np.int64]) -> Column:
    if isinstance(column, StringColumn):
        return column.take(rows)
    return (
        NullableColumn(column.values[rows], column.null[rows]) if isinstance(column, NullableColumn) else column[rows]
    )

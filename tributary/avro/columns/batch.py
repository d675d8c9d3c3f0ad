"""Rows as columns: what a batch of messages is decoded to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray

from tributary.avro.columns import strings
from tributary.avro.columns.strings import Integers, Mask, StringColumn


@attrs.frozen(eq=False)
class ListColumn:
    """The items of a field that is a list of records, of all rows in any order; `parent` is the row of each item."""

    parent: Integers
    records: RecordBatch


@attrs.frozen(eq=False)
class NullableColumn:
    """A column of optional integers. Both arrays have the shape (rows,)."""

    values: Integers
    """0 where the value is null."""
    null: Mask

    def tolist(self) -> list[int | None]:
        """The values as Python objects."""
        return [None if null else value for value, null in zip(self.values.tolist(), self.null.tolist(), strict=True)]


Objects = NDArray[np.object_]
Column = Integers | StringColumn | ListColumn | NullableColumn | Objects
"""Enums are integers too: the index of the symbol in the reader's enum. Booleans are 0 and 1."""


@attrs.frozen(eq=False)
class RecordBatch:
    """Columns of one length, by name.

    A method that returns a column raises KeyError for an unknown name, and TypeError for a column of another kind.
    """

    rows: int
    columns: Mapping[str, Column]

    def integers(self, name: str) -> Integers:
        """A column of integers, shape (rows,)."""
        column = self.columns[name]
        if not isinstance(column, np.ndarray) or column.dtype != np.int64:
            raise _unexpected(name, column, "integers")
        return column.view(np.int64)

    def nullable(self, name: str) -> NullableColumn:
        """A column of optional integers."""
        column = self.columns[name]
        if not isinstance(column, NullableColumn):
            raise _unexpected(name, column, "optional integers")
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
    kind = "an array" if isinstance(column, np.ndarray) else f"a {type(column).__name__}"
    return TypeError(
        f"column {name} is {kind}, not one of {wanted}; enums are integers, the positions of their symbols"
    )


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


def repeat(column: Integers | StringColumn | NullableColumn | Objects, rows: int) -> Column:
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


def _at(column: Integers | StringColumn | NullableColumn | Objects, rows: NDArray[np.int64]) -> Column:
    if isinstance(column, StringColumn):
        return column.take(rows)
    return (
        NullableColumn(column.values[rows], column.null[rows]) if isinstance(column, NullableColumn) else column[rows]
    )

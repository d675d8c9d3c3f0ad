"""Rows as columns: what a batch of messages becomes, and what the merge works on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray

from tributary.avro.columns import strings as text
from tributary.avro.columns.strings import Integers, Mask, Text


@attrs.frozen(eq=False)
class Lines:
    """The records of a list in all rows, in no special order: `parent` is the row of each."""

    parent: Integers
    frame: Frame


@attrs.frozen(eq=False)
class Nullable:
    """A column of optional whole numbers. Both arrays have the shape (rows,)."""

    values: Integers
    """0 where the value is null."""
    null: Mask

    def tolist(self) -> list[int | None]:
        """The values as Python objects."""
        return [None if null else value for value, null in zip(self.values.tolist(), self.null.tolist(), strict=True)]


Objects = NDArray[np.object_]
Column = Integers | Text | Lines | Nullable | Objects
"""Enums are whole numbers too: the symbol's place in the reader's enum. Booleans are 0 and 1."""


@attrs.frozen(eq=False)
class Frame:
    """So many rows, by column name."""

    rows: int
    columns: Mapping[str, Column]

    def integers(self, name: str) -> Integers:
        """A column of whole numbers, shape (rows,)."""
        column = self.columns[name]
        assert isinstance(column, np.ndarray) and column.dtype == np.int64, f"{name} is no column of whole numbers"
        return column.view(np.int64)

    def nullable(self, name: str) -> Nullable:
        """A column of optional whole numbers."""
        column = self.columns[name]
        assert isinstance(column, Nullable), f"{name} is no column of optional whole numbers"
        return column

    def text(self, name: str) -> Text:
        """A column of text."""
        column = self.columns[name]
        assert isinstance(column, Text), f"{name} is no column of text"
        return column

    def lines(self, name: str) -> Lines:
        """A column of lists of records."""
        column = self.columns[name]
        assert isinstance(column, Lines), f"{name} is no column of lists"
        return column

    @property
    def width(self) -> int:
        """Words in the longest text of any column: each row of that column takes as many."""
        return max(map(_width, self.columns.values()), default=0)

    def take(self, keep: Mask) -> Frame:
        """The rows that `keep` marks."""
        return Frame(int(keep.sum()), {name: _take(column, keep) for name, column in self.columns.items()})


def concat(frames: Sequence[Frame]) -> Frame:
    """One frame of all rows, in their order. All frames have the same columns; at least one is needed."""
    starts = np.cumsum([0, *(frame.rows for frame in frames)]).tolist()
    names = frames[0].columns
    return Frame(starts[-1], {name: _stack([frame.columns[name] for frame in frames], starts) for name in names})


def gather(pieces: Sequence[tuple[NDArray[np.signedinteger[Any]], Column]]) -> Column:
    """One column from pieces, which together fill it: the rows where each belongs, and its values."""
    if len(pieces) == 1:
        return pieces[0][1]
    rows = np.concatenate([place for place, _ in pieces])
    stacked = _stack([column for _, column in pieces], np.cumsum([0, *(len(place) for place, _ in pieces)]).tolist())
    if isinstance(stacked, Lines):
        return Lines(rows[stacked.parent].astype(np.int64), stacked.frame)
    place = np.empty(len(rows), np.int64)
    place[rows] = np.arange(len(rows))
    return _at(stacked, place)


def repeat(column: Integers | Text | Nullable | Objects, rows: int) -> Column:
    """A column of one row, repeated."""
    return _at(column, np.zeros(rows, np.int64))


def _stack(columns: Sequence[Column], starts: Sequence[int]) -> Column:
    """Columns one below the other; `starts` has the row where each begins."""
    first = columns[0]
    if isinstance(first, Lines):
        # A list that is empty in all rows has no columns, so it is left out.
        lists = [(c, at) for c, at in zip(columns, starts, strict=False) if isinstance(c, Lines) and len(c.parent)]
        if not lists:
            return first
        return Lines(np.concatenate([c.parent + at for c, at in lists]), concat([c.frame for c, _ in lists]))
    if isinstance(first, Text):
        return text.concat([column for column in columns if isinstance(column, Text)])
    if isinstance(first, Nullable):
        parts = [column for column in columns if isinstance(column, Nullable)]
        return Nullable(np.concatenate([p.values for p in parts]), np.concatenate([p.null for p in parts]))
    return np.concatenate([column for column in columns if isinstance(column, np.ndarray)])


def _width(column: Column) -> int:
    if isinstance(column, Lines):
        return column.frame.width
    return column.words.shape[1] if isinstance(column, Text) else 0


def _take(column: Column, keep: Mask) -> Column:
    if isinstance(column, Lines):
        inside = keep[column.parent]
        return Lines((np.cumsum(keep) - 1)[column.parent[inside]], column.frame.take(inside))
    return _at(column, np.flatnonzero(keep))


def _at(column: Integers | Text | Nullable | Objects, rows: NDArray[np.int64]) -> Column:
    if isinstance(column, Text):
        return column.take(rows)
    return Nullable(column.values[rows], column.null[rows]) if isinstance(column, Nullable) else column[rows]

"""Rows as columns: what a batch of messages becomes, and what the merge works on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray

from schemas import text
from schemas.text import Integers, Text

Mask = NDArray[np.bool_]


@attrs.frozen(eq=False)
class Lines:
    """The records of a list in all rows, in no special order: `parent` is the row of each."""

    parent: Integers
    frame: Frame


Column = Integers | Text | Lines
"""Enums are whole numbers too: the symbol's place in the reader's enum. Booleans are 0 and 1."""


@attrs.frozen(eq=False)
class Frame:
    """So many rows, by column name."""

    rows: int
    columns: Mapping[str, Column]

    def integers(self, name: str) -> Integers:
        """A column of whole numbers, shape (rows,)."""
        column = self.columns[name]
        assert isinstance(column, np.ndarray), f"{name} is no column of whole numbers"
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

    def take(self, keep: Mask) -> Frame:
        """The rows that `keep` marks."""
        return Frame(int(keep.sum()), {name: _take(column, keep) for name, column in self.columns.items()})


def concat(frames: Sequence[Frame]) -> Frame:
    """One frame of all rows. All frames have the same columns; at least one is needed."""
    starts = np.cumsum([0, *(frame.rows for frame in frames)])
    rows = [np.arange(start, start + frame.rows) for start, frame in zip(starts, frames, strict=False)]
    names = frames[0].columns
    return Frame(
        int(starts[-1]),
        {name: gather([(r, f.columns[name]) for r, f in zip(rows, frames, strict=True)]) for name in names},
    )


def gather(pieces: Sequence[tuple[NDArray[np.signedinteger[Any]], Column]]) -> Column:
    """One column from pieces, which together fill it: the rows where each belongs, and its values."""
    rows = np.concatenate([place for place, _ in pieces])
    columns = [column for _, column in pieces]
    first = columns[0]
    if isinstance(first, Lines):
        lists = [(place, column) for place, column in pieces if isinstance(column, Lines) and len(column.parent)]
        if not lists:
            return first
        return Lines(
            np.concatenate([place[column.parent] for place, column in lists]),
            concat([column.frame for _, column in lists]),
        )
    place = np.empty(len(rows), np.int64)
    place[rows] = np.arange(len(rows))
    if isinstance(first, Text):
        return text.concat([column for column in columns if isinstance(column, Text)]).take(place)
    return np.concatenate([column for column in columns if isinstance(column, np.ndarray)])[place]


def _take(column: Column, keep: Mask) -> Column:
    if isinstance(column, Text):
        return column.take(np.flatnonzero(keep))
    if isinstance(column, Lines):
        inside = keep[column.parent]
        return Lines((np.cumsum(keep) - 1)[column.parent[inside]], column.frame.take(inside))
    return column[keep]

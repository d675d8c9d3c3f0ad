"""Check columns against the limits of their field: rows outside are bad, the others are unaffected."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from tributary.avro.columns.batch import NullableColumn
from tributary.avro.columns.cursor import Cursor
from tributary.avro.columns.factorize import ODD
from tributary.avro.columns.projection import Form, form, value_type
from tributary.avro.columns.strings import Integers, StringColumn
from tributary.avro.schema import Schema
from tributary.avro.validation import Limits, remembered_search

Check = Callable[[Cursor, Any], None]
"""Marks the rows bad whose value is outside the limits."""

T = TypeVar("T")
_LONG = np.iinfo(np.int64)
_BUCKETS = 1024
_SHIFT = np.uint64(64 - _BUCKETS.bit_length() + 1)
_NONE = -2
"""A length that no string has."""


def column_check(kind: Schema, bounds: Limits) -> Check | None:
    """The check of the column of a field of this type; None if it has no limits, or none that apply."""
    numbers = value_type(kind)
    match form(kind):
        case Form.STRINGS:
            return strings(bounds)
        case Form.INTEGERS | Form.FLOATS if numbers:
            return number_check(numbers, bounds)
        case Form.NULLABLE | Form.NULLABLE_FLOATS if numbers and (check := number_check(numbers, bounds)):
            return _where_not_null(check)
    return None


def _where_not_null(check: Check) -> Check:
    def check_some(cursor: Cursor, column: NullableColumn[Any]) -> None:
        rows = np.flatnonzero(~column.null)
        part = cursor.take(rows)
        check(part, column.values[rows])
        cursor.put(rows, part)

    return check_some


def number_check(kind: Schema, bounds: Limits) -> Check | None:
    """The check of numbers that are read as this type; None for another type."""
    if kind.kind in ("int", "long"):
        return whole_numbers(bounds)
    return floating_numbers(bounds) if kind.kind in ("float", "double") else None


def whole_numbers(bounds: Limits) -> Check | None:
    """The check of a column of int or long; None if every number is within the limits."""
    low = -math.inf if bounds.minimum == -math.inf else math.ceil(bounds.minimum)
    high = math.inf if bounds.maximum == math.inf else math.floor(bounds.maximum)
    if low <= _LONG.min and high >= _LONG.max:
        return None
    if low > _LONG.max or high < _LONG.min or low > high:
        return _all_outside

    def check(cursor: Cursor, column: Integers) -> None:
        if low > _LONG.min and column.min(initial=_LONG.max) < low:
            cursor.fail(column < low)
        if high < _LONG.max and column.max(initial=_LONG.min) > high:
            cursor.fail(column > high)

    return check


def natural(bounds: Limits) -> bool:
    """Whether the limits allow exactly the non-negative integers."""
    return -1 < bounds.minimum <= 0 and bounds.maximum >= _LONG.max


def floating_numbers(bounds: Limits) -> Check | None:
    """The check of a column of float or double, or of integers read as such; NaN is outside the limits."""
    if bounds.minimum == -math.inf and bounds.maximum == math.inf:
        return None
    low, high = _at_least(bounds.minimum), -_at_least(-bounds.maximum)

    def check(cursor: Cursor, column: Any) -> None:
        numbers = column.astype(np.float64, copy=False)
        cursor.fail(~((numbers >= low) & (numbers <= high)))

    return check


def strings(bounds: Limits) -> Check | None:
    """The check of a column of strings; None without a pattern. Nulls pass."""
    return None if bounds.pattern is None else _Matching(bounds.pattern).check


class _Matching:
    """Looks texts up in a table of texts that are known to match, and asks the pattern for the others.

    Each bucket of the table has one text; another text of that bucket overwrites it.
    """

    def __init__(self, pattern: re.Pattern[str]) -> None:
        self._matches = remembered_search(pattern)
        self._length = np.full(_BUCKETS, _NONE, np.int64)
        self._words = np.zeros((0, _BUCKETS), np.uint64)

    def check(self, cursor: Cursor, column: StringColumn) -> None:
        bucket = _buckets(column)
        unknown = self._length.take(bucket) != column.length
        # Words after a string's end are zero, in columns that have them.
        for number in range(min(column.words.shape[1], len(self._words))):
            unknown |= self._words[number].take(bucket) != column.words[:, number]
        if np.count_nonzero(unknown):
            # The value read from a bad row may not be a valid string.
            self._ask(cursor, column, np.flatnonzero(unknown & ~cursor.bad))

    def _ask(self, cursor: Cursor, column: StringColumn, rows: NDArray[np.intp]) -> None:
        column = column.take(rows)
        codes, first = column.factorize()
        distinct = column.take(first)
        outside = np.array([s is not None and not self._matches(s) for s in distinct.tolist()], np.bool_)
        if outside.any():
            bad = np.zeros(len(cursor), np.bool_)
            bad[rows[outside[codes]]] = True
            cursor.fail(bad)
        self._remember(distinct.take(np.flatnonzero(~outside)))

    def _remember(self, column: StringColumn) -> None:
        width = column.words.shape[1]
        if width > len(self._words):
            self._words = np.pad(self._words, ((0, width - len(self._words)), (0, 0)))
        bucket, rows = np.unique(_buckets(column), return_index=True)
        column = column.take(rows)
        self._length[bucket] = column.length
        self._words[:, bucket] = 0
        self._words[:width, bucket] = column.words.T


def _buckets(column: StringColumn) -> Integers:
    words = column.words
    mixed = words[:, 0] if words.shape[1] == 1 else np.bitwise_xor.reduce(words, axis=1)
    return (mixed * ODD >> _SHIFT).view(np.int64)


def checked(read: Callable[[Cursor], T], check: Check | None) -> Callable[[Cursor], T]:
    """A step that reads and then checks."""
    if check is None:
        return read

    def read_and_check(cursor: Cursor) -> T:
        column = read(cursor)
        check(cursor, column)
        return column

    return read_and_check


def _all_outside(cursor: Cursor, _: object) -> None:
    cursor.fail(np.ones(len(cursor), np.bool_))


def _at_least(bound: float) -> float:
    """The smallest double that is not below a number; not every long is a double."""
    nearest = float(bound)
    return math.nextafter(nearest, math.inf) if nearest < bound else nearest

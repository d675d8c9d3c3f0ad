"""Sums without an upper limit: 64-bit integers while they fit, Python's integers and decimal text where they do not.

Beyond 64 bits numpy wraps around and SQLite goes over to floating point. In the store a number that does not fit is
decimal text: `storable` makes it, `int` reads it. SQLite takes such text for a floating-point number in arithmetic, so
`cart_units + 0 > 0` compares its sign, where `cart_units > 0` would compare text with a number.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tributary.avro.columns.strings import Integers

_LIMIT = 1 << 63


def product(left: Integers, right: Integers) -> Integers:
    """The product in each row; a column of Python's integers if one of them might not fit in 64 bits."""
    if _largest(left) * _largest(right) < _LIMIT:
        return left * right
    products: Integers = left.astype(object) * right.astype(object)
    return products


def sums(column: Integers, codes: Integers, groups: int) -> list[int]:
    """The sum of each group; `codes` has the group of each row."""
    if _largest(column) * len(column) >= _LIMIT:
        column = column.astype(object)
    # Not bincount with weights: it adds in floating point, which is exact only up to 2**53.
    added = np.zeros(groups, column.dtype)
    np.add.at(added, codes, column)
    found: list[int] = added.tolist()
    return found


def _largest(column: Integers) -> int:
    """The largest magnitude in a column."""
    return max(int(column.max(initial=0)), -int(column.min(initial=0)))


def storable(value: Any) -> Any:
    """A value as the store has it."""
    return str(value) if isinstance(value, int) and not -_LIMIT <= value < _LIMIT else value


def add(left: Any, right: Any) -> Any:
    """The sum of two numbers of the store, as the store has it. To SQLite: `exact_sum`."""
    return storable(int(left) + int(right))


def sql_sum(left: str, right: str) -> str:
    """SQL: the sum of two numbers of the store."""
    quick = f"{left} + {right}"
    return f"CASE WHEN typeof({quick}) = 'integer' THEN {quick} ELSE exact_sum({left}, {right}) END"


SQL_PARTS = (
    "sum(CASE WHEN typeof({0}) <> 'text' THEN {0} >> 32 END),"
    " sum(CASE WHEN typeof({0}) <> 'text' THEN {0} & 0xFFFFFFFF END),"
    " group_concat(CASE WHEN typeof({0}) = 'text' THEN {0} END, ' ')"
)
"""SQL: the sum over many rows, in three parts for `total`. In halves, because SQLite's `sum` fails beyond 64 bits."""


def total(high: int | None, low: int | None, wide: str | None) -> int:
    """The sum of the parts that `SQL_PARTS` selects."""
    return ((high or 0) << 32) + (low or 0) + sum(map(int, (wide or "").split()))

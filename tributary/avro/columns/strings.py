"""Columns of text as numbers, so that millions of ids are compared and grouped without a Python object each.

A string is its UTF-8 bytes in little-endian 64-bit words, padded with zeros, and its length in bytes (which
distinguishes `"a"` from `"a\\0"`). Two strings are equal exactly when their lengths and words are.
"""

from __future__ import annotations

from collections.abc import Sequence

import attrs
import numpy as np
from numpy.typing import NDArray

from tributary.avro.columns.factorize import ODD, factorize

Integers = NDArray[np.int64]
Words = NDArray[np.uint64]
Mask = NDArray[np.bool_]

NULL = -1
"""The length of a null in a column of optional text."""


@attrs.frozen(eq=False)
class StringColumn:
    """A column of n strings: `words` has the shape (n, k), `length` the shape (n,)."""

    words: Words
    length: Integers

    def __len__(self) -> int:
        return len(self.length)

    def take(self, rows: NDArray[np.intp] | NDArray[np.int64]) -> StringColumn:
        """The strings at these rows, in their order."""
        # Not `words[rows]`, which is slower by six times for whole rows.
        return StringColumn(self.words.take(rows, axis=0), self.length[rows])

    def tolist(self) -> list[str | None]:
        """The strings as Python objects."""
        width = 8 * self.words.shape[1]
        raw = self.words.astype("<u8", copy=False).tobytes()
        return [
            None if length < 0 else raw[at * width : at * width + length].decode()
            for at, length in enumerate(self.length.tolist())
        ]

    def order(self) -> NDArray[np.intp]:
        """The rows in the order of the strings' bytes."""
        width = 8 * self.words.shape[1]
        if not width:
            return np.arange(len(self))
        raw = np.ascontiguousarray(self.words.astype("<u8", copy=False))
        return raw.view(f"S{width}").reshape(-1).argsort(kind="stable")

    def factorize(self) -> tuple[Integers, Integers]:
        """Number the distinct strings.

        Returns the code of each string, from 0, and for each code a row that has it: two strings are equal exactly when
        their codes are. The order of the codes means nothing.
        """
        codes, rows = factorize(_hash(self))
        distinct = self.take(rows)
        if np.array_equal(distinct.length[codes], self.length) and np.array_equal(
            distinct.words.take(codes, axis=0), self.words
        ):
            return codes, rows
        # Two strings have the same hash: rare, so the slow path is acceptable.
        whole = np.column_stack((self.length.view(np.uint64), self.words))
        _, first, codes = np.unique(whole, axis=0, return_index=True, return_inverse=True)
        return codes.reshape(-1).astype(np.int64), first.astype(np.int64)


def concat(parts: Sequence[StringColumn]) -> StringColumn:
    """One column of all parts, in their order."""
    length = np.concatenate([np.empty(0, np.int64), *(part.length for part in parts)])
    words = np.zeros((len(length), max((part.words.shape[1] for part in parts), default=0)), np.uint64)
    at = 0
    for part in parts:
        words[at : at + len(part), : part.words.shape[1]] = part.words
        at += len(part)
    return StringColumn(words, length)


def from_strings(strings: Sequence[str | None]) -> StringColumn:
    """The column of these strings."""
    encoded = [b"" if s is None else s.encode() for s in strings]
    length = np.array([NULL if s is None else len(b) for s, b in zip(strings, encoded, strict=True)], np.int64)
    width = -(-max((len(b) for b in encoded), default=0) // 8)
    raw = b"".join(b.ljust(8 * width, b"\0") for b in encoded)
    return StringColumn(np.frombuffer(raw, "<u8").astype(np.uint64).reshape(len(strings), width), length)


def constant(string: str | None, rows: int) -> StringColumn:
    """The same string in every row."""
    return from_strings([string]).take(np.zeros(rows, np.int64))


def _hash(column: StringColumn) -> Words:
    """The sum modulo 2**64 of the length and the words, each times a different odd number; its high bits are good."""
    # A column as wide as its longest string: hashes of columns of other widths are never compared.
    odd = np.arange(3, 3 + 2 * column.words.shape[1], 2).astype(np.uint64) * ODD
    hashes: Words = column.length.astype(np.uint64) * ODD + column.words @ odd
    return hashes

"""Columns of text as numbers: what lets millions of ids be compared and grouped without a Python object each.

A string is its UTF-8 bytes in little-endian 64-bit words, padded with zeros, beside its length in bytes (which tells
`"a"` from `"a\\0"`). Two strings are equal exactly when their lengths and words are.
"""

from __future__ import annotations

from collections.abc import Sequence

import attrs
import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.int64]
Words = NDArray[np.uint64]
Mask = NDArray[np.bool_]

NULL = -1
"""The length that stands for a null in a column of optional text."""

_ODD = np.uint64(0x9E3779B97F4A7C15)
_SHIFT = np.uint64(29)


@attrs.frozen(eq=False)
class Text:
    """A column of n strings: `words` has the shape (k, n), `length` the shape (n,)."""

    words: Words
    length: Integers

    def __len__(self) -> int:
        return len(self.length)

    def take(self, rows: NDArray[np.intp] | NDArray[np.int64]) -> Text:
        """The strings at these rows, in their order."""
        return Text(self.words[:, rows], self.length[rows])

    def tolist(self) -> list[str | None]:
        """The strings as Python objects."""
        width = 8 * len(self.words)
        raw = np.ascontiguousarray(self.words.T).astype("<u8", copy=False).tobytes()
        return [
            None if length < 0 else raw[at * width : at * width + length].decode()
            for at, length in enumerate(self.length.tolist())
        ]

    def factorize(self) -> tuple[Integers, Integers]:
        """Number the distinct strings.

        Returns the code of each string, counted from 0, and the row in which each code comes first: two strings are
        equal exactly when their codes are. The order of the codes means nothing.
        """
        codes, first = _group_by_hash(self)
        distinct = self.take(first)
        if np.array_equal(distinct.length[codes], self.length) and all(
            np.array_equal(whole[codes], word) for whole, word in zip(distinct.words, self.words, strict=True)
        ):
            return codes, first
        # Two strings shared a hash: rare enough to be slow about, never to be wrong about.
        rows = np.column_stack((self.length.view(np.uint64), *self.words))
        _, first, codes = np.unique(rows, axis=0, return_index=True, return_inverse=True)
        return codes.reshape(-1).astype(np.int64), first.astype(np.int64)


def concat(parts: Sequence[Text]) -> Text:
    """One column of all parts, in their order."""
    width = max((len(part.words) for part in parts), default=0)
    return Text(
        np.concatenate([_widen(part.words, width) for part in parts], axis=1) if parts else np.empty((0, 0), np.uint64),
        np.concatenate([part.length for part in parts]) if parts else np.empty(0, np.int64),
    )


def from_strings(strings: Sequence[str | None]) -> Text:
    """The column of these strings."""
    encoded = [b"" if s is None else s.encode() for s in strings]
    length = np.array([NULL if s is None else len(b) for s, b in zip(strings, encoded, strict=True)], np.int64)
    width = -(-max((len(b) for b in encoded), default=0) // 8)
    raw = b"".join(b.ljust(8 * width, b"\0") for b in encoded)
    return Text(np.frombuffer(raw, "<u8").astype(np.uint64).reshape(len(strings), width).T.copy(), length)


def constant(string: str | None, rows: int) -> Text:
    """The same string in every row."""
    return from_strings([string]).take(np.zeros(rows, np.int64))


def _widen(words: Words, width: int) -> Words:
    if len(words) == width:
        return words
    return np.concatenate((words, np.zeros((width - len(words), words.shape[1]), np.uint64)))


def _group_by_hash(column: Text) -> tuple[Integers, Integers]:
    """Group rows by the high bits of a hash: `(code of each row, first row of each code)`.

    Row numbers ride in the low bits of the hashes, so one plain sort, much faster than an argsort, orders both.
    """
    rows = len(column)
    hashes = _hash(column)
    low_bits = np.uint64(max(rows - 1, 1).bit_length())
    low = (np.uint64(1) << low_bits) - np.uint64(1)
    keys = (hashes & ~low) | np.arange(rows, dtype=np.uint64)
    keys.sort()
    order = (keys & low).astype(np.int64)
    high = keys >> low_bits
    starts = np.empty(rows, np.bool_)
    starts[:1] = True
    np.not_equal(high[1:], high[:-1], out=starts[1:])
    codes = np.empty(rows, np.int64)
    codes[order] = np.cumsum(starts) - 1
    return codes, order[starts]


def _hash(column: Text) -> Words:
    """Mix length and words into 64 bits, after the multiply and xor-shift of MurmurHash's finalizer."""
    state = (column.length.astype(np.uint64) + _ODD) * _ODD
    for word in column.words:
        # A word of zeros is padding, and must not tell a wide column from a narrow one: columns are hashed alone.
        state ^= word
        state *= _ODD
        state ^= state >> _SHIFT
    return state

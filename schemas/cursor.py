"""Read many Avro payloads at once, a field at a time: one cursor per row, moved together.

Each row has its own end, so damage stays in its row: a payload that is cut short, goes on too long or names a length
that cannot be is marked bad, alone. Formats: https://avro.apache.org/docs/1.12.0/specification/#binary-encoding
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import attrs
import numpy as np
from numpy.typing import NDArray

from schemas.text import NULL, Integers, Mask, Text, Words

LONGEST = 2048
"""Bytes that a payload may have: a string is read with as many bytes as the longest in its column."""

_ONE = np.uint64(1)
_STOP_BITS = np.uint64(0x8080808080808080)
_DATA_BITS = np.uint64(0x7F7F7F7F7F7F7F7F)
_FOLDS = (
    (np.uint64(0x007F007F007F007F), np.uint64(0x7F007F007F007F00), np.uint64(1)),
    (np.uint64(0x00003FFF00003FFF), np.uint64(0x3FFF00003FFF0000), np.uint64(2)),
    (np.uint64(0x000000000FFFFFFF), np.uint64(0x0FFFFFFF00000000), np.uint64(4)),
)
_KEEP = np.array([(1 << 8 * n) - 1 for n in range(9)], np.uint64)
"""Masks that keep the first n bytes of a word."""
_PADDING = bytes(LONGEST + 16)
"""Bytes after the last row, so that a read that starts at its end stays inside the buffer."""


@attrs.define(eq=False)
class Cursor:
    """Where each of n rows stands, and whether it is still sound. Arrays have the shape (n,)."""

    data: NDArray[np.uint8]
    words: Words
    """The eight bytes that start at each byte of `data`, as one number."""
    position: Integers
    end: Integers
    bad: Mask

    @classmethod
    def over(cls, payloads: Sequence[bytes]) -> Cursor:
        """A cursor at the first byte of each payload, none of which may be longer than LONGEST."""
        rows = len(payloads)
        data = np.frombuffer(b"".join((*payloads, _PADDING)), np.uint8)
        length = np.fromiter(map(len, payloads), np.int64, rows)
        end = np.cumsum(length)
        words = np.lib.stride_tricks.as_strided(data[:8].view("<u8"), (len(data) - 7,), (1,), writeable=False)
        return cls(data, words, end - length, end, np.zeros(rows, np.bool_))

    def __len__(self) -> int:
        return len(self.position)

    def take(self, rows: Integers | NDArray[np.intp]) -> Cursor:
        """A cursor over these rows alone; `put` brings what it did back."""
        return Cursor(self.data, self.words, self.position[rows], self.end[rows], self.bad[rows])

    def put(self, rows: Integers | NDArray[np.intp], part: Cursor) -> None:
        """Move these rows to where `part` stands."""
        self.position[rows] = part.position
        self.bad[rows] = part.bad

    def fail(self, rows: Mask) -> None:
        """Mark rows bad and park them at their end, where every later read is harmless."""
        self.bad = self.bad | rows
        self.position = np.where(rows, self.end, self.position)

    def advance(self, size: Integers | int) -> None:
        """Step over so many bytes in each row; a row that has fewer left, or a negative size, is bad."""
        outside = np.greater(size, self.end - self.position) | np.less(size, 0)
        if outside.any():
            self.fail(outside)
            size = np.where(outside, 0, size)
        self.position = self.position + size

    def finish(self) -> Mask:
        """The rows that were read to exactly their end."""
        sound: Mask = ~self.bad & (self.position == self.end)
        return sound

    def integer(self) -> Integers:
        """Read an int or a long in each row: zigzag, seven bits a byte, at most ten bytes."""
        first = self.data[self.position]
        if first.max(initial=0) < 0x80:
            self.advance(1)
            return _unzigzag(first.astype(np.uint64))
        word = self.words[self.position]
        stops = ~word & _STOP_BITS
        lowest = stops & (~stops + _ONE)
        # With no stop bit among eight bytes, `lowest` is 0 and the size comes out as 9: the number goes on.
        size = (np.bitwise_count(lowest - _ONE) >> 3).astype(np.int64) + 1
        number = word & ((lowest << _ONE) - _ONE) & _DATA_BITS
        for low, high, shift in _FOLDS:
            number = (number & low) | ((number & high) >> shift)
        if size.max() > 8:
            self._read_tail(number, size)
        self.advance(size)
        return _unzigzag(number)

    def _read_tail(self, number: Words, size: Integers) -> None:
        """Add bytes nine and ten to the numbers that have them."""
        rows = np.flatnonzero(size > 8)
        ninth = self.data[self.position[rows] + 8].astype(np.uint64)
        tenth = np.where(ninth < 0x80, 0, self.data[self.position[rows] + 9]).astype(np.uint64)
        number[rows] |= ((ninth & np.uint64(0x7F)) << np.uint64(56)) | (tenth << np.uint64(63))
        size[rows] = np.where(tenth > 1, NULL, np.where(ninth < 0x80, 9, 10))

    def integer_within(self, low: int, high: int) -> Integers:
        """Read a number that must lie between both, ends included."""
        number = self.integer()
        outside = (number < low) | (number > high)
        if outside.any():
            self.fail(outside)
            number = np.where(outside, low, number)
        return number

    def boolean(self) -> Integers:
        """Read a boolean in each row, as 0 or 1."""
        value = self.data[self.position].astype(np.int64)
        self.advance(1)
        if value.max(initial=0) > 1:
            self.fail(value > 1)
        return value

    def skip_bytes(self) -> None:
        """Step over `bytes`."""
        self.advance(self.integer())

    def text(self) -> Text:
        """Read a string in each row; one that is not UTF-8 makes its row bad."""
        length = self.integer()
        start = self.position
        self.advance(length)
        if self.bad.any():
            length = np.where(self.bad, 0, length)
        longest, shortest = int(length.max(initial=0)), int(length.min(initial=LONGEST))
        width = -(-longest // 8)
        if not width:
            return Text(np.empty((len(length), 0), np.uint64), length)
        # From each start as many bytes as the longest string has, which costs less than a word at a time; what lies
        # behind a string's end is masked.
        bytes_from = np.lib.stride_tricks.as_strided(self.data, (len(self.data) - 8 * width + 1, 8 * width), (1, 1))
        words = bytes_from[start].view("<u8")
        if longest == shortest:
            words[:, -1] &= _KEEP[longest - 8 * (width - 1)]
        else:
            words &= _masks(width).take(length, axis=0)
        beyond_ascii = words & _STOP_BITS
        if beyond_ascii.any():
            self._check_utf8(np.flatnonzero(beyond_ascii.any(axis=1)), start, length)
        return Text(words, length)

    def _check_utf8(self, rows: NDArray[np.intp], start: Integers, length: Integers) -> None:
        broken = np.zeros(len(self), np.bool_)
        for row in rows.tolist():
            try:
                self.data[start[row] : start[row] + length[row]].tobytes().decode()
            except UnicodeDecodeError:
                broken[row] = True
        self.fail(broken)


@lru_cache(8)
def _masks(width: int) -> Words:
    """For each length up to so many words, what keeps its bytes: shape (8 * width + 1, width)."""
    left = np.arange(8 * width + 1)[:, None] - 8 * np.arange(width)
    masks: Words = _KEEP[left.clip(0, 8)]
    return masks


def _unzigzag(number: Words) -> Integers:
    return ((number >> _ONE) ^ (~(number & _ONE) + _ONE)).view(np.int64)

"""Read many Avro payloads at once, a field at a time: one cursor per row, all moved together.

Each row has its own end, so damage stays in its row: only a payload that is too short, too long or has an impossible
length is marked bad. Formats: https://avro.apache.org/docs/1.12.0/specification/#binary-encoding
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray

from tributary.avro.columns.strings import Integers, Mask, StringColumn, Words

Sizes = NDArray[np.signedinteger[Any]] | NDArray[np.unsignedinteger[Any]]

LONGEST = 2048
"""The maximum bytes of a payload: a string is read with as many bytes as the longest in its column."""

_ONE = np.uint64(1)
_STOP_BITS = np.uint64(0x8080808080808080)
_DATA_BITS = np.uint64(0x7F7F7F7F7F7F7F7F)
_FOLDS = (
    (np.uint64(0x007F007F007F007F), np.uint64(0x7F007F007F007F00), np.uint64(1)),
    (np.uint64(0x00003FFF00003FFF), np.uint64(0x3FFF00003FFF0000), np.uint64(2)),
    (np.uint64(0x000000000FFFFFFF), np.uint64(0x0FFFFFFF00000000), np.uint64(4)),
)
_INT = (-(2**31), 2**31 - 1)
"""The smallest and the largest int."""
_MORE_BYTES = 1 << 20
_ONE_BYTE = np.where(np.arange(256) < 128, np.arange(256) >> 1 ^ -(np.arange(256) & 1), _MORE_BYTES)
"""The number that each single byte encodes; _MORE_BYTES if others follow."""
_FAR = 1 << 40
"""More bytes than any row has, but small enough to add to a position."""
_KEEP = np.array([(1 << 8 * n) - 1 for n in range(9)], np.uint64)
"""Masks that keep the first n bytes of a word."""
_PADDING = bytes(LONGEST + 16)
"""Bytes after the last row, so that a read that starts at its end stays within the buffer."""


@attrs.define(eq=False)
class Cursor:
    """The position in each of n rows. Arrays have the shape (n,).

    A bad row is one that has gone beyond its end. It stays there: what is read of it means nothing and harms nothing.
    """

    data: NDArray[np.uint8]
    words: Words
    """The eight bytes that start at each byte of `data`, as one number."""
    position: Integers
    beyond: Integers
    """One more than the end of each row."""

    @classmethod
    def over(cls, payloads: Sequence[bytes]) -> Cursor:
        """A cursor at the first byte of each payload. Rows longer than LONGEST must not be read, only skipped."""
        data = np.frombuffer(b"".join((*payloads, _PADDING)), np.uint8)
        length = np.fromiter(map(len, payloads), np.int64, len(payloads))
        end = np.cumsum(length)
        return cls(data, np.ndarray((len(data) - 7,), "<u8", data, 0, (1,)), end - length, end + 1)

    def __len__(self) -> int:
        return len(self.position)

    def take(self, rows: Integers | NDArray[np.intp]) -> Cursor:
        """A cursor over these rows only; `put` copies its positions back."""
        return Cursor(self.data, self.words, self.position[rows], self.beyond[rows])

    def put(self, rows: Integers | NDArray[np.intp], part: Cursor) -> None:
        """Move these rows to the positions of `part`."""
        self.position[rows] = part.position

    @property
    def bad(self) -> Mask:
        """The rows that do not decode."""
        bad: Mask = self.position == self.beyond
        return bad

    @property
    def left(self) -> Integers:
        """The number of bytes left in each row; -1 if it is bad."""
        return self.beyond - self.position - 1

    def fail(self, rows: Mask) -> None:
        """Mark rows bad."""
        self.position = np.where(rows, self.beyond, self.position)

    def skip(self, size: int | Sizes) -> None:
        """Step over `size` bytes, 0 or more, in each row; a row with fewer bytes left is bad."""
        self.position = np.minimum(self.position + size, self.beyond)

    def finish(self) -> Mask:
        """The rows that were read exactly to their end."""
        valid: Mask = self.position + 1 == self.beyond
        return valid

    def integer(self) -> Integers:
        """Read an int or a long in each row: zigzag, seven bits a byte, at most ten bytes."""
        short = self._one_byte()
        if short is not None:
            return short
        word = self.words[self.position]
        below, size = _stop(word)
        number = word & below & _DATA_BITS
        for low, high, shift in _FOLDS:
            number = (number & low) | ((number & high) >> shift)
        if size.max() > 8:
            size = self._read_tail(number, size)
        self.skip(size)
        return _unzigzag(number)

    def int32(self) -> Integers:
        """Read an int in each row; a number of more than 32 bits makes its row bad."""
        short = self._one_byte()
        return self.integer_within(*_INT) if short is None else short

    def _one_byte(self) -> Integers | None:
        """Read a number in each row if all of them have one byte, as most numbers other than times do."""
        first = self.data[self.position]
        if first.max(initial=0) >= 0x80:
            return None
        self.skip(1)
        return _ONE_BYTE.take(first)

    def skip_integer(self) -> None:
        """Skip a long in each row."""
        _, size = _stop(self.words[self.position])
        if size.max(initial=0) > 8:
            self.integer()
        else:
            self.skip(size)

    def skip_natural(self) -> None:
        """Skip a long in each row; a negative one makes its row bad."""
        negative = (self.data[self.position] & 1).astype(np.bool_)  # zigzag has the sign in its lowest bit
        self.skip_integer()
        if np.count_nonzero(negative):
            self.fail(negative)

    def _read_tail(self, number: Words, size: Sizes) -> Sizes:
        """Add bytes nine and ten to the numbers that have them. Returns the sizes in bytes."""
        rows = np.flatnonzero(size > 8)
        ninth = self.data[self.position[rows] + 8].astype(np.uint64)
        tenth = np.where(ninth < 0x80, 0, self.data[self.position[rows] + 9]).astype(np.uint64)
        number[rows] |= ((ninth & np.uint64(0x7F)) << np.uint64(56)) | (tenth << np.uint64(63))
        sizes = size.astype(np.int64)
        sizes[rows] = np.where(tenth > 1, _FAR, np.where(ninth < 0x80, 9, 10))
        return sizes

    def integer_within(self, low: int, high: int) -> Integers:
        """Read a number that must be between both, inclusive."""
        number = self.integer()
        outside = (number < low) | (number > high)
        if np.count_nonzero(outside):
            self.fail(outside)
            number = np.where(outside, low, number)
        return number

    def boolean(self) -> Integers:
        """Read a boolean in each row, as 0 or 1."""
        value = self.data[self.position].astype(np.int64)
        self.skip(1)
        if value.max(initial=0) > 1:
            self.fail(value > 1)
        return value

    def float32(self) -> NDArray[np.float64]:
        """Read a float in each row."""
        value = self.words[self.position].view("<f4")[::2]
        self.skip(4)
        with np.errstate(invalid="ignore"):  # a signaling NaN becomes a quiet one
            return value.astype(np.float64)

    def float64(self) -> NDArray[np.float64]:
        """Read a double in each row."""
        value = self.words[self.position].view("<f8").astype(np.float64, copy=False)
        self.skip(8)
        return value

    def skip_bytes(self) -> None:
        """Skip `bytes`."""
        self._skip_length(self.integer())

    def _skip_length(self, length: Integers) -> None:
        """Skip the number of bytes that was read; a row with a negative length is bad."""
        # As an unsigned number, a negative length is larger than any possible one.
        self.skip(np.minimum(length.view(np.uint64), _FAR).view(np.int64))

    def strings(self) -> StringColumn:
        """Read a string in each row; one that is not UTF-8 makes its row bad."""
        start = self.position + 1
        length = _ONE_BYTE.take(self.data[self.position])
        longest, shortest = int(length.max(initial=0)), int(length.min(initial=LONGEST))
        if longest < _MORE_BYTES and shortest >= 0:
            self.position = np.minimum(start + length, self.beyond)
        else:
            start, length = self._long_text()
            longest, shortest = int(length.max(initial=0)), int(length.min(initial=LONGEST))
        width = -(-longest // 8)
        if not width:
            return StringColumn(np.empty((len(length), 0), np.uint64), length)
        # From each start as many bytes as the longest string has, in one gather, which is faster than a word at a time;
        # what is after a string's end is masked.
        pieces = np.ndarray((len(self.data) - 8 * width + 1,), f"V{8 * width}", self.data, 0, (1,))
        words = pieces[start].view("<u8").reshape(len(length), width)
        if longest == shortest:
            words[:, -1] &= _KEEP[longest - 8 * (width - 1)]
        else:
            words &= _masks(width).take(length, axis=0)
        if np.bitwise_or.reduce(words, axis=None) & _STOP_BITS:
            beyond_ascii = np.bitwise_or.reduce(words, axis=1) & _STOP_BITS
            self._check_utf8(np.flatnonzero(beyond_ascii), words, length)
        return StringColumn(words, length)

    def _long_text(self) -> tuple[Integers, Integers]:
        """Skip strings of any length: `(start of each, its bytes)`; a bad row has no bytes."""
        length = self.integer()
        start = self.position
        self._skip_length(length)
        return start, np.where(self.bad, 0, length)

    def _check_utf8(self, rows: NDArray[np.intp], words: Words, length: Integers) -> None:
        """Mark those of these rows bad whose string is not UTF-8."""
        # All in one piece, which takes a tenth of the time. Zeros after each string prevent two broken ones from
        # forming a character together.
        apart = np.zeros((len(rows), words.shape[1] + 1), np.uint64)
        apart[:, :-1] = words.take(rows, axis=0)
        raw = apart.tobytes()
        if _is_utf8(raw):
            return
        width = 8 * apart.shape[1]
        broken = np.zeros(len(self), np.bool_)
        for at, row in enumerate(rows.tolist()):
            broken[row] = not _is_utf8(raw[at * width : at * width + length[row]])
        self.fail(broken)


def _is_utf8(raw: bytes) -> bool:
    try:
        raw.decode()
    except UnicodeDecodeError:
        return False
    return True


@lru_cache(8)
def _masks(width: int) -> Words:
    """For each length up to `width` words, the masks that keep its bytes: shape (8 * width + 1, width)."""
    left = np.arange(8 * width + 1)[:, None] - 8 * np.arange(width)
    masks: Words = _KEEP[left.clip(0, 8)]
    return masks


def _stop(word: Words) -> tuple[Words, Sizes]:
    """For words that start with a number: the bits below the one that ends its last byte, and its size in bytes.

    If none of the eight bytes ends the number, all bits are below, and the size is 9.
    """
    going_on = word | _DATA_BITS
    below: Words = going_on & (~going_on - _ONE)
    return below, (np.bitwise_count(below) >> 3) + 1


def _unzigzag(number: Words) -> Integers:
    return ((number >> _ONE) ^ (~(number & _ONE) + _ONE)).view(np.int64)

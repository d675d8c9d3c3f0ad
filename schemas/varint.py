"""Avro's int and long: zigzag, then seven bits a byte, the lowest first.

https://avro.apache.org/docs/1.12.0/specification/#primitive-types-1

The tables hold two such bytes an entry: a table look-up costs a tenth of building the bytes one by one.
"""

from __future__ import annotations

_LAST = tuple(bytes((n,)) if n < 128 else bytes((n & 127 | 128, n >> 7)) for n in range(1 << 14))
_MORE = tuple(bytes((n & 127 | 128, n >> 7 | 128)) for n in range(1 << 14))

SMALL = _LAST[::2]
"""The encodings of 0 to 8,191."""


def write_long(number: int) -> bytes:
    """The encoding of a number. Raises OverflowError if it does not fit in 64 bits."""
    n = (number << 1) ^ (number >> 63)
    if n < 1 << 14:
        return _LAST[n]
    if n < 1 << 28:
        return _MORE[n & 16383] + _LAST[n >> 14]
    if n < 1 << 42:
        return _MORE[n & 16383] + _MORE[n >> 14 & 16383] + _LAST[n >> 28]
    if n < 1 << 56:
        return _MORE[n & 16383] + _MORE[n >> 14 & 16383] + _MORE[n >> 28 & 16383] + _LAST[n >> 42]
    if n < 1 << 64:
        low = _MORE[n & 16383] + _MORE[n >> 14 & 16383] + _MORE[n >> 28 & 16383] + _MORE[n >> 42 & 16383]
        return low + _LAST[n >> 56]
    raise OverflowError("does not fit in 64 bits")


class _Lengths(dict[int, bytes]):
    def __missing__(self, length: int) -> bytes:
        return write_long(length)


LENGTH = _Lengths(enumerate(SMALL[:1024]))
"""The encoding of any length, the usual ones by a look-up."""


SIGNED = tuple(n >> 1 ^ -(n & 1) for n in range(128))
"""The number that each byte without a successor encodes."""


_MARKS = tuple(sum(128 << 7 * n for n in range(last)) for last in range(10))
"""What the bits that say "another byte follows" add up to, by the number of bytes that follow."""


def read_unsigned(data: bytes, at: int) -> tuple[int, int]:
    """The zigzag form of the number of two or more bytes at a position, and the position behind it.

    Raises IndexError if the data ends within it, ValueError if it does not fit in 64 bits.
    """
    second = data[at + 1]
    if second < 128:
        return data[at] - _MARKS[1] + (second << 7), at + 2
    third = data[at + 2]
    if third < 128:
        return data[at] - _MARKS[2] + (second << 7) + (third << 14), at + 3
    low = data[at] + (second << 7) + (third << 14)
    fourth = data[at + 3]
    if fourth < 128:
        return low - _MARKS[3] + (fourth << 21), at + 4
    fifth = data[at + 4]
    if fifth < 128:
        return low - _MARKS[4] + (fourth << 21) + (fifth << 28), at + 5
    sixth = data[at + 5]
    low += (fourth << 21) + (fifth << 28) + (sixth << 35)
    if sixth < 128:
        return low - _MARKS[5], at + 6
    for last in range(6, 10):
        low += data[at + last] << 7 * last
        if data[at + last] < 128:
            break
    low -= _MARKS[last]
    if low >> 64:
        raise ValueError("a number does not fit in 64 bits")
    return low, at + last + 1


def read_long(data: bytes, at: int) -> tuple[int, int]:
    """The number of two or more bytes at a position, and the position behind it; raises as `read_unsigned` does."""
    n, at = read_unsigned(data, at)
    return n >> 1 ^ -(n & 1), at


def read_int(data: bytes, at: int) -> tuple[int, int]:
    """As `read_long`, for a number of 32 bits."""
    n, at = read_unsigned(data, at)
    if n >> 32:
        raise ValueError("a number does not fit in 32 bits")
    return n >> 1 ^ -(n & 1), at


def read_length(data: bytes, at: int) -> tuple[int, int]:
    """Twice the length at a position, and the position of its last byte; raises ValueError for a negative one."""
    n, behind = (data[at], at + 1) if data[at] < 128 else read_unsigned(data, at)
    if n & 1:
        raise ValueError("a length is negative")
    return n, behind - 1


def read_empty_count(data: bytes, at: int, before: int) -> tuple[int, int]:
    """As `read_count`, where items take no bytes, and so the data's length does not bound them: at most 1,000."""
    n, at = (data[at], at + 1) if data[at] < 128 else read_unsigned(data, at)
    if n & 1:
        n, at = n + 1, read_length(data, at)[1] + 1
    if before + (n >> 1) > 1000:
        raise ValueError("more than 1,000 items that take no bytes")
    return n, at


def read_count(data: bytes, at: int) -> tuple[int, int]:
    """Twice the number of items of a block, and the position of the items.

    A negative number is followed by the block's size in bytes, which only those who skip the block need.
    Raises ValueError for more items than bytes are left, so that no loop outlives the data.
    """
    n, at = (data[at], at + 1) if data[at] < 128 else read_unsigned(data, at)
    if n & 1:
        n += 1
        size, at = read_length(data, at)
        at += 1
        if size >> 1 > len(data) - at:
            raise ValueError("a block is longer than the payload")
    if n >> 1 > len(data) - at:
        raise ValueError("a block has more items than the payload has bytes")
    return n, at

"""Avro's int and long: zigzag, then seven bits per byte, the lowest first.

https://avro.apache.org/docs/1.12.0/specification/#primitive-types-1

The tables have two such bytes per entry: a look-up costs a tenth of building the bytes one by one.
"""

from __future__ import annotations

_LAST = tuple(bytes((n,)) if n < 128 else bytes((n & 127 | 128, n >> 7)) for n in range(1 << 14))
_MORE = tuple(bytes((n & 127 | 128, n >> 7 | 128)) for n in range(1 << 14))

SMALL = _LAST[::2]
"""The encodings of 0 to 8,191."""

# The encoding is SMALL[n] up to 8,191, LOW[n & 8191] + HIGH[n >> 13] up to 2**27 - 1, and
# LOW[n & 8191] + MIDDLE[n >> 13 & 16383] + HIGH[n >> 27] up to 2**41 - 1. Generated code inlines these.
LOW = _MORE[::2]
MIDDLE = _MORE
HIGH = _LAST


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
"""The encoding of any length; common ones are looked up."""


SIGNED = tuple(n >> 1 ^ -(n & 1) for n in range(128))
"""The number that each single byte encodes."""


def read_long(data: bytes, at: int) -> tuple[int, int]:
    """The number of two or more bytes at a position, and the position after it.

    Unrolled for up to six bytes, the size of a time in milliseconds. The continuation bit of a byte is subtracted with
    the next byte. Raises IndexError if the data ends within the number, ValueError if it does not fit in 64 bits.
    """
    byte = data[at + 1]
    n = data[at] + (byte << 7) - 128
    if byte < 128:
        return ~(n >> 1) if n & 1 else n >> 1, at + 2
    byte = data[at + 2]
    n += (byte << 14) - 16384
    if byte < 128:
        return ~(n >> 1) if n & 1 else n >> 1, at + 3
    byte = data[at + 3]
    n += (byte << 21) - 2097152
    if byte < 128:
        return ~(n >> 1) if n & 1 else n >> 1, at + 4
    high = data[at + 4]
    if high > 127:
        byte = data[at + 5]
        high += (byte << 7) - 128
        if byte > 127:
            return _read_longest(data, at)
        at += 1
    half = (n >> 1) - 134217728 + (high << 27)
    return ~half if n & 1 else half, at + 5


def _read_longest(data: bytes, at: int) -> tuple[int, int]:
    n = 0
    for shift in range(10):
        byte = data[at + shift]
        n |= (byte & 127) << 7 * shift
        if byte < 128:
            break
    if byte > 127 or n >> 64:
        raise ValueError("a number does not fit in 64 bits")
    return ~(n >> 1) if n & 1 else n >> 1, at + shift + 1


def read_int(data: bytes, at: int) -> tuple[int, int]:
    """Like `read_long`, for a number of 32 bits."""
    number, at = read_long(data, at)
    if not -(1 << 31) <= number < 1 << 31:
        raise ValueError("a number does not fit in 32 bits")
    return number, at


def read_unsigned(data: bytes, at: int) -> tuple[int, int]:
    """Like `read_long`, but returns the number's zigzag form."""
    number, at = read_long(data, at)
    return (number << 1) ^ (number >> 63), at


def read_length(data: bytes, at: int) -> tuple[int, int]:
    """Twice the length at a position, and the position of its last byte; raises ValueError for a negative one."""
    n, behind = (data[at], at + 1) if data[at] < 128 else read_unsigned(data, at)
    if n & 1:
        raise ValueError("a length is negative")
    return n, behind - 1


def read_empty_count(data: bytes, at: int, before: int) -> tuple[int, int]:
    """Like `read_count`, for items without bytes, whose number the data's length does not bound: at most 1,000."""
    n, at = _read_block(data, at)
    if before + (n >> 1) > 1000:
        raise ValueError("more than 1,000 items that take no bytes")
    return n, at


def read_count(data: bytes, at: int) -> tuple[int, int]:
    """Twice the number of items of a block, and the position of the items.

    Raises ValueError for more items than bytes are left, so that no loop outlives the data.
    """
    n, at = _read_block(data, at)
    if n >> 1 > len(data) - at:
        raise ValueError("a block has more items than the payload has bytes")
    return n, at


def _read_block(data: bytes, at: int) -> tuple[int, int]:
    """As `read_count`. A negative number is followed by the block's size in bytes, which only readers that skip blocks
    need; it must lie within the data."""
    n, at = (data[at], at + 1) if data[at] < 128 else read_unsigned(data, at)
    if n & 1:
        n += 1
        size, at = read_length(data, at)
        at += 1
        if size >> 1 > len(data) - at:
            raise ValueError("a block is longer than the payload")
    return n, at

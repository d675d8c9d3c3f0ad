"""Factorize columns: number their distinct values by hashing, for all rows at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

ODD = np.uint64(0x9E3779B97F4A7C15)
"""2**64 divided by the golden ratio. Multiplying by an odd number modulo 2**64 keeps different numbers different."""


def factorize(hashes: NDArray[np.uint64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Group rows by their hash, whose high bits must be well distributed.

    Returns the code of each row, from 0, and for each code a row that has it.

    Every row writes its number into the bucket of its hash, and the last one represents all rows of its hash. Rows of
    other hashes in that bucket move to another one in the next round. Several times as fast as a sort.
    """
    rows = len(hashes)
    bits = max(rows, 8).bit_length() + 1
    buckets = np.empty(1 << bits, np.int64)
    representative = np.empty(rows, np.int64)
    left, mixed = np.arange(rows), hashes
    while len(left):
        bucket = (mixed >> np.uint64(64 - bits)).astype(np.int64)
        buckets[bucket] = left
        found = buckets[bucket]
        representative[left] = found
        other = hashes[found] != hashes[left]
        left, mixed = left[other], mixed[other] * ODD
    return _number(representative)


def factorize_integers(values: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Group rows by their number; as `group`."""
    low, high = (int(values.min()), int(values.max())) if len(values) else (0, 0)
    span = high - low + 1
    if span > 4 * len(values) + 1024:
        return factorize(values.view(np.uint64) * ODD)
    places = values - low
    buckets = np.empty(span, np.int64)
    buckets[places] = np.arange(len(values))
    return _number(buckets[places])


def _number(representative: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Number the representatives: `(code of each row, row of each code)`."""
    chosen = np.zeros(len(representative), np.bool_)
    chosen[representative] = True
    row_of_code = np.flatnonzero(chosen).astype(np.int64)
    code = np.empty(len(representative), np.int64)
    code[row_of_code] = np.arange(len(row_of_code))
    return code[representative], row_of_code

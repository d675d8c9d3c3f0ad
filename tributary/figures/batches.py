"""Decoded batches, and joining consecutive ones: fewer and larger writes are cheaper."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import attrs

from tributary.avro.columns.batch import RecordBatch, concat
from tributary.figures.store import Fenced
from tributary.kafka.admin import Partition
from tributary.kafka.batch import OffsetRange
from tributary.kafka.dead_letters import DeadLetter

_USUAL_WORDS = 16
"""The texts of nearly all events have fewer than this many words of eight bytes."""


@attrs.frozen(eq=False)
class DecodedBatch:
    """A batch as columns, with the offset range of each partition."""

    ranges: Mapping[Partition, OffsetRange]
    records: Mapping[str, Sequence[RecordBatch]]
    """By event."""
    dead_letters: Sequence[DeadLetter]
    rows: int


@attrs.frozen(eq=False)
class JoinedBatch:
    """Consecutive batches as one."""

    ranges: Mapping[Partition, OffsetRange]
    parts: Sequence[Mapping[str, RecordBatch]]
    """Record batches by event. Usually there is one part; rows with unusually long texts are in others."""
    dead_letters: Sequence[DeadLetter]
    rows: int


def join(batches: list[DecodedBatch]) -> JoinedBatch:
    """Join consecutive batches. Raises Fenced if a batch does not begin where the one before ended.

    Empties the list, so that columns are not held twice for long.
    """
    ranges = _join_ranges(batch.ranges for batch in batches)
    letters = [letter for batch in batches for letter in batch.dead_letters]
    rows = sum(batch.rows for batch in batches)
    parts = _of_like_width(batches)
    batches.clear()
    joined = [{event: concat(part.pop(event)) for event in list(part)} for part in parts]
    return JoinedBatch(ranges, joined, letters, rows)


def _of_like_width(batches: Iterable[DecodedBatch]) -> list[dict[str, list[RecordBatch]]]:
    """The record batches by event, in parts.

    A column is as wide as its longest text. Joined with all others, one text of a megabyte would make that much of
    every row, so record batches are joined only with those at most twice as wide.
    """
    parts: dict[int, dict[str, list[RecordBatch]]] = {}
    for batch in batches:
        for event, found in batch.records.items():
            for records in found:
                part = parts.setdefault((records.width // _USUAL_WORDS).bit_length(), {})
                part.setdefault(event, []).append(records)
    return list(parts.values())


def _join_ranges(ranges: Iterable[Mapping[Partition, OffsetRange]]) -> dict[Partition, OffsetRange]:
    """Join consecutive offset ranges by partition. Raises Fenced if one does not begin where the one before ended."""
    joined: dict[Partition, OffsetRange] = {}
    for some in ranges:
        for partition, offsets in some.items():
            before = joined.get(partition)
            if before is not None and before.next != offsets.start:
                raise Fenced(f"{partition[0]}[{partition[1]}] was read to {before.next} and again from {offsets.start}")
            joined[partition] = OffsetRange(offsets.start if before is None else before.start, offsets.next)
    return joined

"""Decoded batches made one: exact, whatever the lengths of their texts, and not much larger than they were."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumers.analytics.figures import SHOP
from tests.support.figures.shop_events import EVENTS, NAMES, VIEW, Event, columns, plain_pass, report, same_orders
from tests.support.figures.stores import no_waiting, write
from tributary.avro.columns.batch import ListColumn, RecordBatch
from tributary.avro.columns.strings import StringColumn
from tributary.figures.batches import DecodedBatch, join
from tributary.figures.store import Fenced, Store
from tributary.kafka.admin import Partition
from tributary.kafka.batch import OffsetRange

LENGTHS = st.sampled_from([1, 120, 127, 128, 129, 300, 2_000, 5_000])


def decoded(events: Sequence[Event], ranges: Mapping[Partition, OffsetRange] | None = None) -> DecodedBatch:
    return DecodedBatch(ranges or {}, {event: [frame] for event, frame in columns(events).items()}, [], len(events))


def size(frame: RecordBatch) -> int:
    """Bytes in a frame's texts."""
    texts = sum(column.words.nbytes for column in frame.columns.values() if isinstance(column, StringColumn))
    return texts + sum(size(column.records) for column in frame.columns.values() if isinstance(column, ListColumn))


@given(st.lists(st.tuples(EVENTS, LENGTHS), max_size=40), st.integers(1, 10))
def test_texts_of_any_length_count_exactly(drawn: list[tuple[Event, int]], batch_size: int) -> None:
    lengths = [length for _, length in drawn]
    events = [
        (name, {**fields, "region": fields["region"] * length})
        for length, (name, fields) in zip(lengths, same_orders([event for event, _ in drawn]), strict=True)
    ]
    batches = [events[at : at + batch_size] for at in range(0, len(events), batch_size)]
    joined = join([decoded(batch) for batch in batches])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "store.sqlite"
        store = Store(path, SHOP, no_waiting)
        write(store, {}, joined.parts, NAMES)
        store.close()
        figures = report(path)
    expected = plain_pass([event for batch in batches for event in batch])
    # Copies of an order are alike but for the region, and any of them may be the one that counts.
    del expected["by_region"], expected["by_region_and_type"]
    assert {key: figures[key] for key in expected} == expected


def test_one_long_text_does_not_widen_all_rows() -> None:
    long: Event = ("ProductViewed", {**VIEW[1], "region": "r" * 1_000_000})
    batches = [decoded([VIEW] * 500), decoded([long]), decoded([VIEW] * 500)]
    before = sum(size(records) for batch in batches for found in batch.records.values() for records in found)
    joined = join(batches)
    assert joined.rows == 1_001
    assert sum(frame.rows for part in joined.parts for frame in part.values()) == 1_001
    assert sum(size(frame) for part in joined.parts for frame in part.values()) == before


def test_batches_that_do_not_follow_one_another_are_refused() -> None:
    first = decoded([VIEW], {("a", 0): OffsetRange(None, 5), ("b", 0): OffsetRange(1, 2)})
    following = decoded([VIEW], {("a", 0): OffsetRange(5, 7)})
    assert join([first, following]).ranges == {("a", 0): OffsetRange(None, 7), ("b", 0): OffsetRange(1, 2)}
    with pytest.raises(Fenced):
        join([first, decoded([VIEW], {("a", 0): OffsetRange(6, 7)})])

"""A batch is cut, in each partition, before the first message whose schema is not known yet."""

from __future__ import annotations

from collections.abc import Collection

from confluent_kafka import Message
from hypothesis import given
from hypothesis import strategies as st

from tributary.avro import wire
from tributary.figures.decoder import before_pending, schema_id
from tributary.kafka.batch import MessageBatch, OffsetRange
from tributary.kafka.writer_schemas import WriterSchemas


class Schemas(WriterSchemas):
    """Knows all but the pending ids."""

    def __init__(self, pending: Collection[int]) -> None:
        self._some = pending

    def pending(self, ids: Collection[int]) -> set[int]:
        return set(ids) & set(self._some)


values = st.one_of(
    st.none(), st.just(b""), st.just(b"\x01junk"), st.integers(1, 6).map(lambda number: wire.frame(number, b"x"))
)
messages = st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 2), st.integers(1, 3), values), max_size=30)


@given(messages, st.sets(st.integers(1, 6)), st.dictionaries(st.integers(0, 2), st.integers(0, 5)))
def test_nothing_of_a_batch_is_lost_or_read_twice(
    drawn: list[tuple[str, int, int, bytes | None]], pending: set[int], starts: dict[int, int]
) -> None:
    positions: dict[tuple[str, int], int] = {}
    by_topic: dict[str, list[Message]] = {}
    for topic, partition, gap, value in drawn:  # offsets have gaps where a topic is compacted
        offset = positions.get((topic, partition), starts.get(partition, 0)) + gap
        positions[topic, partition] = offset
        by_topic.setdefault(topic, []).append(Message(topic=topic, partition=partition, offset=offset, value=value))
    ranges = {p: OffsetRange(starts.get(p[1]), last + 1) for p, last in positions.items()}
    cut, paused = before_pending(MessageBatch(by_topic, dict.fromkeys(by_topic, 0), ranges), Schemas(pending))

    for partition, offsets in ranges.items():
        all_of_it = [m for m in by_topic[partition[0]] if m.partition() == partition[1]]
        waiting = [m.offset() for m in all_of_it if schema_id(m) in pending]
        end = min((offset for offset in waiting if offset is not None), default=None)
        kept = [m.offset() for m in cut.messages.get(partition[0], ()) if m.partition() == partition[1]]
        assert kept == [m.offset() for m in all_of_it if end is None or int(m.offset() or 0) < end]
        if end is None:
            assert partition not in paused
            assert cut.ranges[partition] == offsets
        else:
            after = kept[-1] + 1 if kept and kept[-1] is not None else offsets.start
            assert paused[partition].position == after
            assert paused[partition].schema_id in pending
            assert cut.ranges.get(partition) == (
                OffsetRange(offsets.start, after) if kept and after is not None else None
            )

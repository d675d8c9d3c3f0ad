"""Times that no event can have are set apart, whenever and in whatever batches they are read."""

from __future__ import annotations

import json
from collections.abc import Sequence

import numpy as np
import pytest
from confluent_kafka import TIMESTAMP_CREATE_TIME, TIMESTAMP_NOT_AVAILABLE, Message
from hypothesis import given
from hypothesis import strategies as st

from tributary.avro.columns.reader import ColumnReader, ReadResult
from tributary.avro.rows.encoder import encoder
from tributary.avro.wire import frame
from tributary.kafka.event_time import EventTimeLimits, sent_ms
from tributary.settings import Settings, load

SCHEMA = {"type": "record", "name": "Seen", "fields": [{"name": "at", "type": "long"}, {"name": "x", "type": "string"}]}
DAY = 86_400_000
EARLIEST = Settings().event_time_earliest_ms
CLOCK = EventTimeLimits("Seen", "at", EARLIEST, DAY)
NOW = 1_790_000_000_000

encode = encoder(SCHEMA, keys=True)
reader = ColumnReader(SCHEMA, ("at",), lambda _: json.dumps(SCHEMA))


def message(at: int, sent: int, size: int = 0, kind: int = TIMESTAMP_CREATE_TIME) -> Message:
    return Message("seen", 0, 0, b"", frame(1, encode({"at": at, "x": "x" * size})), timestamp=(kind, sent))


def read(messages: Sequence[Message], since: int) -> ReadResult:
    return CLOCK.check(reader.read([one.value() for one in messages]), messages, since)


def kept(reading: ReadResult) -> list[tuple[int, int]]:
    pairs = zip(reading.batches, reading.places, strict=True)
    return sorted((int(p), n) for f, places in pairs for p, n in zip(places, f.integers("at").tolist(), strict=True))


SENT = st.integers(NOW, NOW + 3 * DAY)
EDGES = [EARLIEST - 1, EARLIEST, NOW + DAY, NOW + DAY + 1, -(2**63), 2**63 - 1, 0, NOW * 1000, NOW // 1000]
TIMES = st.sampled_from(EDGES) | st.integers(NOW, NOW + 5 * DAY)


@given(st.lists(st.tuples(TIMES, SENT, st.sampled_from([0, 3000])), min_size=1, max_size=20), st.booleans())
def test_a_time_is_judged_by_when_its_message_was_sent(drawn: list[tuple[int, int, int]], early: bool) -> None:
    drawn = sorted(drawn, key=lambda one: one[1])
    messages = [message(*one) for one in drawn]
    good = [(row, at) for row, (at, sent, _) in enumerate(drawn) if EARLIEST <= at <= sent + DAY]
    reading = read(messages, drawn[0][1] - (DAY if early else 0))
    assert kept(reading) == good
    assert set(reading.failures) == set(range(len(drawn))) - {row for row, _ in good}


@given(st.lists(st.tuples(TIMES, SENT), min_size=2, max_size=20), st.data())
def test_any_split_into_batches_judges_alike(drawn: list[tuple[int, int]], data: st.DataObject) -> None:
    drawn = sorted(drawn, key=lambda one: one[1])
    cut = data.draw(st.integers(1, len(drawn) - 1))
    parts = [kept(read([message(*one) for one in part], part[0][1])) for part in (drawn, drawn[:cut], drawn[cut:])]
    assert parts[0] == parts[1] + [(row + cut, at) for row, at in parts[2]]


def test_what_cannot_be_read_stays_a_failure_with_its_own_reason() -> None:
    broken = Message("seen", 0, 0, b"", b"?", timestamp=(TIMESTAMP_CREATE_TIME, NOW))
    short = Message("seen", 0, 0, b"", frame(1, b"\x02"), timestamp=(TIMESTAMP_CREATE_TIME, NOW))
    reading = read([broken, short, message(NOW, NOW), message(1, NOW), message(NOW, NOW)], NOW)
    assert kept(reading) == [(2, NOW), (4, NOW)]
    assert "magic byte" in reading.failures[0]
    assert "ends too early" in reading.failures[1]
    assert "plausible" in reading.failures[3]


@pytest.mark.parametrize(
    ("at", "words"),
    [
        (NOW * 1000, "as microseconds it would fit"),
        (NOW * 10**6, "as nanoseconds it would fit"),
        (NOW // 1000, "as seconds it would fit"),
        (0, "at is 0 (1970-01-01 00:00:00 UTC), expected 946684800000 (2000-01-01 00:00:00 UTC) to 1790086400000 ("),
        (NOW + DAY + 1, ", 24 hours after it was sent"),
        (2**63 - 1, "at is 9223372036854775807, expected"),
    ],
)
def test_the_reason_says_what_was_expected(at: int, words: str) -> None:
    (reason,) = read([message(at, NOW)], NOW).failures.values()
    assert reason.startswith("no plausible time: Seen.at is ")
    assert words in reason
    assert ("would fit" in reason) == ("would fit" in words)


def test_a_message_that_does_not_say_when_it_was_sent_is_taken_as_sent_now() -> None:
    undated = message(NOW, 0, kind=TIMESTAMP_NOT_AVAILABLE)
    assert abs(sent_ms(undated) - sent_ms(message(NOW, int(np.datetime64("now", "ms").astype(np.int64))))) < 60_000


def test_the_bounds_are_settings() -> None:
    settings = load({"EVENT_TIME_EARLIEST": "1970-01-02", "EVENT_TIME_AHEAD_HOURS": "48"})
    assert (settings.event_time_earliest_ms, settings.event_time_ahead_ms) == (DAY, 2 * DAY)
    with pytest.raises(ValueError, match=r"EVENT_TIME_EARLIEST.*expected a day"):
        load({"EVENT_TIME_EARLIEST": "yesterday"})

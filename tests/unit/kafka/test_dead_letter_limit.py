"""A topic is over its limit for a run of unreadable messages, or a share of the latest, however they are batched."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from tributary.kafka.dead_letter_limit import WINDOW, DeadLetterLimit

batches = st.lists(st.lists(st.booleans(), max_size=12), max_size=12)
"""Whether each message of each batch is readable."""


def first_over(limit: DeadLetterLimit, batched: Sequence[Sequence[bool]]) -> int | None:
    """The batch with which the topic is over the limit."""
    for number, batch in enumerate(batched):
        failures = {place: f"reason {place}" for place, readable in enumerate(batch) if not readable}
        if limit.over("t", len(batch), failures) is not None:
            return number
    return None


@given(batches, st.integers(1, 9))
def test_a_run_counts_across_batches(batched: list[list[bool]], most: int) -> None:
    run, expected = 0, None
    for number, batch in enumerate(batched):
        for readable in batch:
            run = 0 if readable else run + 1
            if run == most and expected is None:
                expected = number
    assert first_over(DeadLetterLimit(most, 0), batched) == expected


@given(batches, st.integers(1, 20))
def test_a_share_is_of_a_whole_window(batched: list[list[bool]], most: int) -> None:
    bad, expected = 0, None
    for number, batch in enumerate(batched):
        bad += batch.count(False)
        if bad >= most and not all(batch) and expected is None:
            expected = number
    assert first_over(DeadLetterLimit(0, 100 * most / WINDOW), batched) == expected


def test_what_left_the_window_does_not_count() -> None:
    limit = DeadLetterLimit(0, 10)
    bad = WINDOW // 10 - 1
    assert limit.over("t", WINDOW, dict.fromkeys(range(bad), "bad")) is None
    assert limit.over("t", WINDOW, {}) is None
    assert limit.over("t", WINDOW, {5: "bad"}) is None
    assert limit.over("t", bad, dict.fromkeys(range(bad), "bad")) == (
        f"{bad + 1:,} of the latest {WINDOW + bad:,} messages are unreadable, the latest because bad"
    )


def test_topics_do_not_add_up_and_zero_is_no_limit() -> None:
    limit = DeadLetterLimit(3, 0)
    assert limit.over("a", 2, {0: "x", 1: "x"}) is None
    assert limit.over("b", 2, {0: "x", 1: "x"}) is None
    assert limit.over("a", 1, {0: "no magic byte"}) == (
        "3 messages in a row are unreadable, the latest because no magic byte"
    )
    without = DeadLetterLimit(0, 0)
    assert without.over("a", 50_000, dict.fromkeys(range(50_000), "x")) is None

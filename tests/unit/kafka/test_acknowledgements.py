"""A broker that acknowledges nothing is said, and its return as well."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tributary.kafka.acknowledgements import AcknowledgementMonitor


class Clock:
    now = 0.0


def watched() -> tuple[AcknowledgementMonitor, Clock, list[str]]:
    said: list[str] = []
    clock = Clock()
    return AcknowledgementMonitor("t", said.append, lambda: clock.now), clock, said


def test_says_it_every_ten_seconds_and_once_when_it_is_over() -> None:
    watch, clock, said = watched()
    for second in range(36):
        clock.now = second
        watch.update(7, 1200)
    clock.now = 36
    watch.update(8, 1199)
    for second in range(37, 41):
        clock.now = second
        watch.update(8, 1199)

    assert said == [
        "t: the broker has acknowledged nothing for 10 s; 1,200 events wait",
        "t: the broker has acknowledged nothing for 20 s; 1,200 events wait",
        "t: the broker has acknowledged nothing for 30 s; 1,200 events wait",
        "t: the broker acknowledges events again, after 36 s",
    ]


def test_nothing_to_acknowledge_is_no_silence() -> None:
    watch, clock, said = watched()
    for second in range(100):
        clock.now = second
        watch.update(5, 0)
    watch.update(5, 1)
    clock.now += 9
    watch.update(5, 1)

    assert said == []


def test_a_queue_that_failed_is_not_a_broker_that_is_back() -> None:
    watch, clock, said = watched()
    watch.update(5, 3)
    clock.now = 11
    watch.update(5, 3)
    clock.now = 12
    watch.update(5, 0)

    assert said == ["t: the broker has acknowledged nothing for 11 s; 3 events wait"]


@given(st.lists(st.tuples(st.floats(0, 3), st.booleans(), st.booleans()), max_size=200))
def test_no_silence_of_eleven_seconds_goes_by(steps: list[tuple[float, bool, bool]]) -> None:
    """Against a plain account: when the last acknowledgement or line was, looked at every three seconds or oftener."""
    watch, clock, said = watched()
    acknowledged, quiet_since = 0, 0.0
    watch.update(acknowledged, 1)
    for seconds, more, idle in steps:
        clock.now += seconds
        acknowledged += more
        before = len(said)
        watch.update(acknowledged, not idle)
        if more or idle or len(said) > before:
            assert more or idle or clock.now - quiet_since >= 10
            quiet_since = clock.now
        assert clock.now - quiet_since < 10

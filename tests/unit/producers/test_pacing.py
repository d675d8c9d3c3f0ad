"""When events are due."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from producers.pacing import Pace, Seat


@given(st.integers(1, 60), st.integers(0, 5000))
def test_the_seats_share_the_count_without_rest(users: int, count: int) -> None:
    limits = [Seat(number, users, 0, count).limit for number in range(users)]
    assert sum(limit or 0 for limit in limits) == count
    assert max(limits) - min(limits) <= 1  # type: ignore[operator]


def test_without_a_count_a_seat_has_no_limit() -> None:
    assert Seat(0, 3, 10, None).limit is None


@given(st.integers(1, 20), st.sampled_from([0.5, 1, 10, 200, 4096]))
def test_the_seats_take_turns_so_that_together_they_keep_the_rate(users: int, rate: float) -> None:
    times = sorted(Seat(number, users, rate, None).due_at(nth) for number in range(users) for nth in range(5))
    assert times == pytest.approx([k / rate for k in range(5 * users)])


@given(st.integers(1, 20), st.data(), st.sampled_from([0.5, 1, 8, 4096]), st.integers(0, 1000))
def test_what_is_due_has_come_to_its_time(users: int, data: st.DataObject, rate: float, nth: int) -> None:
    seat = Seat(data.draw(st.integers(0, users - 1)), users, rate, None)
    assert seat.due(seat.due_at(nth) + 0.25 / rate) == nth + 1
    assert seat.due(seat.due_at(nth) - 0.25 / rate) == nth


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_an_hour_of_the_file_takes_a_minute_at_speed_60() -> None:
    clock = Clock()
    pace = Pace(60, clock)
    start = 1_664_582_400_000
    assert pace.delay(start) == pytest.approx(0)
    assert pace.delay(start + 3_600_000) == pytest.approx(60)
    clock.now += 59
    assert pace.delay(start + 3_600_000) == pytest.approx(1)


def test_an_order_that_comes_late_waits_for_nothing() -> None:
    pace = Pace(1, Clock())
    pace.delay(100_000)
    assert pace.delay(95_000) < 0
    assert pace.delay(100_000) == pytest.approx(0)


def test_where_time_falls_back_it_counts_on_from_there() -> None:
    clock = Clock()
    pace = Pace(10, clock)
    pace.delay(10_000_000)
    clock.now += 5
    assert pace.delay(1_000_000) == pytest.approx(0)
    assert pace.delay(1_010_000) == pytest.approx(1)


def test_flat_out_waits_for_nothing() -> None:
    pace = Pace(0, Clock())
    assert pace.delay(0) == pace.delay(1 << 50) == 0

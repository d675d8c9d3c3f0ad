"""When the events of a file are due."""

from __future__ import annotations

import pytest

from producers.replay.pacing import Pace


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


def test_an_order_that_comes_late_is_due_at_once() -> None:
    pace = Pace(1, Clock())
    pace.delay(100_000)
    assert pace.delay(95_000) < 0
    assert pace.delay(100_000) == pytest.approx(0)


def test_pacing_goes_on_where_the_time_falls_back() -> None:
    clock = Clock()
    pace = Pace(10, clock)
    pace.delay(10_000_000)
    clock.now += 5
    assert pace.delay(1_000_000) == pytest.approx(0)
    assert pace.delay(1_010_000) == pytest.approx(1)


def test_speed_0_never_waits() -> None:
    pace = Pace(0, Clock())
    assert pace.delay(0) == pace.delay(1 << 50) == 0

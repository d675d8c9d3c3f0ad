"""The rate at which a count grows."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tributary.views.rate import Rate


def test_a_steady_rate() -> None:
    rate = Rate(span_s=60)
    for tick in range(400):
        rate.add(1000 + tick * 0.25, tick * 25)
    assert rate.now() == pytest.approx(100)
    assert rate.series(30) == pytest.approx([100] * 30)


def test_bursts_are_smoothed_and_silence_is_zero() -> None:
    rate = Rate()
    for tick in range(240):
        rate.add(tick * 0.25, tick // 4 * 100)
    assert rate.now() == pytest.approx(100, rel=0.4)
    for tick in range(240, 280):
        rate.add(tick * 0.25, 5900)
    assert rate.now() == 0


def test_nothing_known_and_counting_again() -> None:
    rate = Rate()
    assert rate.now() == 0
    assert rate.series(3) == [0, 0, 0]
    rate.add(1, 1000)
    assert rate.now() == 0
    rate.add(2, 10)
    assert rate.now() == 0
    rate.add(3, 20)
    assert rate.now() == pytest.approx(10)


@given(st.lists(st.tuples(st.floats(0.01, 5), st.integers(0, 1000)), min_size=1, max_size=50), st.integers(1, 100))
def test_rates_lie_between_the_slowest_and_the_fastest(steps: list[tuple[float, int]], points: int) -> None:
    rate, at, count = Rate(), 0.0, 0
    rate.add(at, count)
    for seconds, grown in steps:
        at, count = at + seconds, count + grown
        rate.add(at, count)
    fastest = max(grown / seconds for seconds, grown in steps)
    series = rate.series(points)
    assert len(series) == points
    assert all(-1e-6 <= one <= fastest * (1 + 1e-6) + 1e-6 for one in series)

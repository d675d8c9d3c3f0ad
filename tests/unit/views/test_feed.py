"""Figures are read while the store comes and goes, and reading them takes no more than its share."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumers import feed as feeds
from consumers.analytics.queries import Figures, Reader
from consumers.feed import Feed
from consumers.rate import Rate
from tests.support.figures.stores import Writer
from tributary.settings import Settings


def wait_for_events(feed: Feed, events: int | None) -> None:
    """Wait until the feed shows so many events, or no store."""
    deadline = time.monotonic() + 30
    while (feed.latest.figures.events if feed.latest else None) != events:
        assert time.monotonic() < deadline, feed.latest
        time.sleep(0.01)


def test_the_store_may_come_later_grow_and_be_made_anew(tmp_path: Path) -> None:
    path = tmp_path / "analytics.sqlite"
    with Feed(Settings(store_path=path), products=3) as feed:
        wait_for_events(feed, None)
        writer = Writer(path)
        wait_for_events(feed, 0)
        writer.write(10)
        writer.write(10)
        expected = Reader(path)
        wait_for_events(feed, expected.figures(30).events)
        assert feed.latest is not None
        assert feed.latest.figures == expected.figures(30)
        assert feed.latest.products == expected.top_products(3)
        assert sum(feed.latest.offsets.values()) == feed.latest.figures.events
        writer.store.close()
        expected.close()
        for file in tmp_path.iterdir():
            file.unlink()
        wait_for_events(feed, None)
        Writer(path).write(1)
        wait_for_events(feed, Reader(path).figures(30).events)


@pytest.mark.parametrize("query_s", [0.001, 0.1, 2.0])
def test_queries_take_a_tenth_of_the_time_at_most(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, query_s: float
) -> None:
    class Clock:
        now = 0.0
        querying = 0.0

        def monotonic(self) -> float:
            return self.now

    clock = Clock()
    read = Reader.figures

    def slow(reader: Reader, minutes: float) -> Figures:
        clock.now += query_s
        clock.querying += query_s
        return read(reader, minutes)

    path = tmp_path / "analytics.sqlite"
    Writer(path)
    monkeypatch.setattr(feeds, "time", clock)
    monkeypatch.setattr(Reader, "figures", slow)
    feed = Feed(Settings(store_path=path), products=1)
    while clock.now < 200:
        feed._read()
        clock.now += 0.25
    assert 0 < clock.querying <= 0.1 * clock.now + query_s
    # And no less often than that allows.
    assert clock.querying >= min(0.08, query_s / 0.26) * clock.now - query_s


def test_the_count_has_everything_in_it(tmp_path: Path) -> None:
    path = tmp_path / "analytics.sqlite"
    writer = Writer(path)
    reader = Reader(path)
    assert reader.counted() == 0
    writer.write(50, {"purchases": 2, "user-events": 1})
    assert reader.counted() == reader.figures(30).events + 3


# ---- rates -------------------------------------------------------------------------------------------


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


def test_nothing_known_and_counting_anew() -> None:
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

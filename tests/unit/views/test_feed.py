"""Figures are read while the store comes and goes, and reading them takes no more than its share."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from consumers.analytics.arrangement import ARRANGEMENT
from consumers.analytics.queries import Figures, Reader
from tests.support.figures.stores import Writer
from tributary.settings import Settings
from tributary.views import feed as feeds
from tributary.views.feed import Feed


def wait_for_events(feed: Feed[Figures], events: int | None) -> None:
    """Wait until the feed shows this number of events, or no store."""
    deadline = time.monotonic() + 30
    while (feed.latest.figures.events if feed.latest else None) != events:
        assert time.monotonic() < deadline, feed.latest
        time.sleep(0.01)


def test_the_store_may_come_later_grow_and_be_replaced(tmp_path: Path) -> None:
    path = tmp_path / "analytics.sqlite"
    with Feed(ARRANGEMENT, Settings(store_path=path)) as feed:
        wait_for_events(feed, None)
        writer = Writer(path)
        wait_for_events(feed, 0)
        writer.write(10)
        writer.write(10)
        expected = Reader(path)
        wait_for_events(feed, expected.figures(30).events)
        assert feed.latest is not None
        assert feed.latest.figures == expected.figures(30)
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
    feed = Feed(ARRANGEMENT, Settings(store_path=path))
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

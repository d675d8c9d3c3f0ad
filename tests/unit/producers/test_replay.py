"""A replay that is told to stop stops, whatever the file has next."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from producers.replay.clickstream import Clickstream
from producers.replay.events import Router
from producers.replay.pacing import Pace
from producers.replay.rejects import Rejects
from producers.replay.replay import Replay
from producers.replay.reporter import reporter


@pytest.mark.parametrize("speed", [0, 1])
def test_a_stop_is_heard_in_a_file_without_a_good_row(tmp_path: Path, speed: float) -> None:
    path = tmp_path / "clicks.csv"
    path.write_text("event_time,event_type,product_id,price,user_id,user_session\n" + "x,y\n" * 60_000)
    source, stop = Clickstream(path), threading.Event()
    rejects = Rejects(tmp_path / "rejects.csv", path, source.heading, lambda _: None)
    stop.set()
    with reporter(source.size) as report:
        replay = Replay(source, Router("USD"), {}, rejects, Pace(speed), report, stop)
        replay.run()
    assert replay.rows == rejects.count < 60_000

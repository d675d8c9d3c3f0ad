"""What the web server answers: the page, the figures, the stream and the metrics."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from consumers.analytics.arrangement import ARRANGEMENT
from consumers.analytics.queries import Figures, Reader
from tests.support.figures.stores import Writer
from tests.support.paths import ROOT
from tributary.currency import major
from tributary.figures.store.members import LIVE_MS, MemberHeartbeat
from tributary.settings import Settings
from tributary.views import prometheus
from tributary.views.feed import Feed, Snapshot
from tributary.views.web.api import to_json
from tributary.views.web.app import create_app
from tributary.views.web.metrics import all_metrics

URL = "http://127.0.0.1:8090"


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("store") / "analytics.sqlite"
    Writer(path).write(300, {"user-events": 3})
    return path


@pytest.fixture(scope="module")
def figures(store: Path) -> Figures:
    return Reader(store).figures(30)


@pytest.fixture
def client(store: Path) -> Iterator[TestClient]:
    """A client of a server whose streams end after what is due at once."""
    asked = iter([False])
    feed = Feed(ARRANGEMENT, Settings(store_path=store))
    feed._read()
    yield TestClient(create_app(ARRANGEMENT, feed, stopping=lambda: next(asked, True)), base_url=URL)
    feed._close()


@pytest.fixture
def empty(tmp_path: Path) -> TestClient:
    """A client of a server that has no store yet."""
    asked = iter([False])
    feed = Feed(ARRANGEMENT, Settings(store_path=tmp_path / "none"))
    app = create_app(ARRANGEMENT, feed, lambda: next(asked, True))
    return TestClient(app, base_url=URL)


def samples(text: str) -> dict[str, float]:
    """Prometheus samples: name with labels → value. Every line must be one of the format's."""
    found = {}
    for line in text.splitlines():
        if re.fullmatch(r"# (HELP|TYPE) [a-z_]+ .+", line):
            continue
        match = re.fullmatch(r'([a-z_]+(?:\{(?:[a-z]+="(?:[^"\\\n]|\\["\\n])*",?)+\})?) (\S+)', line)
        assert match, line
        assert match[1] not in found
        found[match[1]] = float(match[2])
    return found


def test_the_figures(client: TestClient, figures: Figures) -> None:
    answer = client.get("/api/figures").json()
    assert answer["store"] is True
    assert answer["events"] == figures.events
    assert answer["by_type"] == figures.by_type
    assert answer["by_segment"] == figures.by_segment
    assert answer["by_region"] == figures.by_region
    assert answer["sessions"]["purchased"] == figures.sessions.purchased
    assert answer["abandoned_carts"]["count"] == figures.abandoned_carts.count
    assert answer["dead_letters"] == {"user-events": 3}
    revenue = {currency: amount.replace(",", "") for currency, amount in answer["revenue"].items()}
    assert revenue == {currency: str(major(minor, currency)) for currency, minor in figures.revenue_minor.items()}
    assert [(p["id"], p["by_type"]) for p in answer["products"]] == list(figures.top_products)[:12]
    assert sum(offset for topic in answer["offsets"].values() for offset in topic.values()) == figures.events
    assert len(answer["rates"]) == 60


def test_the_stream_has_the_same_figures(client: TestClient) -> None:
    answer = client.get("/api/stream")
    assert answer.headers["content-type"].startswith("text/event-stream")
    (event,) = answer.text.split("\n\n")[:-1]
    assert event.startswith("data: ")
    streamed, fetched = json.loads(event.removeprefix("data: ")), client.get("/api/figures").json()
    assert streamed | {"age_s": 0} == fetched | {"age_s": 0}


def test_the_metrics(client: TestClient, figures: Figures) -> None:
    answer = client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    found = samples(answer.text)
    assert found["tributary_store_up"] == 1
    for name, count in figures.by_type.items():
        assert found[f'tributary_events_total{{type="{name}"}}'] == count
    assert found['tributary_dead_letters_total{topic="user-events"}'] == 3
    assert found["tributary_duplicate_purchases_total"] == figures.duplicate_purchases
    for currency, minor in figures.revenue_minor.items():
        assert found[f'tributary_revenue_total{{currency="{currency}"}}'] == minor / 100
    assert figures.watermark_ms is not None
    assert found["tributary_watermark_timestamp_seconds"] == figures.watermark_ms / 1000
    offset = found['tributary_next_offset{topic="product-events",partition="0"}']
    assert offset == figures.by_type["view"]


def test_labels_are_escaped(figures: Figures) -> None:
    text = prometheus.text(all_metrics(ARRANGEMENT, Snapshot(figures, {('a"b\\c\nd', 0): 5}, [], at=0.0)))
    assert samples(text)['tributary_next_offset{topic="a\\"b\\\\c\\nd",partition="0"}'] == 5


def test_without_a_store(empty: TestClient) -> None:
    assert empty.get("/api/figures").json() == {"store": False}
    assert empty.get("/api/stream").text == 'data: {"store": false}\n\n'
    assert samples(empty.get("/metrics").text) == {"tributary_store_up": 0}
    assert empty.get("/healthz").json() == {"status": "ok", "store": False}
    assert empty.get("/").status_code == 200


def test_healthy(client: TestClient) -> None:
    assert client.get("/healthz").json() == {"status": "ok", "store": True}


def test_the_page_is_whole_and_runs_nothing_else(client: TestClient) -> None:
    answer = client.get("/")
    page, policy = answer.text, answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    for tag in ("style", "script"):
        (inside,) = re.findall(rf"<{tag}>(.*?)</{tag}>", page, re.DOTALL)
        assert len(inside) > 1000
        digest = base64.b64encode(hashlib.sha256(inside.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy
    # The only addresses in it are names of XML vocabularies.
    assert set(re.findall(r"https?://[^'\" ]+", page)) == {"http://www.w3.org/2000/svg"}
    assert not re.search(r"<(script|link|img)[^>]+(src|href)=\"(?!data:)", page)


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_stopped_while_somebody_watches(store: Path, stop: signal.Signals) -> None:
    command = [sys.executable, "-m", "consumers.web", "--port", "0"]
    environment = {**os.environ, "STORE_PATH": str(store)}
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT, env=environment)
    try:
        assert server.stdout is not None
        url = server.stdout.readline().split()[0]
        with urllib.request.urlopen(f"{url}/api/stream", timeout=30) as stream:
            assert stream.readline().startswith(b"data: ")
            server.send_signal(stop)
            assert server.wait(30) == 0
    finally:
        server.kill()
        server.wait()


def test_a_port_in_use() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        command = [sys.executable, "-m", "consumers.web", "--port", port]
        done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=60)
    assert done.returncode == 1
    assert f"cannot listen on 127.0.0.1:{port}: Address already in use; choose" in done.stderr
    assert "Traceback" not in done.stderr


def test_what_members_wait_for_and_refuse_is_shown(tmp_path: Path) -> None:
    path = tmp_path / "analytics.sqlite"
    Writer(path).write(10)
    waiting, refusing = MemberHeartbeat(path, "shop-1"), MemberHeartbeat(path, "shop-2")
    waiting.note("the broker: gone", {})
    refusing.note("", {"purchases": "500 messages in a row are unreadable"})
    feed = Feed(ARRANGEMENT, Settings(store_path=path))
    feed._read()
    assert feed.latest is not None
    assert to_json(ARRANGEMENT, feed.latest, feed.rate)["members"] == [
        {"client_id": "shop-1", "waiting_for": "the broker: gone", "refused": {}},
        {"client_id": "shop-2", "waiting_for": "", "refused": {"purchases": "500 messages in a row are unreadable"}},
    ]
    shown = prometheus.text(all_metrics(ARRANGEMENT, feed.latest))
    assert 'tributary_member_waiting{member="shop-1"} 1\n' in shown
    assert 'tributary_member_waiting{member="shop-2"} 0\n' in shown
    assert 'tributary_topic_refused{member="shop-2",topic="purchases"} 1\n' in shown
    waiting.close()
    with sqlite3.connect(path) as db:  # a member that was killed says nothing any more
        db.execute("UPDATE members SET seen_ms = seen_ms - ?", (LIVE_MS,))
    assert Reader(path).members() == []
    refusing.close()

"""Producers end on a signal or when their parent is killed, whatever hangs."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import attrs
import psutil
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient, NewTopic

from producers.__main__ import SHARES
from tests.support.kafka import running
from tests.support.paths import ROOT
from tributary import catalog
from tributary.settings import Settings
from tributary.stack.local import LocalStack

WITHIN_S = 11
"""Ten seconds, and one more for a busy machine."""


def start(settings: Settings, module: str, *options: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", module, *map(str, options)],
        env=running.environment(settings),
        cwd=ROOT,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def first_events(settings: Settings) -> None:
    for topic in catalog.load(settings).topics:
        running.await_first(settings, topic.name)


@contextmanager
def frozen_broker(settings: Settings) -> Iterator[None]:
    process = LocalStack(settings).broker.daemon.process
    assert process is not None
    process.suspend()
    try:
        yield
    finally:
        process.resume()
        await_changes(settings)


def await_changes(settings: Settings) -> None:
    """Wait until the broker accepts changes: its session with the controller ended while it was frozen.

    It may report a controller for a while although it has none, so only a change shows that it has one.
    """
    deadline = time.monotonic() + 90
    while True:
        # A new client each time: one that found no controller retries only after a long time.
        admin = AdminClient(settings.kafka_client({"socket.timeout.ms": 5000}))
        topic = f"probe-{time.monotonic_ns()}"
        try:
            admin.create_topics([NewTopic(topic, 1)])[topic].result()
            admin.delete_topics([topic])[topic].result()
            return
        except KafkaException:
            assert time.monotonic() < deadline


def ends_in_time(process: subprocess.Popen[str]) -> tuple[str, str]:
    """Send SIGTERM. Returns the output."""
    began = time.monotonic()
    process.send_signal(signal.SIGTERM)
    try:
        out, err = process.communicate(timeout=60)
    finally:
        process.kill()
    assert time.monotonic() - began < WITHIN_S, err
    assert "Traceback" not in err
    return out, err


def test_no_producer_sends_after_kill_9_of_the_parent(registered: Settings) -> None:
    process = start(registered, "producers", "--rate", 500)
    first_events(registered)
    producers = psutil.Process(process.pid).children()
    assert len(producers) == len(SHARES)

    process.kill()
    process.wait()

    _, alive = psutil.wait_procs(producers, WITHIN_S)
    assert not alive


def test_sigterm_ends_all_three_though_the_broker_hangs(registered: Settings) -> None:
    process = start(registered, "producers", "--rate", 2000, "--json")
    first_events(registered)
    producers = psutil.Process(process.pid).children()
    with frozen_broker(registered):
        lines: list[str] = []
        assert process.stderr is not None
        for line in process.stderr:  # each reports a silence of ten seconds
            lines.append(line)
            if sum("the broker has acknowledged nothing for 1" in line for line in lines) == len(SHARES):
                break
        out, err = ends_in_time(process)
        assert not any(producer.is_running() for producer in producers)

    assert process.returncode == 1
    assert err.count("Still busy 9 s after the signal to stop; ended by force.") == len(SHARES)
    summaries = [json.loads(line) for line in out.splitlines()]
    assert len(summaries) == len(SHARES)
    assert all(0 < each["acknowledged"] < each["sent"] for each in summaries)
    assert all(f"stopping; {each['sent'] - each['acknowledged']:,} events wait" in err for each in summaries)


def test_a_replay_ends_though_the_broker_hangs(registered: Settings, tmp_path: Path) -> None:
    sample = ROOT / "data" / "clickstream-sample.csv"
    process = start(registered, "producers.replay", sample, "--speed", 60, "--rejects", tmp_path / "rejects.csv")
    running.await_first(registered, catalog.load(registered).topics[0].name)
    with frozen_broker(registered):
        time.sleep(3)  # some events fall due
        out, err = ends_in_time(process)

    assert process.returncode == 1
    assert "wait for the broker" in out
    assert "ended by force" in err


def test_a_registry_that_never_answers_does_not_prevent_the_end() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        asked = threading.Event()

        def accept() -> None:
            while True:
                try:
                    held.append(server.accept())
                except OSError:
                    return
                asked.set()

        held: list[object] = []
        threading.Thread(target=accept, daemon=True).start()
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
        process = start(attrs.evolve(Settings(), registry_url=url), "producers")
        assert asked.wait(30)

        ends_in_time(process)

    assert process.returncode == 1

"""Background processes: recognised, stopped, explained; on small programs instead of Kafka."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.support.paths import ROOT
from tributary.stack import ports
from tributary.stack.errors import StackError
from tributary.stack.processes import Daemon, holder_of

SLEEP = [sys.executable, "-c", "import time; print('up', flush=True); time.sleep(600)"]
STUBBORN = [
    sys.executable,
    "-c",
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(600)",
]


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Daemon]:
    daemon = Daemon("Sleeper", tmp_path / "sleeper")
    yield daemon
    daemon.kill()


def start(daemon: Daemon, command: list[str]) -> None:
    daemon.start(command, cwd=daemon.directory.parent)
    daemon.wait_until(lambda: b"up" in daemon.log.read_bytes(), 30, print)


def test_starts_and_stops(daemon: Daemon) -> None:
    assert daemon.pid is None

    start(daemon, SLEEP)

    pid = daemon.pid
    assert pid is not None
    assert Daemon("another look", daemon.directory).pid == pid
    assert daemon.stop(30) is True
    assert not psutil.pid_exists(pid)
    assert daemon.pid is None
    assert daemon.stop(30) is False


def test_outlives_an_interrupt_in_the_terminal(daemon: Daemon) -> None:
    start(daemon, SLEEP)

    assert daemon.pid is not None
    assert os.getpgid(daemon.pid) != os.getpgid(0)


def test_kills_what_does_not_stop(daemon: Daemon) -> None:
    start(daemon, STUBBORN)
    pid = daemon.pid
    assert pid is not None

    assert daemon.stop(0.2) is True

    assert not psutil.pid_exists(pid)


def test_stops_the_child_of_a_program_that_never_waits_for_it(daemon: Daemon) -> None:
    """The test session starts a broker that a command in another process stops."""
    start(daemon, SLEEP)
    program = (
        "import sys, pathlib; from tributary.stack.processes import Daemon; "
        "print(Daemon('x', pathlib.Path(sys.argv[1])).stop(0))"
    )

    stopped = subprocess.run(
        [sys.executable, "-c", program, daemon.directory], cwd=ROOT, capture_output=True, text=True, timeout=60
    )

    assert stopped.stdout == "True\n", stopped.stderr
    assert daemon.pid is None


def test_a_killed_process_is_not_running(daemon: Daemon) -> None:
    start(daemon, SLEEP)
    process = daemon.process
    assert process is not None

    process.kill()
    process.wait(30)

    assert daemon.pid is None
    start(daemon, SLEEP)
    assert daemon.pid is not None


def test_a_pid_given_to_another_program_is_not_ours(daemon: Daemon) -> None:
    """The pid file survives a restart of the machine; the pid in it may be anybody's, here this test's own."""
    daemon.directory.mkdir()
    daemon.pid_file.write_text(json.dumps({"pid": os.getpid(), "command": SLEEP}), encoding="utf-8")

    assert daemon.pid is None
    assert daemon.stop(30) is False
    assert daemon.kill() is False
    assert not daemon.pid_file.exists()


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"pid": 99999999, "command": []}'])
def test_a_damaged_pid_file_is_nobody(daemon: Daemon, content: str) -> None:
    daemon.directory.mkdir()
    daemon.pid_file.write_text(content, encoding="utf-8")

    assert daemon.pid is None


def test_a_start_that_fails_shows_the_last_words(daemon: Daemon) -> None:
    lines = "; ".join(f"print('line {n}')" for n in range(40))
    daemon.start(
        [sys.executable, "-u", "-c", f"{lines}; raise SystemExit('no such luck')"], cwd=daemon.directory.parent
    )

    with pytest.raises(StackError, match="Sleeper ended during its start") as caught:
        daemon.wait_until(lambda: False, 30, print)

    assert "no such luck" in str(caught.value)
    assert "line 30" in str(caught.value)
    assert "line 3\n" not in str(caught.value)
    assert str(daemon.log) in str(caught.value)


def test_a_start_that_does_nothing_is_ended(daemon: Daemon) -> None:
    start(daemon, SLEEP)
    pid = daemon.pid
    assert pid is not None

    with pytest.raises(StackError, match="had written nothing to its log for 1 s, and was stopped"):
        daemon.wait_until(lambda: False, 1, print)

    assert not psutil.pid_exists(pid)


SLOW = """
import time
for n in range(12):
    print(f"recovering partition {n}", flush=True)
    time.sleep(0.25)
print("ready", flush=True)
time.sleep(600)
"""


def test_a_start_that_gets_on_is_waited_for_and_said(daemon: Daemon, monkeypatch: pytest.MonkeyPatch) -> None:
    """Twelve steps that take three times the patience."""
    monkeypatch.setattr("tributary.stack.processes._SAY_EVERY_S", 0.5)
    said: list[str] = []
    daemon.start([sys.executable, "-c", SLOW], cwd=daemon.directory.parent)

    daemon.wait_until(lambda: b"ready" in daemon.log.read_bytes(), 1.0, said.append)

    assert len(said) >= 3
    assert all("the last line of its log: recovering partition " in line for line in said[1:])


def test_a_start_that_stops_getting_on_is_given_up(daemon: Daemon) -> None:
    daemon.start([sys.executable, "-c", SLOW], cwd=daemon.directory.parent)

    with pytest.raises(StackError, match=r"not ready after [4-9] s") as caught:
        daemon.wait_until(lambda: False, 1.5, print)

    assert "recovering partition 11" in str(caught.value)
    assert daemon.pid is None


def test_keeps_the_log_of_the_run_before(daemon: Daemon) -> None:
    for _ in range(2):
        start(daemon, SLEEP)
        daemon.stop(30)

    assert daemon.log.read_text() == daemon.log.with_suffix(".log.1").read_text() == "up\n"


def test_names_the_process_that_holds_a_port(tmp_path: Path) -> None:
    program = (
        "import socket; s = socket.create_server(('127.0.0.1', 0)); print(s.getsockname()[1], flush=True); input()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=tmp_path
    ) as holder:
        assert holder.stdout is not None
        port = int(holder.stdout.readline())

        named = holder_of(port)
        free = ports.is_free(port)

        holder.communicate("\n")

    assert f"pid {holder.pid} (" in named
    assert not free
    assert ports.is_free(port)


def test_says_how_to_find_a_holder_that_the_system_hides() -> None:
    port = ports.free()

    assert f"lsof -nP -iTCP:{port}" in holder_of(port)


def test_a_port_that_is_bound_but_does_not_answer_is_taken() -> None:
    with socket.socket() as holder:
        holder.bind((ports.LOOPBACK, 0))

        assert not ports.is_free(holder.getsockname()[1])


def test_a_server_on_all_addresses_holds_the_port() -> None:
    with socket.create_server(("0.0.0.0", 0)) as server:
        assert not ports.is_free(server.getsockname()[1])

"""The program that runs the three producers, on small programs in their place."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from producers import __main__ as three

OBEYS = "import signal, sys, time; print('up', flush=True); time.sleep(600)"
FROZEN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(600)"


def start(program: str) -> subprocess.Popen[bytes]:
    process = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"up\n"
    process.stdout.close()
    return process


def test_one_that_does_not_end_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(three, "_KILLED_AFTER_S", 0.5)
    producers = [start(OBEYS), start(FROZEN), start(OBEYS)]

    assert three._await(producers, [signal.SIGTERM]) == 1
    assert [each.returncode for each in producers] == [-signal.SIGTERM, -signal.SIGKILL, -signal.SIGTERM]


def test_a_signal_that_came_while_they_were_started_reaches_all_of_them() -> None:
    producers = [start(OBEYS) for _ in range(3)]

    assert three._await(producers, [signal.SIGTERM]) == 1
    assert {each.returncode for each in producers} == {-signal.SIGTERM}

"""Stopping: in order, and by force when the work hangs; in processes of their own."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.paths import ROOT

START = """
import signal, sqlite3, sys, threading, time
from tributary import signals
signals.STOP_WITHIN_S = 0.5
"""
HANGS = {
    "in a loop": "while True: time.sleep(0.01)",
    "in a lock": "lock = threading.Lock(); lock.acquire(); lock.acquire()",
    # The main thread is in C code and runs no signal handler, as with a locked store.
    "in SQLite": "other = sqlite3.connect(path, timeout=600); other.execute('BEGIN IMMEDIATE')",
    "in a finally": "try:\n        while not stop.wait(1): pass\n    finally:\n        time.sleep(600)",
}

Program = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def program(tmp_path: Path) -> Program:
    def start(body: str, **options: bool) -> subprocess.Popen[str]:
        text = f"{START}\npath = {str(tmp_path / 'store')!r}\n"
        text += "holder = sqlite3.connect(path); holder.execute('BEGIN IMMEDIATE')\n"
        text += f"with signals.stop_signal(**{options!r}) as stop:\n    print('up', flush=True)\n    {body}\n"
        text += "print('ended', flush=True)\n"
        process = subprocess.Popen(
            [sys.executable, "-c", text], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        assert process.stdout.readline() == "up\n"
        return process

    return start


@pytest.mark.parametrize("hang", HANGS.values(), ids=HANGS.keys())
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_ends_whatever_hangs(program: Program, hang: str, number: signal.Signals) -> None:
    process = program(hang)
    process.send_signal(number)
    out, err = process.communicate(timeout=60)

    assert process.returncode == 1
    assert out == ""
    assert err == "Still busy 0.5 s after the signal to stop; ended by force.\n"


def test_what_ends_in_order_is_left_alone(program: Program) -> None:
    process = program("stop.wait(); time.sleep(0.1)\ntime.sleep(1)")
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=60)

    assert (process.returncode, out, err) == (0, "ended\n", "")


def test_ctrl_c_may_have_no_deadline(program: Program) -> None:
    process = program("stop.wait(); time.sleep(1.5)", ctrl_c_has_a_deadline=False)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)

    assert (process.returncode, out, err) == (0, "ended\n", "")


def test_sigterm_has_a_deadline_even_after_a_patient_ctrl_c(program: Program) -> None:
    process = program(HANGS["in SQLite"], ctrl_c_has_a_deadline=False)
    process.send_signal(signal.SIGINT)
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(1.5)
    process.send_signal(signal.SIGTERM)

    assert process.wait(60) == 1


def test_last_acts_come_first_and_cannot_hinder(program: Program) -> None:
    acts = "[lambda: time.sleep(600), lambda: 1 / 0, lambda: print('terminal restored', flush=True)]"
    process = program(f"stop.before_forced_exit += {acts}; {HANGS['in SQLite']}")
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=60)

    assert process.returncode == 1
    assert out == "terminal restored\n"
    assert "ended by force" in err


def test_a_second_signal_interrupts(program: Program) -> None:
    process = program("stop.wait(); print('asked', flush=True); time.sleep(600)")
    process.send_signal(signal.SIGTERM)
    assert process.stdout is not None
    assert process.stdout.readline() == "asked\n"
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)

    assert process.returncode == -signal.SIGINT
    assert "KeyboardInterrupt" in err

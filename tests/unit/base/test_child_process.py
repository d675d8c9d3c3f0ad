"""Children end with their parent, whatever ends it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.support.paths import ROOT
from tributary import child_process

CHILD = """
import signal, sys, time
def stop(*_):
    open(sys.argv[1], "w").write("stopped in order")
    sys.exit(3)
signal.signal(signal.SIGTERM, stop)
print("up", *sys.argv[1:], flush=True)
time.sleep(600)
"""
PARENT = """
import os, subprocess, sys
from tributary import child_process
sys.exit(subprocess.run(child_process.command("child", sys.argv[1])).returncode)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "child.py").write_text(CHILD)
    return tmp_path


@pytest.fixture
def parent(folder: Path) -> Iterator[subprocess.Popen[str]]:
    environment = os.environ | {"PYTHONPATH": f"{ROOT}{os.pathsep}{folder}"}
    command = [sys.executable, "-c", PARENT, str(folder / "end")]
    with subprocess.Popen(command, env=environment, cwd=folder, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == f"up {folder / 'end'}\n"
        yield process
        process.kill()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_child_stops_in_order_when_its_parent_dies(
    parent: subprocess.Popen[str], folder: Path, number: signal.Signals
) -> None:
    [child] = psutil.Process(parent.pid).children()
    parent.send_signal(number)
    parent.wait(30)

    _, alive = psutil.wait_procs([child], 30)
    assert not alive
    assert (folder / "end").read_text() == "stopped in order"


def test_a_child_lives_as_long_as_its_parent(parent: subprocess.Popen[str], folder: Path) -> None:
    [child] = psutil.Process(parent.pid).children()
    time.sleep(1.5)
    assert child.is_running()
    assert not (folder / "end").exists()

    child.terminate()

    assert parent.wait(30) == 3, "its exit code is that of the module"


def test_a_child_whose_parent_is_gone_already_ends(folder: Path) -> None:
    with subprocess.Popen(["true"]) as gone:
        gone.wait()
    words = child_process.command("child", str(folder / "end"))
    words[words.index(str(os.getpid()))] = str(gone.pid)

    ended = subprocess.run(words, cwd=ROOT, env=os.environ | {"PYTHONPATH": str(folder)}, timeout=30, check=False)

    assert ended.returncode in (3, -signal.SIGTERM)


def test_make_hands_over_its_own_pid(tmp_path: Path) -> None:
    """The recipe's program must be make's own child: `$$PPID` is then its parent."""
    text = (ROOT / "Makefile").read_text()
    [run] = [line for line in text.splitlines() if line.startswith("RUN := ")]
    (tmp_path / "child.py").write_text(CHILD)
    makefile = tmp_path / "Makefile"
    makefile.write_text(f"SHELL := /bin/bash\nBIN := {Path(sys.executable).parent}\n{run}\nall:\n\t@$(RUN) child end\n")
    environment = os.environ | {"PYTHONPATH": f"{ROOT}{os.pathsep}{tmp_path}"}
    for name in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS"):  # of the make that runs the tests
        environment.pop(name, None)
    with subprocess.Popen(["make"], cwd=tmp_path, env=environment, stdout=subprocess.PIPE, text=True) as make:
        assert make.stdout is not None
        assert make.stdout.readline() == "up end\n"
        [child] = psutil.Process(make.pid).children()
        time.sleep(1)
        assert child.is_running()
        make.kill()
        make.wait(30)
        _, alive = psutil.wait_procs([child], 30)
    assert not alive
    assert (tmp_path / "end").exists()

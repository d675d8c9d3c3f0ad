"""One command at a time on a stack directory."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.support.paths import ROOT
from tributary.stack.lock import exclusive

HOLD = (
    "import sys, pathlib; from tributary.stack.lock import exclusive\n"
    "with exclusive(pathlib.Path(sys.argv[1]), print):\n"
    "    print('held', flush=True); input(); print('letting go', flush=True)"
)
WAIT = (
    "import sys, pathlib; from tributary.stack.lock import exclusive\n"
    "with exclusive(pathlib.Path(sys.argv[1]), lambda text: print(text, flush=True)) as path:\n"
    "    print('held', path.exists(), flush=True)"
)


def run(program: str, directory: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", program, str(directory)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )


def line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def test_the_second_waits_for_the_first_and_says_for_whom(tmp_path: Path) -> None:
    with run(HOLD, tmp_path) as first:
        assert line(first) == "held"
        with run(WAIT, tmp_path) as second:
            assert line(second) == f"Waiting for another command on this stack to end (pid {first.pid})."
            assert second.poll() is None
            first.communicate("\n")
            assert line(second) == "held True"


def test_the_lock_of_a_killed_command_is_free(tmp_path: Path) -> None:
    with run(HOLD, tmp_path) as killed:
        assert line(killed) == "held"
        killed.kill()

    said: list[str] = []
    with exclusive(tmp_path, said.append):
        assert said == []


def test_a_lock_deleted_while_waiting_is_taken_anew(tmp_path: Path) -> None:
    """`clean` deletes the file that it holds; who waited for it must not believe to hold the new one."""
    directory = tmp_path / "stack"
    with exclusive(directory, print) as path:
        waiting = run(WAIT, directory)
        assert line(waiting).startswith("Waiting")
        path.unlink()
        directory.rmdir()
    with waiting:
        assert line(waiting) == "held True"

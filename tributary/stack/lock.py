"""One command at a time on one stack directory."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def exclusive(directory: Path, say: Callable[[str], None]) -> Iterator[Path]:
    """Hold the directory's lock; prints a line if it must wait for another command. Yields the lock file's path.

    The lock is the system's (flock), not the file: it is released when the process that holds it ends, however that
    happens, so a file left behind locks nothing.
    """
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / "lock"
    while True:
        with path.open("a+", encoding="utf-8") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                file.seek(0)
                say(f"Waiting for another command on this stack to end (pid {file.read().strip() or 'unknown'}).")
                fcntl.flock(file, fcntl.LOCK_EX)
            if not _is_at(path, file.fileno()):
                # `clean` deleted the file during the wait: this lock is on a file that no other process can open.
                directory.mkdir(parents=True, exist_ok=True)
                continue
            file.truncate(0)
            file.write(str(os.getpid()))
            file.flush()
            yield path
            return


def _is_at(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False

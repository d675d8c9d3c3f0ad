"""The store's file: opened, locked for one transaction at a time, and checked for being deleted or replaced."""

from __future__ import annotations

import os
import sqlite3
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tributary.figures import exact
from tributary.figures.declaration import Declaration
from tributary.figures.store import errors, layout
from tributary.figures.store.errors import Result, StoreError, retry
from tributary.signals import Waiting

FileId = tuple[int, int] | None
"""Device and inode; None where there is no file."""


class Database:
    """One connection, for one thread at a time."""

    def __init__(self, path: Path, declaration: Declaration, waiting: Waiting) -> None:
        """Open the file; create or migrate it where needed. Waits out transient errors. Raises StoreError."""
        self._path = path
        self._declaration = declaration
        self._waiting = waiting
        self._paths = [path.with_name(path.name + suffix) for suffix in ("", "-wal", "-shm")]
        self.connection, self._files = retry(path, waiting, self._open)

    def close(self) -> None:
        """Close the connection."""
        self.connection.close()

    def transact(self, work: Callable[[], Result]) -> Result:
        """Do the work in one transaction, and all of it again after a transient error. Raises StoreError.

        An error of COMMIT itself may hide that all was written, so the work must find that out from the tables.
        """
        return retry(self._path, self._wait, lambda: self._attempt(work))

    def check(self) -> None:
        """Raise StoreError if the file at the path is no longer the one that was opened; takes microseconds.

        SQLite would not notice, and continue to write to a file that no process can open.
        """
        if list(map(file_id, self._paths)) != self._files:
            raise StoreError(
                f"the store {self._path} was deleted or replaced while it was in use; what was written to it last may "
                "be lost. Start again: what the file at this path does not include is counted again"
            )

    def _open(self) -> tuple[sqlite3.Connection, list[FileId]]:
        """A connection, and the database, its log and the log's index.

        While a connection is open, SQLite creates none of these files again.
        """
        self._path.parent.mkdir(parents=True, exist_ok=True)
        _check_access(self._path)
        db = sqlite3.connect(self._path, timeout=errors.RETRY_S, isolation_level=None, check_same_thread=False)
        try:
            opened = file_id(self._path)
            with transaction(db, "BEGIN"):
                layout.check(db, self._path)  # before anything is changed in a database of another program
            _configure(db)
            with transaction(db, "BEGIN IMMEDIATE"):
                layout.upgrade(db, layout.check(db, self._path), self._declaration)
            files = list(map(file_id, self._paths))
            if files[0] != opened:
                raise StoreError(f"the store {self._path} was deleted or replaced while it was opened. Start again")
        except BaseException:
            db.close()
            raise
        return db, files

    def _wait(self, what: str) -> None:
        self.check()
        self._waiting(what)

    def _attempt(self, work: Callable[[], Result]) -> Result:
        with transaction(self.connection, "BEGIN IMMEDIATE"):
            result = work()
            self.check()
        return result


@contextmanager
def transaction(db: sqlite3.Connection, begin: str) -> Iterator[None]:
    """One transaction: all of the block or nothing."""
    try:
        db.execute(begin)
        yield
        db.execute("COMMIT")
    except BaseException:
        # SQLite itself has rolled back after most errors, and the error that led here says more than a second one.
        with suppress(sqlite3.Error):
            db.rollback()
        raise


def _check_access(path: Path) -> None:
    """Raise OSError where SQLite would say no more than that it is unable to open the file."""
    if exists(path) and not os.access(path, os.R_OK | os.W_OK):
        raise PermissionError(0, "no permission to read and write it")
    if not os.access(path.parent, os.W_OK | os.X_OK):
        raise PermissionError(0, f"no permission to create files in {path.parent}")


def exists(path: Path) -> bool:
    """Whether there is a file. Raises OSError where there is something else, or no way to know."""
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return False
    if not stat.S_ISREG(mode):
        raise OSError(0, "not a regular file")
    return True


def _configure(db: sqlite3.Connection) -> None:
    db.create_function("exact_sum", 2, exact.add, deterministic=True)
    # In WAL mode NORMAL loses the last transactions when the machine itself goes down, never half of one; their
    # offsets are lost with them, and the messages are read again.
    # In a large store a write changes most pages of the sessions, whose ids are random. So pages are larger than the
    # usual 4 KB, which makes fewer of them, and the log may have 128 MB, so that a page that several writes change is
    # copied back once.
    for pragma in (
        "page_size = 16384",
        "journal_mode = WAL",
        "wal_autocheckpoint = 8192",
        "synchronous = NORMAL",
        "cache_size = -16384",
    ):
        db.execute(f"PRAGMA {pragma}")


def file_id(path: Path) -> FileId:
    """The file that is at a path now."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino

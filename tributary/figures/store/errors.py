"""Errors of a store: transient ones are waited out, and the others explained."""

from __future__ import annotations

import errno
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from tributary.errors import TributaryError
from tributary.signals import Waiting

RETRY_S = 1.0
"""Timeout of an attempt for a lock, and the time between two attempts."""

Result = TypeVar("Result")


class StoreError(TributaryError):
    """The store cannot be used; the message names it, the reason and what to do."""


class Fenced(Exception):
    """Another member has moved the offsets of a partition: what was read of it must not be written."""


_TRANSIENT = {
    sqlite3.SQLITE_BUSY: "another process has a transaction open",
    sqlite3.SQLITE_PROTOCOL: "other processes open and close it at the same time",
    sqlite3.SQLITE_FULL: "free space on its disk, and on that of temporary files",
    # Full disks and quotas of other kinds: the index of the log cannot grow (seen on tmpfs), a write fails with EDQUOT
    # or EFBIG, a new file has no inode left. Permanent causes are found before the file is opened.
    sqlite3.SQLITE_IOERR_SHMSIZE: "free space on its disk",
    sqlite3.SQLITE_IOERR_WRITE: "is its disk full, or a quota used up?",
    sqlite3.SQLITE_CANTOPEN: "is its disk full, or are too many files open?",
}
"""Transient errors, by SQLite's extended or primary code, and their causes.

SQLITE_LOCKED is not transient: it is a conflict within one connection. Nor is a failed fsync: the kernel may have
dropped the data before a second attempt.
"""

_REMEDIES = {
    sqlite3.SQLITE_NOTADB: "Set STORE_PATH to another file",
    sqlite3.SQLITE_CORRUPT: "Restore it from a backup, or move it and its -wal file away: then all is counted again",
    sqlite3.SQLITE_READONLY: "Give this user write permission on it and its folder, or set another STORE_PATH",
    sqlite3.SQLITE_IOERR: "Check the disk",
}
"""What to do, by SQLite's primary code."""

_TRANSIENT_ERRNO = {errno.ENOSPC, errno.EDQUOT, errno.EMFILE, errno.ENFILE}


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Convert errors of SQLite and of the system to StoreError."""
    try:
        yield
    except (OSError, sqlite3.Error) as error:
        raise _explain(path, error) from error


def retry(path: Path, waiting: Waiting, attempt: Callable[[], Result]) -> Result:
    """Make an attempt, and repeat it after a transient error, such as a lock or a full disk.

    Calls `waiting` between the attempts; an exception of `waiting` ends the wait. Raises StoreError for other errors.
    """
    while True:
        began = time.monotonic()
        with explained(path):
            try:
                return attempt()
            except (OSError, sqlite3.Error) as error:
                cause = _cause(error)
                if cause is None:
                    raise
        waiting(f"the store {path}: {cause}")
        time.sleep(max(0.0, began + RETRY_S - time.monotonic()))


def _cause(error: OSError | sqlite3.Error) -> str | None:
    """The cause of a transient error; None for any other."""
    if isinstance(error, OSError):
        return error.strerror if error.errno in _TRANSIENT_ERRNO else None
    code = _code(error)
    hint = _TRANSIENT.get(code) or _TRANSIENT.get(_primary(code))
    return None if hint is None else f"{error}; {hint}"


def _explain(path: Path, error: OSError | sqlite3.Error) -> StoreError:
    if isinstance(error, OSError):
        return StoreError(f"the store {path}: {error.strerror or error}. Set STORE_PATH to a file that can be written")
    code = _code(error)
    remedy = _REMEDIES.get(_primary(code))
    name = "" if remedy is None or _primary(code) == code else f" ({error.sqlite_errorname})"
    return StoreError(f"the store {path}: {error}{name}{'' if remedy is None else '. ' + remedy}")


def _code(error: sqlite3.Error) -> int:
    """The extended code; 0 where the module itself, and not SQLite, found the error."""
    return getattr(error, "sqlite_errorcode", 0)


def _primary(code: int) -> int:
    return code & 0xFF

"""The store is locked, full, deleted, replaced, damaged, of another layout, or interrupted during its creation."""

from __future__ import annotations

import resource
import signal
import sqlite3
import sys
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from pathlib import Path
from random import Random

from consumers.analytics.figures import FIGURES
from tests.chaos.campaign.bed import Bed, wait
from tests.chaos.campaign.faults import fault
from tests.chaos.campaign.members import Member

_KILLS = 4
_LAYOUT_2 = {"offsets", "orders", "counts", *(figure.name for figure in FIGURES)}
"""The tables of the oldest layout that is migrated."""


@fault("store", seconds=9)
def store_locked(bed: Bed, chance: Random) -> None:
    """Another process holds a transaction open."""
    db = sqlite3.connect(bed.store, isolation_level=None, timeout=10)
    with closing(db):
        db.execute("BEGIN IMMEDIATE")
        wait(chance, 1, 14)
        db.execute("ROLLBACK")


@fault("store", seconds=9)
def disk_full(bed: Bed, chance: Random) -> None:
    """The files of a member cannot grow for a while (RLIMIT_FSIZE)."""
    members = bed.group.live
    _limit_files(members, chance.choice([0, 4096, 65_536]))
    wait(chance, 2, 13)
    _limit_files(members, resource.RLIM_INFINITY)


@fault(alone=True, seconds=12)
def store_deleted(bed: Bed, chance: Random) -> None:
    """Members end. A backup replaces the store, and what it lacks is counted again."""
    _without_the_store(bed, chance, lambda: _delete(bed.store))


@fault(alone=True, seconds=12)
def store_replaced(bed: Bed, _: Random) -> None:
    """An older copy replaces the file: members end, then continue counting from the copy."""

    copy = bed.store.with_name("copy")
    with bed.group.paused(), bed.group.expecting("deleted or replaced"):
        _back_up(bed.store, copy)
        _delete_log(bed.store)
        copy.replace(bed.store)
        bed.group.all_end("the store was replaced")


@fault(alone=True, seconds=15)
def store_lost_for_good(bed: Bed, chance: Random) -> None:
    """There is no backup: a new store is refused until --claim-group, is killed while created, and counts all."""
    with bed.group.paused(), bed.group.expecting("deleted or replaced", "--claim-group"):
        _delete(bed.store)
        bed.group.all_end("the store was deleted")
        for _ in range(_KILLS):
            member = bed.group.start()
            bed.group.until(lambda m=member: not m.runs or bed.store.exists(), "no store is created")  # type: ignore[misc]
            wait(chance, 0, 0.02)
            bed.group.send(signal.SIGKILL, member)
            bed.group.until(lambda m=member: not m.runs, "a member outlives SIGKILL")  # type: ignore[misc]
            if chance.random() < 0.5:
                _delete(bed.store)
        bed.group.start()
        bed.group.all_end("another store counts this group")
        bed.truth.forget(bed.monitor.beginnings())
        bed.monitor.forget()
        bed.group.start("--claim-group")
        bed.catch_up()
        bed.group.stop()


@fault(alone=True, seconds=15)
def store_damaged(bed: Bed, chance: Random) -> None:
    """Members end and say what to do: a backup replaces the store."""

    def damage() -> None:
        if chance.random() < 0.5:
            bed.group.stop()
        for path, kept in ((bed.store, chance.choice([0, 100])), (Path(f"{bed.store}-wal"), 32)):
            # Both: what is in the log is not read from the database.
            if path.exists():
                with path.open("r+b") as file:
                    file.seek(kept)
                    file.write(chance.randbytes(max(path.stat().st_size - kept, 0)))  # an empty log has no header

    _without_the_store(bed, chance, damage)


@fault(alone=True, seconds=15)
def store_of_an_older_layout(bed: Bed, _: Random) -> None:
    """It is migrated, and refused until --claim-group, because it has no identity yet."""
    with bed.group.paused(), bed.group.expecting("--claim-group"):
        bed.group.stop()
        with closing(sqlite3.connect(bed.store)) as db:
            tables = {name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        _execute(bed.store, *(f"DROP TABLE {name}" for name in tables - _LAYOUT_2), "PRAGMA user_version = 2")
        bed.group.start()
        bed.group.all_end("the store has another identity")
        bed.group.start("--claim-group")
        bed.catch_up()
        bed.group.stop()


@fault(alone=True, seconds=10)
def store_of_a_newer_layout(bed: Bed, _: Random) -> None:
    """Members refuse it and change nothing."""
    with bed.group.paused(), bed.group.expecting("written by another version"):
        bed.group.stop()
        with closing(sqlite3.connect(bed.store)) as db:
            (layout,) = db.execute("PRAGMA user_version").fetchone()
        _execute(bed.store, "PRAGMA user_version = 99")
        bed.group.start()
        bed.group.all_end("the store is of a newer layout")
        _execute(bed.store, f"PRAGMA user_version = {layout}")


@fault(alone=True, seconds=10)
def second_store_for_the_group(bed: Bed, _: Random) -> None:
    """A member with a second store is refused and says what to do; the group continues."""
    with bed.group.expecting("--claim-group"):
        other = bed.group.start(STORE_PATH=str(bed.directory / f"other-{bed.number()}.sqlite"))
        bed.group.until(lambda: not other.runs, "two stores count one group")


def _limit_files(members: Sequence[Member], most_bytes: int) -> None:
    """Limit the size of the files of these members. Only Linux can set the limit of another process."""
    if sys.platform == "linux":
        for member in members:
            with suppress(ProcessLookupError):
                resource.prlimit(member.process.pid, resource.RLIMIT_FSIZE, (most_bytes, resource.RLIM_INFINITY))


def _without_the_store(bed: Bed, chance: Random, spoil: Callable[[], None]) -> None:
    """Damage the store of running members, or between two runs, and replace it with a backup when they have ended."""
    backup = bed.store.with_name("backup")
    _back_up(bed.store, backup)
    wait(chance, 0, 2)
    refusals = "deleted or replaced", "malformed", "not a database", "disk I/O error", "--claim-group"
    with bed.group.paused(), bed.group.expecting(*refusals):
        spoil()
        bed.group.all_end("the store was spoilt")
        bed.group.start()
        bed.group.all_end("the store was spoilt")
        _delete(bed.store)
        backup.rename(bed.store)


def _back_up(store: Path, target: Path) -> None:
    """A complete copy, also while others write."""
    target.unlink(missing_ok=True)
    with closing(sqlite3.connect(store, timeout=30)) as source, closing(sqlite3.connect(target)) as copy:
        source.backup(copy)


def _delete_log(store: Path) -> None:
    for suffix in ("-wal", "-shm"):
        store.with_name(store.name + suffix).unlink(missing_ok=True)


def _delete(store: Path) -> None:
    _delete_log(store)
    store.unlink(missing_ok=True)


def _execute(store: Path, *statements: str) -> None:
    with closing(sqlite3.connect(store, timeout=30, isolation_level=None)) as db:
        for statement in statements:
            db.execute(statement)

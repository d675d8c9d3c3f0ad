"""Members are killed at every stage, frozen, stopped, added and removed."""

from __future__ import annotations

import signal
import sqlite3
import time
from pathlib import Path
from random import Random

from tests.chaos.campaign.bed import Bed, wait
from tests.chaos.campaign.faults import fault
from tests.chaos.campaign.members import STOP_S


@fault(seconds=2)
def member_killed(bed: Bed, chance: Random) -> None:
    """kill -9 at any moment."""
    wait(chance, 0, 2)
    bed.group.send(signal.SIGKILL, bed.group.any(chance))


@fault(seconds=2)
def all_members_killed(bed: Bed, chance: Random) -> None:
    """kill -9 to all at once."""
    wait(chance, 0, 2)
    bed.group.send(signal.SIGKILL)


@fault(seconds=5)
def member_killed_young(bed: Bed, chance: Random) -> None:
    """kill -9 while a member starts, joins and fetches for the first time."""
    for _ in range(2):
        member = bed.group.start()
        wait(chance, 0.3, 2.5)
        bed.group.send(signal.SIGKILL, member)


@fault("store", seconds=4)
def members_killed_before_the_commit(bed: Bed, chance: Random) -> None:
    """kill -9 when a batch is decoded and merged and the member waits for the store's lock."""
    db = sqlite3.connect(bed.store, isolation_level=None, timeout=10)
    db.execute("BEGIN IMMEDIATE")
    wait(chance, 0.5, 1.5)
    bed.group.send(signal.SIGKILL)
    db.execute("ROLLBACK")
    db.close()


@fault(seconds=2)
def members_killed_in_the_commit(bed: Bed, chance: Random) -> None:
    """kill -9 when the store's log starts to grow, or some 100 µs later."""
    _await_write(bed)
    pause = time.perf_counter() + chance.choice([0, 0, 0.0001, 0.0005])
    while time.perf_counter() < pause:
        pass
    bed.group.send(signal.SIGKILL)


@fault(seconds=2)
def members_killed_after_the_commit(bed: Bed, chance: Random) -> None:
    """kill -9 after a batch is in the store and before its offsets are committed to Kafka."""
    _await_write(bed)
    wait(chance, 0.005, 0.05)
    bed.group.send(signal.SIGKILL)


@fault(seconds=12)
def member_frozen_past_its_session(bed: Bed, chance: Random) -> None:
    """SIGSTOP until other members have its partitions, then SIGCONT: it must not write what it had read."""
    _freeze(bed, chance, 7, 13)


@fault(seconds=4)
def member_frozen_for_a_moment(bed: Bed, chance: Random) -> None:
    """SIGSTOP and SIGCONT within the session time-out."""
    _freeze(bed, chance, 1, 4)


@fault(seconds=3)
def member_told_to_stop(bed: Bed, chance: Random) -> None:
    """SIGTERM: the member ends within ten seconds, whatever it waits for."""
    wait(chance, 0, 2)
    member = bed.group.any(chance)
    bed.group.send(signal.SIGTERM, member)
    bed.group.until(lambda: not member.runs, "a member does not end after SIGTERM", STOP_S + 2)


@fault(seconds=8)
def members_come_and_go(bed: Bed, chance: Random) -> None:
    """Additional members start and are stopped."""
    more = [bed.group.start() for _ in range(chance.randint(1, 2))]
    wait(chance, 2, 6)
    for member in more:
        bed.group.send(signal.SIGTERM, member)
        wait(chance, 0, 1)
    bed.group.until(lambda: not any(member.runs for member in more), "a member does not end after SIGTERM", STOP_S + 2)


def _freeze(bed: Bed, chance: Random, least: float, most: float) -> None:
    """Stop a member for some seconds, and let it go on."""
    member = bed.group.any(chance)
    bed.group.send(signal.SIGSTOP, member)
    wait(chance, least, most)
    bed.group.send(signal.SIGCONT, member)


def _await_write(bed: Bed) -> None:
    """Wait for the next write to the store's log."""
    log = Path(f"{bed.store}-wal")
    deadline = time.monotonic() + 5

    def touched() -> int:
        try:
            return log.stat().st_mtime_ns
        except OSError:
            return 0

    before = touched()
    while touched() == before and time.monotonic() < deadline:
        pass

"""What a member is doing, for those who watch it."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import attrs


@attrs.define
class MemberProgress:
    """Counts of messages, and where the time went."""

    events: int = 0
    """Messages in the store: counted, or known as duplicates or dead letters."""
    dead_letters: int = 0
    duplicates: int = 0
    fenced: int = 0
    """How often what was read belonged to another member by then, and was dropped."""
    seconds: dict[str, float] = attrs.field(factory=lambda: dict.fromkeys(("fetch", "decode", "merge", "write"), 0.0))
    """Time spent by stage."""

    @contextmanager
    def timed(self, stage: str) -> Iterator[None]:
        """Add the time of the block to a stage."""
        start = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[stage] += time.perf_counter() - start


@attrs.frozen
class MemberStatus:
    """What a member is doing, for those who watch it."""

    progress: MemberProgress
    partitions: int
    lag: Mapping[str, int] | None
    """Offsets that are not in the store yet, by topic; None while the broker has not said."""
    waiting_for: str
    """What keeps it from going on, in words; empty when nothing does."""
    running_s: float
    """Seconds since it joined the group."""
    refused: Mapping[str, str] = attrs.field(factory=dict)
    """Topics that it does not read any more, because too much of them is unreadable; and why."""

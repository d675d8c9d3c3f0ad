"""The progress and the state of a member, as the views show it."""

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
    """How often a batch was dropped because another member had moved the offsets."""
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
    """The state of a member."""

    progress: MemberProgress
    partitions: int
    lag: Mapping[str, int] | None
    """Lag of the store by topic, in offsets; None until the broker has answered."""
    waiting_for: str
    """What it waits for; empty when it does not wait."""
    running_s: float
    """Seconds since it joined the group."""
    refused: Mapping[str, str] = attrs.field(factory=dict)
    """Topics that it has stopped reading because too many messages are unreadable, and the reason."""

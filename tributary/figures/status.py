"""What a member is doing, for those who watch it."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from tributary.figures.progress import Progress


@attrs.frozen
class Status:
    """What a member is doing, for those who watch it."""

    progress: Progress
    partitions: int
    lag: Mapping[str, int] | None
    """Offsets that are not in the store yet, by topic; None while the broker has not said."""
    waiting_for: str
    """What keeps it from going on, in words; empty when nothing does."""
    running_s: float
    """Seconds since it joined the group."""
    refused: Mapping[str, str] = attrs.field(factory=dict)
    """Topics that it does not read any more, because too much of them is unreadable; and why."""

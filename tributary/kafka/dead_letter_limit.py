"""The limit of unreadable messages per topic: after a bad deploy, a topic stops with an alarm and is not drained."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping

import attrs

WINDOW = 10_000
"""The number of latest messages per topic that the percentage is taken of."""


@attrs.define
class _Recent:
    in_a_row: int = 0
    """The number of unreadable messages since the last readable one."""
    batches: deque[tuple[int, int]] = attrs.field(factory=deque)
    """Messages and unreadable messages of the latest batches, which together have WINDOW messages or slightly more."""
    messages: int = 0
    unreadable: int = 0


class DeadLetterLimit:
    """Counts the unreadable messages of each topic.

    A topic is over the limit when `in_a_row` of its messages in a row are unreadable, or `percent` of its latest
    WINDOW messages. The percentage is of WINDOW from the beginning, so that one bad message among the first ten raises
    no alarm. 0 disables a limit.
    """

    def __init__(self, in_a_row: int, percent: float) -> None:
        self._in_a_row = in_a_row
        self._share = round(WINDOW * percent / 100)
        self._topics: dict[str, _Recent] = {}

    def over(self, topic: str, messages: int, failures: Mapping[int, str]) -> str | None:
        """Count a topic's next messages; `failures` has the reason for each unreadable one, by its index.

        Returns the reason if the topic is over the limit, else None.
        """
        recent = self._topics.setdefault(topic, _Recent())
        longest = _longest_run(recent, messages, failures)
        recent.batches.append((messages, len(failures)))
        recent.messages += messages
        recent.unreadable += len(failures)
        while recent.messages - recent.batches[0][0] >= WINDOW:
            gone, bad = recent.batches.popleft()
            recent.messages -= gone
            recent.unreadable -= bad
        if not failures:
            return None
        if self._in_a_row and longest >= self._in_a_row:
            how = f"{longest:,} messages in a row are unreadable"
        elif self._share and recent.unreadable >= self._share:
            how = f"{recent.unreadable:,} of the latest {recent.messages:,} messages are unreadable"
        else:
            return None
        return f"{how}, the latest because {failures[max(failures)]}"


def _longest_run(recent: _Recent, messages: int, failures: Mapping[int, str]) -> int:
    """The longest run of unreadable messages that ends among these; keeps the length of the current run."""
    longest, last = 0, -1
    for place in sorted(failures):
        recent.in_a_row = recent.in_a_row + 1 if place == last + 1 else 1
        longest, last = max(longest, recent.in_a_row), place
    if last != messages - 1:
        recent.in_a_row = 0
    return longest

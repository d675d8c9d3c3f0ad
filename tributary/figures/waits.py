"""Logs what a member waits for: when a wait begins, when its reason changes and when it ends."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping

log = logging.getLogger(__name__)

_SAID_AFTER_S = 2.0
"""A shorter wait is not logged: a group assigns partitions to a new member after about a second."""
_SAID_AGAIN_AFTER_S = 8.0
"""A reason that changes is logged at most this often."""


class Waits:
    """The current waits by kind. For one thread."""

    def __init__(self) -> None:
        self._since: dict[str, float] = {}
        self._said: dict[str, tuple[str, float]] = {}
        """The reason that was logged last, and when."""
        self.text = ""
        """All current reasons; empty when nothing is waited for."""

    def note(self, reasons: Mapping[str, str]) -> None:
        """Set the reasons of this moment by kind; an empty reason ends a wait. Logs what has changed."""
        now = time.monotonic()
        for kind, reason in reasons.items():
            if not reason:
                since = self._since.pop(kind, now)
                said, _ = self._said.pop(kind, ("", now))
                if said:
                    log.warning("no longer waiting for %s (waited %.0f s)", said, now - since)
                continue
            since = self._since.setdefault(kind, now)
            said, said_at = self._said.get(kind, ("", since + _SAID_AFTER_S - _SAID_AGAIN_AFTER_S))
            if reason != said and now - said_at >= _SAID_AGAIN_AFTER_S:
                self._said[kind] = reason, now
                log.warning("waiting for %s", reason)
        self.text = "; ".join(reason for reason in reasons.values() if reason)

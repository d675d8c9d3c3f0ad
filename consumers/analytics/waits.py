"""What a member waits for: said once when it begins, and once when it ends."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping

log = logging.getLogger(__name__)

_SAID_AFTER_S = 1.0
"""What passes sooner is not worth a line."""


class Waits:
    """Keeps what is waited for, by kind. For one thread."""

    def __init__(self) -> None:
        self._since: dict[str, float] = {}
        self._said: dict[str, str] = {}
        self.text = ""
        """All that is waited for now, in words; empty when nothing is."""

    def note(self, reasons: Mapping[str, str]) -> None:
        """What is waited for at this moment; an empty reason is none. Logs what is new, and what is over."""
        now = time.monotonic()
        for kind, reason in reasons.items():
            if not reason:
                since = self._since.pop(kind, now)
                said = self._said.pop(kind, "")
                if said:
                    log.warning("after %.0f s no longer waiting for %s", now - since, said)
                continue
            since = self._since.setdefault(kind, now)
            if kind not in self._said and now - since >= _SAID_AFTER_S:
                self._said[kind] = reason
                log.warning("waiting for %s", reason)
        self.text = "; ".join(reason for reason in reasons.values() if reason)

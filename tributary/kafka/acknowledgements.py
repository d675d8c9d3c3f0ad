"""Report when a broker stops acknowledging events, and when it acknowledges again."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

_SILENT_FOR_S = 10.0


class AcknowledgementMonitor:
    """Watches the number of acknowledged events of one topic. Several threads may call `update`.

    `say` gets a line after ten seconds without an acknowledgement while events wait, every ten seconds after that, and
    when the broker acknowledges events again.
    """

    def __init__(self, topic: str, say: Callable[[str], object], now: Callable[[], float] = time.monotonic) -> None:
        self._topic = topic
        self._say = say
        self._now = now
        self._lock = threading.Lock()
        self._most = 0
        self._since = now()
        self._say_at = self._since + _SILENT_FOR_S
        self._said = False

    def update(self, acknowledged: int, waiting: int) -> None:
        """Compare with the last call. Call this about once a second; `acknowledged` may be a lower bound."""
        with self._lock:
            line = self._line(acknowledged, waiting)
        if line:
            self._say(f"{self._topic}: {line}")

    def _line(self, acknowledged: int, waiting: int) -> str | None:
        now = self._now()
        silent_for = now - self._since
        if acknowledged > self._most or not waiting:
            back = self._said and acknowledged > self._most
            self._most, self._since, self._said = max(acknowledged, self._most), now, False
            self._say_at = now + _SILENT_FOR_S
            return f"the broker acknowledges events again, after {silent_for:.0f} s" if back else None
        if now < self._say_at:
            return None
        self._say_at, self._said = now + _SILENT_FOR_S, True
        return f"the broker has acknowledged nothing for {silent_for:.0f} s; {waiting:,} events wait"

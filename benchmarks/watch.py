"""Observe a store's offsets while a member writes to it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from consumers.analytics.queries import Reader
from tributary.figures.store import StoreError

Offsets = Mapping[tuple[str, int], int]


class Watch:
    """Reads a store's offsets on demand and records when they moved."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._reader: Reader | None = None
        self.moves: list[tuple[float, Offsets]] = []
        """The time (`time.monotonic`), and the next offset by topic and partition from then on."""

    def look(self) -> None:
        """Read once; takes a few hundredths of a millisecond."""
        with suppress(FileNotFoundError, StoreError):
            self._reader = self._reader or Reader(self._path)
            offsets = self._reader.offsets()
            if offsets and (not self.moves or offsets != self.moves[-1][1]):
                self.moves.append((time.monotonic(), offsets))

    def close(self) -> None:
        """Stop reading."""
        if self._reader is not None:
            self._reader.close()

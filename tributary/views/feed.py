"""Reads the figures of a store repeatedly, for the views."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Generic

import attrs

from tributary.figures.store import StoreError
from tributary.figures.store.members import LiveMember
from tributary.kafka.admin import Partition
from tributary.settings import Settings
from tributary.views.arrangement import Arrangement, F, FiguresReader
from tributary.views.rate import Rate

log = logging.getLogger(__name__)

_POLL_S = 0.25
_REST = 9
"""After each query, rest this many times its duration: queries take a tenth of the time at most."""


@attrs.frozen(eq=False)
class Snapshot(Generic[F]):
    """The figures at one moment."""

    figures: F
    offsets: Mapping[Partition, int]
    """The next offset to count, by topic and partition."""
    members: Sequence[LiveMember]
    """The members that are running, and what they wait for."""
    at: float
    """When they were read, in seconds of `time.monotonic`."""


class Feed(Generic[F]):
    """Reads the store in a thread of its own, while it is entered as a context.

    Views take `latest` at any time and never wait for a query.
    """

    def __init__(self, arrangement: Arrangement[F], settings: Settings) -> None:
        self._arrangement = arrangement
        self._settings = settings
        self._reader: FiguresReader[F] | None = None
        self._problem = ""
        self._due = 0.0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="figures", daemon=True)
        self.latest: Snapshot[F] | None = None
        """None while there is no store."""
        self.rate = Rate()
        """Of messages counted by the whole group, duplicates and dead letters included."""

    def __enter__(self) -> Feed[F]:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()
        self._close()

    def _run(self) -> None:
        while True:
            try:
                self._read()
                self._problem = ""
            except FileNotFoundError:
                self._close()
                self.latest = None
            except StoreError as error:
                # A store may be deleted and created again: the next read opens the new file.
                self._close()
                if str(error) != self._problem:
                    self._problem = str(error)
                    log.warning("%s", error)
            if self._stop.wait(_POLL_S):
                return

    def _read(self) -> None:
        reader = self._open()
        # The count is quick in a store of any size, so the rate stays smooth where the figures come seldom.
        self.rate.add(time.monotonic(), reader.counted())
        if time.monotonic() < self._due:
            return
        start = time.monotonic()
        figures = reader.read()
        self.latest = Snapshot(figures, reader.offsets(), reader.members(), time.monotonic())
        self._due = time.monotonic() + _REST * (time.monotonic() - start)

    def _open(self) -> FiguresReader[F]:
        if self._reader is None:
            self._reader, self._due = self._arrangement.open(self._settings), 0.0
        return self._reader

    def _close(self) -> None:
        if self._reader is not None:
            self._reader.close()
            self._reader = None

"""The store's figures, read again and again for those who show them."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Mapping, Sequence
from types import TracebackType

import attrs

from consumers.analytics.queries import Figures, Reader
from consumers.rate import Rate
from tributary.figures.store import StoreError
from tributary.figures.store.members import Present
from tributary.settings import Settings

log = logging.getLogger(__name__)

_EVERY_S = 0.25
_REST = 9
"""After a query that took so long, rest this many times as long: a tenth of the time at most goes into queries."""


@attrs.frozen(eq=False)
class Snapshot:
    """The figures of one moment."""

    figures: Figures
    products: Sequence[tuple[str, Mapping[str, int]]]
    """The busiest, and their events by type."""
    offsets: Mapping[tuple[str, int], int]
    """The next offset to count, by topic and partition."""
    members: Sequence[Present]
    """Those that run, and what they wait for."""
    at: float
    """When they were read, in seconds of `time.monotonic`."""


class Feed:
    """Reads the store in a thread of its own, while it is entered as a context.

    Whoever shows figures takes `latest` whenever they like, and never waits for a query.
    """

    def __init__(self, settings: Settings, products: int) -> None:
        """`products` is how many of the busiest to read."""
        self._path = settings.store_path
        self._abandoned_after_minutes = settings.abandoned_after_minutes
        self._products = products
        self._reader: Reader | None = None
        self._problem = ""
        self._due = 0.0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="figures", daemon=True)
        self.latest: Snapshot | None = None
        """None while there is no store."""
        self.rate = Rate()
        """Of messages counted by the whole group, duplicates and dead letters among them."""

    def __enter__(self) -> Feed:
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
                # A store may be deleted and created again: the next reader opens the file that is there then.
                self._close()
                if str(error) != self._problem:
                    self._problem = str(error)
                    log.warning("%s", error)
            if self._stop.wait(_EVERY_S):
                return

    def _read(self) -> None:
        reader = self._open()
        # The count is cheap in any store, so the rate stays smooth where the figures come seldom.
        self.rate.add(time.monotonic(), reader.counted())
        if time.monotonic() < self._due:
            return
        start = time.monotonic()
        figures = reader.figures(self._abandoned_after_minutes)
        products = reader.top_products(self._products)
        self.latest = Snapshot(figures, products, reader.offsets(), reader.members(), time.monotonic())
        self._due = time.monotonic() + _REST * (time.monotonic() - start)

    def _open(self) -> Reader:
        if self._reader is None:
            self._reader, self._due = Reader(self._path), 0.0
        return self._reader

    def _close(self) -> None:
        if self._reader is not None:
            self._reader.close()
            self._reader = None

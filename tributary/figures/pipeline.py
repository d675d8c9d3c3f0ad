"""The writing thread: it merges decoded batches and writes them, while the caller fetches and decodes.

Both threads release the interpreter's lock for much of their time, so they overlap. A third thread, to decode, would
lose more by waiting for the lock than it gains. A short queue between the two bounds the memory, and slows fetching
down when the store is slow.
"""

from __future__ import annotations

import contextlib
import logging
import queue
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping

import attrs

from tributary.figures.batches import DecodedBatch, JoinedBatch, join
from tributary.figures.declaration import Declaration
from tributary.figures.merge import Merged, merge
from tributary.figures.status import MemberProgress
from tributary.figures.store import Fenced, Store
from tributary.kafka.admin import Partition
from tributary.kafka.batch import OffsetRange
from tributary.kafka.dead_letters import DeadLetterWriter
from tributary.signals import Stopped

log = logging.getLogger(__name__)

_LINGER_S = 0.1
_LINGER_BEHIND_S = 1.0
_ROWS_PER_WRITE = 300_000
"""Maximum of rows per write. It bounds the memory, and what is read again after a crash."""
_TICK_S = 0.1
"""How often a caller that waits for the writing thread runs its `meanwhile`."""
_CLOSE_S = 2.0
"""How long to wait for the writing thread to end. An unfinished transaction is rolled back."""

Meanwhile = Callable[[], None]
"""Called several times a second by a method that waits for the writing thread. What it raises ends the wait."""


@attrs.define(eq=False)
class _Marker:
    """An entry of the queue; when the writing thread reaches it, all batches before it are written."""

    reached: threading.Event = attrs.field(factory=threading.Event)


class Pipeline:
    """Merges and writes batches in the order in which they are submitted.

    The methods are for one thread, the one that fetches. Those that wait raise what ended the writing thread, as
    `check` does.
    """

    def __init__(
        self,
        store: Store,
        declaration: Declaration,
        topics: Mapping[str, str],
        dead_letters: DeadLetterWriter,
        full_batch: int,
    ) -> None:
        """`topics` has the topic of each event.

        Batches of `full_batch` messages mean that more are waiting in the broker.
        """
        self.progress = MemberProgress()
        self.waiting_for = ""
        """What a write waits for; empty when it does not wait."""
        self._store = store
        self._declaration = declaration
        self._topics = topics
        self._dead_letters = dead_letters
        self._written: queue.SimpleQueue[Mapping[Partition, OffsetRange]] = queue.SimpleQueue()
        self._full_batch = full_batch
        self._generation = 0
        self._fenced = threading.Event()
        self._closing = threading.Event()
        self._failure: BaseException | None = None
        # As many as one write takes, so that fetching and decoding continue during a write.
        self._decoded: queue.Queue[tuple[int, DecodedBatch] | _Marker] = queue.Queue(_ROWS_PER_WRITE // full_batch + 1)
        self._writing = threading.Thread(target=self._guard, name="write", daemon=True)
        self._writing.start()

    def submit(self, decoded: DecodedBatch, meanwhile: Meanwhile) -> None:
        """Queue a batch; waits while the queue is full."""
        self._put((self._generation, decoded), meanwhile)

    def drain(self, meanwhile: Meanwhile) -> None:
        """Wait until all that was submitted is written."""
        marker = _Marker()
        self._put(marker, meanwhile)
        while not marker.reached.wait(_TICK_S):
            self.check()
            meanwhile()
        self.check()

    def discard(self) -> None:
        """Drop all that was submitted and is not written."""
        self._generation += 1

    def take_fenced(self) -> bool:
        """Whether a write was refused since the last call, because another member had moved the offsets.

        If so, all that was submitted is dropped, and the caller must read again from the store's offsets.
        """
        if not self._fenced.is_set():
            return False
        # Only here, not where the write was refused: what was submitted in between continues what was refused, and
        # must not be joined to what is read again.
        self.discard()
        self._fenced.clear()
        return True

    def take_written(self) -> dict[Partition, OffsetRange]:
        """The offset ranges that were written since the last call."""
        latest: dict[Partition, OffsetRange] = {}
        with contextlib.suppress(queue.Empty):
            while True:
                latest |= self._written.get_nowait()
        return latest

    def check(self) -> None:
        """Raise what ended the writing thread, if anything did."""
        if self._failure is not None:
            raise self._failure

    def close(self) -> None:
        """Stop the thread. What is not written is dropped, and a write that waits is aborted."""
        self.discard()
        self._closing.set()
        with contextlib.suppress(queue.Full):  # a busy thread needs no wake-up
            self._decoded.put_nowait(_Marker())
        self._writing.join(_CLOSE_S)

    def _put(self, item: tuple[int, DecodedBatch] | _Marker, meanwhile: Meanwhile) -> None:
        while True:
            self.check()
            try:
                return self._decoded.put(item, timeout=_TICK_S)
            except queue.Full:
                meanwhile()

    def _guard(self) -> None:
        try:
            self._write_all()
        except Stopped:
            pass
        except BaseException as failure:
            self._failure = failure

    def _write_all(self) -> None:
        pending: list[DecodedBatch] = []
        generation, deadline = self._generation, 0.0
        while not self._closing.is_set():
            try:
                item = self._decoded.get(timeout=max(deadline - time.monotonic(), 0) if pending else None)
            except queue.Empty:
                item = None
            if isinstance(item, tuple):
                if item[0] != self._generation:
                    continue
                if pending and generation != item[0]:
                    pending = []
                if not pending:
                    generation, deadline = item[0], time.monotonic() + self._linger(item[1])
                pending.append(item[1])
                if time.monotonic() < deadline and sum(decoded.rows for decoded in pending) < _ROWS_PER_WRITE:
                    continue
            if pending and generation == self._generation and not self._fenced.is_set():
                self._write(pending)
            pending = []
            if isinstance(item, _Marker):
                item.reached.set()

    def _linger(self, decoded: DecodedBatch) -> float:
        """How long to gather before a write: fewer and larger writes are cheaper, and sooner ones are fresher."""
        return _LINGER_BEHIND_S if decoded.rows >= self._full_batch else _LINGER_S

    def _write(self, pending: list[DecodedBatch]) -> None:
        try:
            with self.progress.timed("merge"):
                batch = join(pending)
            if batch.dead_letters:
                self._dead_letters.deliver(batch.dead_letters, self.wait)
            merged = self._add(batch)
        except Fenced as fenced:
            log.warning("%s: dropping what was read, going back to the store's offsets", fenced)
            self.progress.fenced += 1
            self._fenced.set()
            return
        finally:
            self.waiting_for = ""
        self.progress.events += batch.rows
        self.progress.dead_letters += len(batch.dead_letters)
        self.progress.duplicates += merged.duplicates
        self._written.put(batch.ranges)

    def _add(self, batch: JoinedBatch) -> Merged:
        """Merge a batch and add it to the store; again without what the store has counted, if there is any of it."""
        dead_letters = Counter(str(letter.message.topic()) for letter in batch.dead_letters)
        counted: frozenset[str] = frozenset()
        while True:
            with self.progress.timed("merge"):
                merged = merge(self._declaration, batch.parts, self._topics, counted)
            with self.progress.timed("write"):
                hits = self._store.write(batch.ranges, merged, dead_letters)
            if not hits:
                return merged
            counted |= hits

    def wait(self, reason: str) -> None:
        """Note what a write waits for. The store and the dead letters call it in the writing thread; see `Waiting`."""
        self.waiting_for = reason
        if self._closing.is_set():
            raise Stopped

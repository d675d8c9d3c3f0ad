"""From batches to the store, in two threads: the caller fetches and decodes, the other merges and writes.

Both let go of the interpreter for much of their time, so the two overlap. A third thread, to decode, would lose more by
waiting for its turn than it gains. A short queue between the two bounds what is in memory, and holds the fetching back
when the store is slow.
"""

from __future__ import annotations

import contextlib
import logging
import queue
import threading
import time
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager

import attrs
from confluent_kafka import Message

from consumers.analytics.batches import Decoded, Joined, join
from consumers.analytics.merge import Merged, merge
from consumers.analytics.store import Fenced, Store
from consumers.clock import Clock
from consumers.dead_letters import DeadLetter, DeadLetterWriter
from consumers.group import Batch, Partition, Span
from schemas.columns import ColumnReader
from schemas.frame import Frame
from stopping import Stopped

log = logging.getLogger(__name__)

_LINGER_S = 0.1
_LINGER_BEHIND_S = 1.0
_ROWS_PER_WRITE = 300_000
"""A write takes no more rows than this: what it holds in memory, and what a crash has to read again."""


@attrs.frozen(eq=False)
class Route:
    """How one topic is read."""

    event: str
    reader: ColumnReader
    clock: Clock


@attrs.define(eq=False)
class _Marker:
    """Travels behind the batches; when it is reached, all before it is written."""

    last: bool = False
    reached: threading.Event = attrs.field(factory=threading.Event)


@attrs.define
class Progress:
    """What a pipeline has done so far, for those who watch it."""

    events: int = 0
    """Messages in the store: counted, or known as duplicates or dead letters."""
    dead_letters: int = 0
    duplicates: int = 0
    fenced: int = 0
    """How often what was read belonged to another member by then, and was dropped."""
    seconds: dict[str, float] = attrs.field(factory=lambda: dict.fromkeys(("fetch", "decode", "merge", "write"), 0.0))
    """Time spent by stage."""


class Pipeline:
    """Decodes, merges and writes batches in the order in which they are submitted.

    The methods are for one thread, the one that fetches. A pipeline that failed raises its failure from each of them.
    """

    def __init__(
        self,
        store: Store,
        routes: Mapping[str, Route],
        dead_letters: DeadLetterWriter,
        full_batch: int,
    ) -> None:
        """`routes` says how to read each topic.

        Batches of `full_batch` messages mean that more are waiting in the broker.
        """
        self.progress = Progress()
        self._store = store
        self._routes = routes
        self._topics = {route.event: topic for topic, route in routes.items()}
        self._dead_letters = dead_letters
        self._written: queue.SimpleQueue[Mapping[Partition, Span]] = queue.SimpleQueue()
        self._full_batch = full_batch
        self._generation = 0
        self._fenced = threading.Event()
        self._closing = threading.Event()
        self._failure: BaseException | None = None
        # As many as one write takes, so that fetching and decoding go on while another is under way.
        self._decoded: queue.Queue[tuple[int, Decoded] | _Marker] = queue.Queue(_ROWS_PER_WRITE // full_batch + 1)
        self._writing = threading.Thread(target=self._guard, name="write", daemon=True)
        self._writing.start()

    def submit(self, batch: Batch) -> None:
        """Decode a batch and hand it over; waits while the pipeline is full. Raises what the readers raise."""
        with self._timed("decode"):
            decoded = self._decode(batch)
        self._put((self._generation, decoded))

    def drain(self, wait_s: float) -> bool:
        """Write all that was submitted. False if it took longer than `wait_s`, and is still going on."""
        marker = _Marker()
        self._put(marker)
        deadline = time.monotonic() + wait_s
        while not marker.reached.wait(0.05):
            self._check()
            if time.monotonic() > deadline:
                return False
        self._check()
        return True

    def discard(self) -> None:
        """Forget all that was submitted and is not written."""
        self._generation += 1

    def take_fenced(self) -> bool:
        """Whether a write was refused since the last call, because another member had moved the offsets.

        Then all that was submitted is forgotten, and the caller must read again from the store's offsets.
        """
        if not self._fenced.is_set():
            return False
        # Only here, not where the write was refused: what was submitted in between continues what was refused, and
        # must not be joined to what is read again.
        self.discard()
        self._fenced.clear()
        return True

    def take_written(self) -> dict[Partition, Span]:
        """What was written since the last call."""
        latest: dict[Partition, Span] = {}
        with contextlib.suppress(queue.Empty):
            while True:
                latest |= self._written.get_nowait()
        return latest

    def close(self) -> None:
        """Stop the thread; what is not written is forgotten."""
        self._closing.set()
        self.discard()
        if self._failure is None:
            self._put(_Marker(last=True))
            self._writing.join()

    def _put(self, item: tuple[int, Decoded] | _Marker) -> None:
        while True:
            self._check()
            try:
                return self._decoded.put(item, timeout=0.1)
            except queue.Full:
                continue

    def _check(self) -> None:
        if self._failure is not None:
            raise self._failure

    def _guard(self) -> None:
        try:
            self._write_all()
        except BaseException as failure:
            self._failure = failure

    def _decode(self, batch: Batch) -> Decoded:
        frames: dict[str, Sequence[Frame]] = {}
        letters: list[DeadLetter] = []
        for topic, messages in batch.messages.items():
            route = self._routes[topic]
            reading = route.reader.read(list(map(Message.value, messages)))
            reading = route.clock.plausible(reading, messages, batch.since_ms[topic])
            frames[route.event] = reading.frames
            letters += [DeadLetter(messages[row], reason) for row, reason in sorted(reading.failures.items())]
        return Decoded(batch.spans, frames, letters, batch.size)

    def _write_all(self) -> None:
        pending: list[Decoded] = []
        generation, deadline = self._generation, 0.0
        while True:
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
                if item.last:
                    return

    def _linger(self, decoded: Decoded) -> float:
        """How long to gather before a write: fewer and larger writes are cheaper, and sooner ones are fresher."""
        return _LINGER_BEHIND_S if decoded.rows >= self._full_batch else _LINGER_S

    def _write(self, pending: list[Decoded]) -> None:
        try:
            with self._timed("merge"):
                batch = join(pending)
            if batch.dead_letters:
                self._dead_letters.deliver(batch.dead_letters, self._wait)
            with self._timed("write"):
                merged = self._store.write(
                    batch.spans,
                    lambda counted: self._merge(batch, counted),
                    Counter(str(letter.message.topic()) for letter in batch.dead_letters),
                )
        except Fenced as fenced:
            log.warning("%s: dropping what was read, going back to the store's offsets", fenced)
            self.progress.fenced += 1
            self._fenced.set()
            return
        except Stopped:
            return
        self.progress.events += batch.rows
        self.progress.dead_letters += len(batch.dead_letters)
        self.progress.duplicates += merged.duplicates
        self._written.put(batch.spans)

    def _wait(self, what: str) -> None:
        log.warning("waiting for %s", what)
        if self._closing.is_set():
            raise Stopped

    def _merge(self, batch: Joined, counted: Collection[str]) -> Merged:
        with self._timed("merge", within="write"):
            return merge(batch.parts, self._topics, counted)

    @contextmanager
    def _timed(self, stage: str, within: str | None = None) -> Iterator[None]:
        start = time.perf_counter()
        try:
            yield
        finally:
            spent = time.perf_counter() - start
            self.progress.seconds[stage] += spent
            if within is not None:
                self.progress.seconds[within] -= spent

"""A member of the group: it reads from the broker and writes to the store until it is stopped."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

import attrs

from tributary.catalog import Catalog
from tributary.figures.declaration import Declaration
from tributary.figures.decoder import Decoder, Paused
from tributary.figures.monitor import Monitor
from tributary.figures.ownership import Ownership
from tributary.figures.pipeline import Pipeline
from tributary.figures.status import MemberStatus
from tributary.figures.store import Store
from tributary.figures.store.members import MemberHeartbeat
from tributary.figures.store.reader import StoreReader
from tributary.figures.topic_readers import topic_readers
from tributary.figures.waits import Waits
from tributary.kafka.admin import BrokerUnavailable, TopicAdmin
from tributary.kafka.batch import MessageBatch
from tributary.kafka.dead_letter_limit import DeadLetterLimit
from tributary.kafka.dead_letters import DeadLetterWriter
from tributary.kafka.group import GroupConsumer, client_id
from tributary.kafka.writer_schemas import WriterSchemas
from tributary.registry.client import RegistryClient
from tributary.settings import Settings
from tributary.signals import Stopped

log = logging.getLogger(__name__)

_FETCH_S = 0.1
_DRAIN_S = 30.0
_STOP_S = 4.0
"""How long a member that is stopped tries to write what is in flight."""
_RETRY_S = 1.0


@attrs.frozen
class RunOptions:
    """The operator's options of one run."""

    until_caught_up: bool = False
    accept_dead_letters: bool = False
    """Let any share of a topic become dead letters."""
    accept_recreated: bool = False
    """Read topics that were deleted and created again from their beginning."""
    claim_group: bool = False
    """Make this store the group's, in place of another one."""


class Member:
    """A member, its pipeline and its store."""

    def __init__(
        self,
        declaration: Declaration,
        settings: Settings,
        catalog: Catalog,
        registry: RegistryClient,
        options: RunOptions,
        stop: threading.Event,
    ) -> None:
        """Open the store and join the group.

        Raises StoreError, CatalogError, and Stopped when `stop` is set while the store is waited for.
        """
        self._options = options
        self._stop = stop
        self._observe: Callable[[MemberStatus], None] | None = None
        self._thread = threading.current_thread()
        self._began = time.monotonic()
        self._waits = Waits()
        self._established = False
        self._retry_at = 0.0
        self._paused: dict[tuple[str, int], Paused] = {}
        self._refused: dict[str, str] = {}
        self._schemas = WriterSchemas(registry.schema_text, settings.schema_wait_s)
        topics = topic_readers(declaration, settings, catalog, self._schemas.text)
        self._store = Store(settings.store_path, declaration, self._wait_for_store)
        self._reader = StoreReader(settings.store_path)
        limits = (0, 0.0) if options.accept_dead_letters else (settings.letters_in_a_row, settings.letters_percent)
        self._decoder = Decoder(topics, self._schemas, DeadLetterLimit(*limits))
        self._pipeline = Pipeline(
            self._store,
            declaration,
            {reader.event: name for name, reader in topics.items()},
            DeadLetterWriter(settings, catalog.dead_letters.name),
            full_batch=settings.batch_size,
        )
        self._topics = TopicAdmin(settings, list(topics))
        self._consumer = GroupConsumer(
            settings, list(topics), self._reader.offsets, self._topics.watermarks, self._release, self._pipeline.discard
        )
        self._ownership = Ownership(settings, self._store, self._topics)
        self._heartbeat = MemberHeartbeat(settings.store_path, client_id(settings.consumer_group))
        self._monitor = Monitor(
            self._topics,
            StoreReader(settings.store_path),
            self._ownership,
            lambda: self._consumer.reading,
            lambda: self._heartbeat.note(self._waits.text, self._refused),
        )
        self._monitor.start()

    def run(self, observe: Callable[[MemberStatus], None]) -> None:
        """Consume until stopped, or until nothing is left to read, then write what is in flight.

        `observe` is called several times a second, in this thread. Raises GroupError, StoreError,
        DeadLettersUndelivered, SchemaConflict, and whatever else ends the work.
        """
        self._observe = observe
        try:
            while not self._stop.is_set():
                size = self._step()
                if self._options.until_caught_up and not size and self._caught_up():
                    break
            self._finish()
        except Stopped:
            self._finish()

    def status(self) -> MemberStatus:
        """The state of the member."""
        lag: dict[str, int] | None = None
        if self._monitor.lag is not None:
            lag = dict.fromkeys(self._topics.names, 0)
            for (topic, _), behind in self._monitor.lag.items():
                lag[topic] += behind
        return MemberStatus(
            self._pipeline.progress,
            len(self._consumer.positions),
            lag,
            self._waits.text,
            time.monotonic() - self._began,
            self._refused,
        )

    def close(self) -> None:
        """Leave the group and close the store. What is in flight is dropped, and read again later."""
        self._stop.set()
        self._monitor.close()
        self._schemas.close()
        self._pipeline.close()
        self._consumer.close()
        self._heartbeat.close()
        self._reader.close()
        self._store.close()

    def _step(self) -> int:
        """Read one batch and submit it. Returns the number of its messages."""
        with self._pipeline.progress.timed("fetch"):
            batch = self._consumer.fetch(_FETCH_S)
        if batch.ranges:
            self._take(batch)
        self._resume_paused()
        self._pipeline.check()
        if self._pipeline.take_fenced():
            self._consumer.rewind()
        # From this thread alone: a commit waits for a rebalance to end, and the rebalance waits in `_release` for
        # the thread that writes.
        self._consumer.commit(self._pipeline.take_written())
        if self._monitor.problem is not None:
            raise self._monitor.problem
        self._consult_broker()
        self._say()
        return batch.size

    def _take(self, batch: MessageBatch) -> None:
        with self._pipeline.progress.timed("decode"):
            result = self._decoder.decode(batch)
        starts = {partition: offsets.start for partition, offsets in batch.ranges.items()}
        for topic, reason in result.refused.items():
            self._refused[topic] = reason
            log.error(_REFUSED, topic, reason)
            self._consumer.refuse(topic, starts)
        paused = {partition: one for partition, one in result.paused.items() if partition[0] not in result.refused}
        if paused:
            self._paused |= paused
            self._consumer.pause({partition: one.position for partition, one in paused.items()})
        if result.decoded.ranges:
            self._pipeline.submit(result.decoded, self._say_or_stop)

    def _resume_paused(self) -> None:
        if not self._paused:
            return
        pending = self._schemas.pending({paused.schema_id for paused in self._paused.values()})
        known = [partition for partition, paused in self._paused.items() if paused.schema_id not in pending]
        if known:
            for partition in known:
                del self._paused[partition]
            self._consumer.resume(known)

    def _consult_broker(self) -> None:
        """Do what needs the broker's answer before partitions are read. Without an answer, try again later."""
        if not self._consumer.joined or time.monotonic() < self._retry_at:
            return
        try:
            if not self._established:
                self._ownership.establish(
                    self._consumer,
                    accept_recreated=self._options.accept_recreated,
                    claim_group=self._options.claim_group,
                )
                self._established = True
            if self._consumer.out_of_range:
                self._ownership.check()  # a topic that was recreated explains it
                self._consumer.return_to_range()
        except BrokerUnavailable as error:
            self._monitor.broker_away = str(error)
            self._retry_at = time.monotonic() + _RETRY_S

    def _caught_up(self) -> bool:
        # Only after partitions are assigned: then the member has checked that the store belongs to these topics.
        if not (self._established and self._consumer.joined):
            return False
        self._pipeline.drain(self._say_or_stop)
        if not self._monitor.update():
            return False
        return not any(behind for (topic, _), behind in (self._monitor.lag or {}).items() if topic not in self._refused)

    def _finish(self) -> None:
        self._drain(_STOP_S)
        self._consumer.commit(self._pipeline.take_written())
        if not self._monitor.broker_away:
            self._monitor.update()  # for the summary: what was in flight is written by now

    def _release(self) -> None:
        """Write what is in flight before partitions are revoked. Errors are raised by `_step`."""
        if self._stop.is_set():
            self._pipeline.discard()
            return
        try:
            self._drain(_DRAIN_S)
        except Exception as error:  # it would be lost on its way through librdkafka
            log.debug("not written before partitions were revoked: %s", error)

    def _drain(self, within_s: float) -> None:
        deadline = time.monotonic() + within_s

        def meanwhile() -> None:
            self._say()
            if time.monotonic() > deadline:
                raise Stopped

        try:
            self._pipeline.drain(meanwhile)
        except Stopped:
            waits = self._pipeline.waiting_for or "the store"
            log.warning("not written within %g s, waiting for %s: dropped, to be read again", within_s, waits)
            self._pipeline.discard()

    def _wait_for_store(self, reason: str) -> None:
        if threading.current_thread() is not self._thread:
            self._pipeline.wait(reason)
            return
        self._waits.note({"store": reason})
        self._show()
        if self._stop.is_set():
            raise Stopped

    def _say_or_stop(self) -> None:
        self._say()
        if self._stop.is_set():
            raise Stopped

    def _say(self) -> None:
        """Update what is waited for, and show the state."""
        away = self._monitor.broker_away
        reasons = {
            "store": "",
            "write": self._pipeline.waiting_for,
            "schemas": self._schemas.waiting_for,
            "broker": f"the broker: {away}" if away else "",
            "group": "" if self._consumer.joined else "the group: it has given this member no partitions",
        }
        reasons["stall"] = "" if any(reasons.values()) else self._monitor.stalled
        self._waits.note(reasons)
        self._show()

    def _show(self) -> None:
        if self._observe is not None:
            self._observe(self.status())


_REFUSED = (
    "topic %s is not read any more: %s. From here on its messages are neither counted nor moved to the dead letters. "
    "Start the member again when the cause is fixed, or with --accept-dead-letters to move them there"
)

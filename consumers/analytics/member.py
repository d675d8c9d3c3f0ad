"""One member of the analytics group at work: from the broker to the store, until it is told to stop."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import attrs

from consumers.analytics.merge import EVENT_TIME, FIELDS, check_types
from consumers.analytics.pipeline import Pipeline, Progress, Route
from consumers.analytics.queries import Reader
from consumers.analytics.store import Store
from consumers.clock import Clock
from consumers.dead_letters import DeadLetterWriter
from consumers.group import GroupError, Member
from registry.client import RegistryClient, RegistryUnavailable, SchemaNotFound, SchemaUnusable
from schemas.avro import SchemaError
from schemas.catalog import Catalog, CatalogError, Topic
from schemas.columns import ColumnReader, UnknownSchema
from settings import Settings

log = logging.getLogger(__name__)

_FETCH_S = 0.1
_DRAIN_S = 30.0
_REGISTRY_PAUSE_S = 1.0
_LAST_SCHEMA_ID = 2**31 - 1
"""To the registry an id is an int of Java's: of a greater one it says 404, as if it had no such path."""
_LAG_S = 1.0
"""How old the lag may be that is shown, or that decides whether all is caught up."""


class Stopping(Exception):
    """The member was told to stop while it waited."""


@attrs.frozen
class Status:
    """What a member is doing, for those who watch it."""

    progress: Progress
    partitions: int
    lag: Mapping[str, int] | None
    """Offsets that are not in the store yet, by topic; None while the broker has not said."""
    waiting_for: str
    """What keeps it from going on, in words; empty when nothing does."""
    running_s: float
    """Seconds since it joined the group."""


def counted_topics(catalog: Catalog) -> list[Topic]:
    """The topics that the figures are made of; warns of the others. Raises CatalogError if there are none."""
    known = {topic.event: topic for topic in reversed(catalog.topics) if topic.event in FIELDS}
    counted = [topic for topic in catalog.topics if topic in known.values()]
    others = [f"{topic.name} ({topic.event})" for topic in catalog.topics if topic not in counted]
    expected = f"figures are made of {', '.join(FIELDS)}, each from one topic"
    if not counted:
        raise CatalogError(f"analytics counts no topic of the catalogue: {expected}")
    if others:
        log.warning("not counted: %s: %s", ", ".join(others), expected)
    return counted


class Analytics:
    """A member, its pipeline and its store."""

    def __init__(self, settings: Settings, catalog: Catalog, registry: RegistryClient) -> None:
        """Open the store and join the group. Raises StoreError, and GroupError."""
        self._settings = settings
        self._registry = registry
        self._waiting_for = ""
        self._without_broker = ""
        self._closing = False
        self._stop = threading.Event()
        self._store = Store(settings.store_path, self._wait)
        self._reader = Reader(settings.store_path)
        topics = counted_topics(catalog)
        self._pipeline = Pipeline(
            self._store,
            {topic.name: self._route(topic) for topic in topics},
            DeadLetterWriter(settings, catalog.dead_letters.name),
            full_batch=settings.batch_size,
        )
        self._member = Member(
            settings, [topic.name for topic in topics], self._reader.offsets, self._release, self._pipeline.discard
        )
        self._lag: Mapping[str, int] | None = None
        self._lag_at = -_LAG_S
        self._began = time.monotonic()
        self._observe: Callable[[Status], None] = lambda _: None

    def _route(self, topic: Topic) -> Route:
        try:
            reader = ColumnReader(topic.schema, FIELDS[topic.event], self._schema_text)
            check_types(reader.wanted)
        except SchemaError as error:
            raise CatalogError(f"{topic.path}: {error}") from error
        clock = Clock(
            topic.event, EVENT_TIME, self._settings.event_time_earliest_ms, self._settings.event_time_ahead_ms
        )
        return Route(topic.event, reader, clock)

    def run(self, stop: threading.Event, until_caught_up: bool, observe: Callable[[Status], None]) -> None:
        """Consume until `stop` is set, or until nothing is left to read, then write what is in flight.

        `observe` is called several times a second, in this thread. Raises GroupError, StoreError,
        DeadLettersUndelivered, and whatever else ends the work.
        """
        self._stop = stop
        self._observe = observe
        while not stop.is_set():
            with self._fetching():
                batch = self._member.fetch(_FETCH_S)
            if batch.spans:
                self._pipeline.submit(batch)
            if self._pipeline.take_fenced():
                self._member.rewind()
            # From this thread alone: a commit waits for a rebalance to end, and the rebalance waits in `_release` for
            # the thread that writes.
            self._member.commit(self._pipeline.take_written())
            self._refresh_lag()
            observe(self.status())
            if until_caught_up and not batch.size and self._caught_up():
                break
        self._release()
        self._member.commit(self._pipeline.take_written())
        if not self._without_broker:
            self._ask_lag()  # for the summary: what was in flight is written by now

    def status(self) -> Status:
        """What the member is doing."""
        return Status(
            self._pipeline.progress,
            self._member.assigned,
            self._lag,
            self._waiting_for or self._without_broker,
            time.monotonic() - self._began,
        )

    def close(self) -> None:
        """Leave the group and close the store; what is in flight is forgotten, and will be read again."""
        self._stop.set()
        self._closing = True
        self._pipeline.discard()
        self._member.close()
        self._pipeline.close()
        self._reader.close()
        self._store.close()

    def _wait(self, what: str) -> None:
        if self._stop.is_set():
            raise Stopping
        log.warning("waiting for %s", what)

    def _caught_up(self) -> bool:
        # Not before it has partitions: with them it learns whether the store belongs to these topics at all.
        if not (self._member.joined and self._pipeline.drain(_DRAIN_S) and self._ask_lag()):
            return False
        return not any((self._lag or {}).values())

    def _release(self) -> None:
        if self._closing:
            self._pipeline.discard()
        elif not self._pipeline.drain(_DRAIN_S):
            log.warning("not written within %g s: dropped, to be read again", _DRAIN_S)
            self._pipeline.discard()

    def _refresh_lag(self) -> None:
        if time.monotonic() - self._lag_at >= _LAG_S:
            self._ask_lag()

    def _ask_lag(self) -> bool:
        """Ask the broker for the lag. Without an answer the one before stands: a broker that restarts comes back."""
        try:
            self._lag = self._member.lag()
            self._without_broker = ""
        except GroupError as error:
            if not self._without_broker:
                log.warning("waiting for the broker: %s", error)
            self._without_broker = f"the broker: {error}"
        self._lag_at = time.monotonic()
        return not self._without_broker

    @contextmanager
    def _fetching(self) -> Iterator[None]:
        start = time.perf_counter()
        yield
        self._pipeline.progress.seconds["fetch"] += time.perf_counter() - start

    def _schema_text(self, schema_id: int) -> str:
        """A writer schema; waits for a registry that is down, since a message is not bad because of that."""
        if schema_id > _LAST_SCHEMA_ID:
            raise UnknownSchema(f"schema id {schema_id} is beyond the ids of a registry")
        while True:
            try:
                text = self._registry.schema_text(schema_id)
                self._waiting_for = ""
                return text
            except RegistryUnavailable as error:
                if not self._waiting_for:
                    log.warning("waiting for the registry: %s", error)
                self._waiting_for = f"the registry: {error}"
                # This is the thread that fetches: nobody else tells it meanwhile.
                self._observe(self.status())
            except (SchemaNotFound, SchemaUnusable) as error:
                raise UnknownSchema(str(error)) from error
            if self._stop.wait(_REGISTRY_PAUSE_S):
                raise Stopping

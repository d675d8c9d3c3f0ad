"""Publish typed events to one topic, and account for each of them."""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from itertools import tee
from operator import attrgetter
from typing import Any

import attrs
from confluent_kafka import KafkaError, KafkaException, Message, Producer

from tributary import catalog, destination
from tributary.avro import wire
from tributary.avro.rows.encoder import column_encoder, encoder
from tributary.catalog import Topic
from tributary.errors import TributaryError
from tributary.kafka.acknowledgements import AcknowledgementMonitor
from tributary.registry.client import NotRegistered, RegistryClient, RegistryError, RegistryUnavailable
from tributary.registry.lock import LockError
from tributary.settings import Settings
from tributary.settings import load as load_settings

log = logging.getLogger(__name__)

_REACH_S = 8.0
"""Timeout for reaching the broker before the first event."""
_POLL_S = 0.1
_DEFAULTS = {"compression.type": "lz4", "linger.ms": 20, "delivery.timeout.ms": 120_000, "log_level": 2}
"""Defaults that KAFKA_CONFIG_FILE may override."""


class PublisherError(TributaryError):
    """Events cannot be published; the message says why and what to do."""


@attrs.frozen
class Summary:
    """The counts of one topic's events; `acknowledged` means stored on all in-sync replicas."""

    topic: str
    sent: int
    acknowledged: int
    failed: int
    reasons: Mapping[str, int]
    """The number of failed deliveries by reason."""

    @property
    def waiting(self) -> int:
        """Events that the broker has neither acknowledged nor refused yet."""
        return self.sent - self.acknowledged - self.failed

    def __str__(self) -> str:
        counts = f"{self.sent:,} sent, {self.acknowledged:,} acknowledged, {self.failed:,} failed"
        if self.waiting:
            counts += f", {self.waiting:,} wait for the broker"
        why = "; ".join(f"{count:,} × {reason}" for reason, count in sorted(self.reasons.items()))
        return f"{self.topic}: {counts}" + (f" ({why})" if why else "")


def connect(*contracts: str) -> list[Publisher]:
    """The publishers of these topics, named as in the catalogue, or of all topics; with the settings of this process.

    Raises SettingsError, and PublisherError for any other reason.
    """
    settings = load_settings()
    try:
        topics = catalog.load(settings)
        registry = RegistryClient.from_settings(settings)
        chosen = [topics.topic(contract) for contract in contracts] or list(topics.topics)
        names = ", ".join(topic.name for topic in chosen)
        destination.announce(
            destination.broker(settings),
            destination.registry(settings),
            destination.project(settings),
            f"topic{'s' * (len(chosen) > 1)} {names}",
        )
        return [Publisher(settings, topic, registry) for topic in chosen]
    except (catalog.CatalogError, LockError) as error:
        raise PublisherError(str(error)) from error


def drain(publishers: Iterable[Publisher]) -> None:
    """Flush the publishers. KeyboardInterrupt fails the events that still wait."""
    try:
        for publisher in publishers:
            publisher.flush()
    except KeyboardInterrupt:
        abandon(publishers)
        drain(publishers)


def abandon(publishers: Iterable[Publisher]) -> None:
    """Fail the events that still wait; see `Publisher.abandon`."""
    for publisher in publishers:
        publisher.abandon()


class Publisher:
    """The producer of one topic. Several threads may send through it.

    The topic's contract must be registered as the catalogue has it: a publisher never registers schemas. Raises
    PublisherError if it is not, if the topic does not exist, or if the registry or the broker cannot be reached.
    """

    def __init__(self, settings: Settings, topic: Topic, registry: RegistryClient) -> None:
        self.topic = topic
        schema_id = _registered(topic, registry)
        self._reasons: Counter[str] = Counter()
        self._sent = 0
        self._flushed = False
        self._abandoned = False
        self._lock = threading.Lock()
        self._acknowledgements = AcknowledgementMonitor(topic.name, log.warning)
        self._producer = Producer(
            settings.kafka_client(_DEFAULTS)
            | {
                "enable.idempotence": True,
                "acks": "all",
                # Java's partitioner: producers in other languages send a key to the same partition.
                "partitioner": "murmur2_random",
                # One callback for all messages, for failures only; acknowledged messages are counted by difference.
                "on_delivery": self._delivered,
                "delivery.report.only.error": True,
                "error_cb": self._trouble,
            }
        )
        self._reach(settings.bootstrap_servers)
        self._frame = wire.prefix(schema_id)
        self._encode: Callable[[Any], bytes] = encoder(topic.schema)
        self._key: Callable[[Any], str] = attrgetter(topic.key)

    @cached_property
    def _encode_columns(self) -> Callable[[Mapping[str, Sequence[Any]]], Iterable[bytes]]:
        return column_encoder(self.topic.schema)

    def send(self, event: Any) -> None:
        """Queue one event; waits while the queue is full. See `send_all`."""
        self.send_all((event,))

    def send_all(self, events: Iterable[Any]) -> None:
        """Queue events, each as soon as the iterable returns it; waits while the queue is full.

        Raises EncodeError for an event that does not fit its contract; those before it are queued.
        """
        values, keys = tee(events)
        self._send(zip(map(self._encode, values), map(self._key, keys), strict=True))

    def send_columns(self, columns: Mapping[str, Sequence[Any]]) -> None:
        """Queue events from columns of one length, by field. See `send_all`."""
        self._send(zip(self._encode_columns(columns), columns[self.topic.key], strict=True))

    def _send(self, messages: Iterable[tuple[bytes, str]]) -> None:
        """Queue messages: the encoded event and its key."""
        produce, name, frame = self._producer.produce, self.topic.name, self._frame
        self._flushed = False
        queued = 0
        try:
            for value, key in messages:
                while True:
                    try:
                        # The timestamp is that of sending, not of the event: retention uses it, and would delete events
                        # replayed from last year at once.
                        produce(name, frame + value, key)
                        break
                    except BufferError:
                        if self._abandoned:
                            return
                        self._queued(queued)
                        queued = 0
                        self._producer.poll(_POLL_S)
                        self.check_progress()
                    except KafkaException as error:
                        self._failed(error.args[0])
                        break
                queued += 1
        finally:
            self._queued(queued)
        self._producer.poll(0)

    def check_progress(self) -> None:
        """Log when the broker acknowledges nothing for ten seconds while events wait, and when it acknowledges again.

        Call it about once a second while no event is sent.
        """
        summary = self.summary()
        self._acknowledgements.update(summary.acknowledged, summary.waiting)

    def flush(self) -> None:
        """Wait until every queued event is acknowledged or has failed; by default for two minutes at most."""
        while self._producer.flush(_POLL_S):
            self.check_progress()
        self._flushed = True
        self.check_progress()

    def abandon(self) -> None:
        """Fail all events that still wait, so that `flush` returns soon. A `send` no longer waits for a full queue."""
        self._abandoned = True
        self._producer.purge()

    def summary(self) -> Summary:
        """The counts so far; final after `flush`. While threads send, `acknowledged` is a lower bound."""
        with self._lock:
            sent, reasons = self._sent, dict(self._reasons)
        # Read afterwards: events queued in between count as waiting. The queue also holds librdkafka's own events.
        waiting = 0 if self._flushed else len(self._producer)
        failed = sum(reasons.values())
        return Summary(self.topic.name, sent, max(sent - failed - waiting, 0), failed, reasons)

    def _reach(self, servers: str) -> None:
        try:
            topics = self._producer.list_topics(timeout=_REACH_S).topics
        except KafkaException as error:
            raise PublisherError(
                f"the broker at {servers} cannot be reached ({error.args[0].str()}); "
                "start the local stack with `tributary stack up`, or set KAFKA_BOOTSTRAP_SERVERS"
            ) from error
        if self.topic.name not in topics:
            raise PublisherError(f"the broker at {servers} has no topic {self.topic.name}; run: tributary apply")

    def _queued(self, count: int) -> None:
        with self._lock:
            self._sent += count

    def _delivered(self, error: KafkaError | None, _: Message) -> None:
        if error is not None:
            self._failed(error)

    def _failed(self, error: KafkaError) -> None:
        with self._lock:
            self._reasons[error.str()] += 1

    def _trouble(self, error: KafkaError) -> None:
        # Errors of single connections are not logged; these two stop delivery.
        if error.fatal():
            log.warning("%s: %s; %d events wait", self.topic.name, error.str(), len(self._producer))
        elif error.code() == KafkaError._ALL_BROKERS_DOWN:  # its text counts brokers: "0/2 brokers are down"
            log.warning("%s: no broker answers; %d events wait", self.topic.name, len(self._producer))


def _registered(topic: Topic, registry: RegistryClient) -> int:
    try:
        return registry.lookup(topic.subject, topic.text).id
    except NotRegistered as error:
        raise PublisherError(f"{topic.path.name}: {error}") from error
    except (RegistryUnavailable, RegistryError) as error:
        raise PublisherError(str(error)) from error

"""Prove the contracts of a catalogue: with records from Kafka, or from files."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from threading import Event

from tributary.catalog import Catalog, Topic
from tributary.registry import lock
from tributary.registry.check.baseline import baseline
from tributary.registry.client import RegistryClient, SchemaNotFound
from tributary.registry.records import fixtures
from tributary.registry.records.verify import Verification, candidate, verify
from tributary.settings import Settings

OnProgress = Callable[[str, int, int], None]
"""Called with the topic, the number of offsets read, and the number to read."""


def from_kafka(
    settings: Settings, catalog: Catalog, topics: Sequence[Topic], last: int, on_progress: OnProgress, stop: Event
) -> Iterator[Verification]:
    """A verification for each topic by the `last` newest records of each version, until `stop` is set.

    Raises KafkaUnavailable, RegistryUnavailable, and `GenerateError` for a contract that is no schema.
    """
    from tributary.registry.records.newest import newest  # the Kafka client takes 50 ms to import, and files need none

    registry = RegistryClient.from_settings(settings)
    registry.default_level()  # fails before the long read if the registry is down
    for topic in topics:
        if stop.is_set():
            return
        sample = newest(settings, topic.name, last, partial(on_progress, topic.name), stop)
        # After the records: a version registered while they were read is then known.
        versions = registry.versions(topic.subject)
        yield verify(topic, candidate(catalog, topic), versions, sample, partial(_text, registry))


def _text(registry: RegistryClient, schema_id: int) -> str | None:
    try:
        return registry.schema_text(schema_id)
    except SchemaNotFound:
        return None


def from_files(
    directory: Path, settings: Settings, catalog: Catalog, topics: Sequence[Topic]
) -> Iterator[Verification]:
    """A verification for each topic by the files in the directory (see `fixtures`); the lock has the versions.

    Raises `fixtures.FixtureError`, `baseline.BaselineError` without a lock, and what `from_kafka` says of contracts.
    """
    samples = fixtures.load(directory, topics)
    versions = baseline("lock", settings, topics)
    known = lock.load(settings.lock_path)
    assert known is not None  # or there were no baseline
    for topic, sample in zip(topics, samples, strict=True):
        yield verify(topic, candidate(catalog, topic), versions[topic.subject], sample, known.schema_text)

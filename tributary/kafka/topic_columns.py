"""Read a topic as columns: from its first record to its end, without a consumer group."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from itertools import islice
from typing import Any

import attrs
import numpy as np
from confluent_kafka import Message

from tributary import catalog
from tributary.avro.columns.batch import RecordBatch
from tributary.avro.columns.reader import ColumnReader, ReadResult, UnknownSchema
from tributary.avro.columns.strings import Integers
from tributary.registry.client import RegistryClient, SchemaNotFound, SchemaUnusable
from tributary.registry.records import scan
from tributary.settings import Settings
from tributary.settings import load as load_settings

BATCH_SIZE = 10_000


@attrs.frozen
class UnreadableRecord:
    """A record that does not decode, or is outside the limits of the contract."""

    partition: int
    offset: int
    reason: str


@attrs.frozen(eq=False)
class TopicColumns:
    """Some records of a topic, as columns."""

    records: RecordBatch
    """One row per readable record, in no special order. No columns where no record is readable."""
    partitions: Integers
    """The partition of each row."""
    offsets: Integers
    """The offset of each row."""
    unreadable: Sequence[UnreadableRecord]
    """Those read at the same time that are not among the rows."""


def read_columns(
    topic: str,
    fields: Iterable[str] = (),
    *,
    contract: Any = None,
    settings: Settings | None = None,
    batch_size: int = BATCH_SIZE,
) -> Iterator[TopicColumns]:
    """The records of a topic as columns, from its first offset to the end that it has when the reading begins.

    `topic` is a name in the project's catalogue, whose contract is the reader schema; with `contract`, a schema as
    parsed JSON, it is the name of any topic. `fields` names what to read, as `user_id` or `items.quantity`; without
    any, all fields are read. Records of aborted transactions are left out. A record whose schema id the registry does
    not have counts as unreadable.

    Raises, before the first record, CatalogError for a topic that is not in the catalogue, SchemaError for a field that
    the contract does not have, and SettingsError. While it reads, raises KafkaUnavailable and RegistryUnavailable.
    """
    settings = settings or load_settings()
    if contract is None:
        entry = catalog.load(settings).topic(topic)
        topic, contract = entry.name, entry.schema
    registry = RegistryClient.from_settings(settings)
    names = list(fields) or [field["name"] for field in contract["fields"]]
    reader = ColumnReader(contract, names, _schema_text(registry))
    return _batches(reader, scan.messages(settings, topic, committed=True), batch_size)


def _schema_text(registry: RegistryClient) -> Callable[[int], str]:
    def text(schema_id: int) -> str:
        try:
            return registry.schema_text(schema_id)
        except SchemaNotFound as error:
            raise UnknownSchema(f"schema id {schema_id} is not in the registry") from error
        except SchemaUnusable as error:
            raise UnknownSchema(str(error)) from error

    return text


def _batches(reader: ColumnReader, messages: Generator[Message], batch_size: int) -> Iterator[TopicColumns]:
    with closing(messages):
        while batch := list(islice(messages, batch_size)):
            yield from _columns(batch, reader.read(list(map(Message.value, batch))))


def _columns(messages: Sequence[Message], result: ReadResult) -> Iterator[TopicColumns]:
    """The columns of one read: several where records are large, or have several writer schemas."""
    partitions = np.array(list(map(Message.partition, messages)), np.int64)
    offsets = np.array(list(map(Message.offset, messages)), np.int64)
    unreadable: Sequence[UnreadableRecord] = [
        UnreadableRecord(int(partitions[place]), int(offsets[place]), reason)
        for place, reason in sorted(result.failures.items())
    ]
    for records, places in zip(result.batches, result.places, strict=True):
        yield TopicColumns(records, partitions[places], offsets[places], unreadable)
        unreadable = ()
    if unreadable:
        nothing = np.empty(0, np.int64)
        yield TopicColumns(RecordBatch(0, {}), nothing, nothing, unreadable)

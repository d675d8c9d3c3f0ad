"""Whether real data can be read with the contracts as they are in the working copy, which the rules cannot say.

Each record is decoded as a consumer of the candidate will do it: with the schema it was written with, the candidate as
the reader schema, and the class that is generated from the candidate.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import ModuleType
from typing import Any

import attrs

from tributary.avro import codegen, naming
from tributary.avro.codec import codec_schema
from tributary.avro.rows.decoder import DecodeError, resolver
from tributary.avro.validation import problem
from tributary.catalog import Catalog, Topic
from tributary.registry import lock
from tributary.registry.records.value_diff import DifferenceKind, ValueDifference, differences


@attrs.frozen
class SampleRecord:
    """One record's Avro body, and where it is: `product-events[3]@17`, or a file."""

    where: str
    body: bytes


@attrs.frozen
class Unframed:
    """Records without a schema id."""

    seen: str
    """What was seen instead."""
    records: int
    where: str
    """The last one."""


@attrs.frozen
class RecordSet:
    """Records to verify a candidate with."""

    source: str
    """Where they are from, for people."""
    records: Mapping[int, Sequence[SampleRecord]]
    """By schema id, the oldest first."""
    unframed: tuple[Unframed, ...] = ()
    complete: bool = True
    """False if reading was interrupted."""


@attrs.frozen
class Failure:
    """A record that the candidate cannot read, or would refuse."""

    where: str
    reason: str
    """The field, and what is wrong."""


@attrs.frozen
class ValueChange:
    """A part of the records that the candidate reads otherwise than it was written."""

    kind: DifferenceKind
    path: str
    values: int
    example: str
    where: str


@attrs.frozen
class WriterResult:
    """The records of one writer schema."""

    id: int
    version: int | None
    """None if it is no version of the subject: deleted, or another subject's."""
    records: int
    failures: tuple[Failure, ...]
    changes: tuple[ValueChange, ...]

    @property
    def decoded(self) -> int:
        """How many records the candidate reads."""
        return self.records - len(self.failures)


@attrs.frozen
class Verification:
    """What the records say about one subject's candidate."""

    topic: Topic
    source: str
    rows: tuple[WriterResult, ...]
    """Versions in order, then the ids that are no version of the subject."""
    unframed: tuple[Unframed, ...]
    complete: bool

    @property
    def records(self) -> int:
        """How many records were read."""
        return sum(row.records for row in self.rows) + sum(one.records for one in self.unframed)

    @property
    def failed(self) -> int:
        """How many of them the candidate cannot read."""
        return sum(len(row.failures) for row in self.rows) + sum(one.records for one in self.unframed)

    @property
    def ok(self) -> bool:
        """Whether all was read, and every record decodes."""
        return self.complete and not self.failed


def candidate(catalog: Catalog, topic: Topic) -> type[Any]:
    """The class of a topic's contract, generated here: `events.py` may be older, and has all contracts.

    Raises `GenerateError` for a contract that is no schema.
    """
    module = ModuleType(f"candidate {topic.contract}")
    sys.modules[module.__name__] = module  # attrs, and the decoder for nested records, look a class's module up there
    source = codegen.events(attrs.evolve(catalog, topics=(topic,)))
    exec(compile(source, module.__name__, "exec"), vars(module))
    cls: type[Any] = getattr(module, naming.class_(topic.event))
    return cls


def verify(
    topic: Topic,
    cls: type[Any],
    versions: Sequence[lock.Version],
    sample: RecordSet,
    schema_text: Callable[[int], str | None],
) -> Verification:
    """Decode the sample with the contract.

    `versions` are the subject's; `schema_text` returns the schema of any other id, or None.
    """
    rows = [_row(topic, cls, v.id, v.version, v.schema, sample.records.get(v.id, ())) for v in versions]
    known = {version.id for version in versions}
    rows += [
        _row(topic, cls, schema_id, None, schema_text(schema_id), records)
        for schema_id, records in sorted(sample.records.items())
        if schema_id not in known
    ]
    return Verification(topic, sample.source, tuple(rows), sample.unframed, sample.complete)


def _row(
    topic: Topic, cls: type[Any], schema_id: int, version: int | None, text: str | None, records: Sequence[SampleRecord]
) -> WriterResult:
    if text is None:
        failures = _all(records, f"schema id {schema_id} is not in the registry")
        return WriterResult(schema_id, version, len(records), failures, ())
    try:
        verifier = _Verifier(json.loads(text), topic.schema, cls)
    except (ValueError, RecursionError) as error:  # of JSON, of Avro, or of the pair
        unreadable = f"schema id {schema_id} cannot be read with the contract: {error}"
        return WriterResult(schema_id, version, len(records), _all(records, unreadable), ())
    failures = tuple(Failure(record.where, reason) for record in records if (reason := verifier.failure(record)))
    return WriterResult(schema_id, version, len(records), failures, verifier.changes())


def _all(records: Iterable[SampleRecord], reason: str) -> tuple[Failure, ...]:
    return tuple(Failure(record.where, reason) for record in records)


class _Verifier:
    """Decodes the records of one writer schema and adds up what changes."""

    def __init__(self, writer: Any, reader: Any, cls: type[Any]) -> None:
        self._writer, self._reader = codec_schema(writer), codec_schema(reader)
        self._written = resolver(self._writer, self._writer)
        self._tagged = resolver(self._writer, self._writer, tagged=True)
        self._typed = resolver(self._writer, self._reader, cls)
        self._read = resolver(self._writer, self._reader)
        self._changes: dict[tuple[DifferenceKind, str], ValueChange] = {}

    def failure(self, record: SampleRecord) -> str | None:
        """Why the candidate cannot read a record, None if it can."""
        try:
            written = self._tagged(record.body)
        except DecodeError as error:
            return f"damaged, even its own schema cannot read it: {error}"
        try:
            self._typed(record.body)
        except DecodeError as error:
            return str(error)
        read = self._read(record.body)
        for difference in differences(self._writer, self._reader, written, read):
            self._count(difference, record.where)
        title = str(self._reader).rpartition(".")[2]
        refused = problem(self._reader, read, title, keys=True)
        # What the writer's own limits forbade is no doing of the candidate.
        if refused and problem(self._writer, self._written(record.body), title, keys=True) is None:
            return f"decodes, but the contract forbids what its schema allowed: {refused}"
        return None

    def changes(self) -> tuple[ValueChange, ...]:
        return tuple(self._changes.values())

    def _count(self, found: ValueDifference, where: str) -> None:
        key = found.kind, found.path
        known = self._changes.get(key)
        self._changes[key] = (
            attrs.evolve(known, values=known.values + 1) if known else ValueChange(*key, 1, found.text, where)
        )

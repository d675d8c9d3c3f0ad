"""Which versions of a subject still have records in its topic, and which can therefore be deleted.

A consumer needs the writer schema of every record it reads, so a version must be kept while a record has its id. The
same holds for dead letters, which are kept longer than the topic's records: reading one again needs its schema. Only
the prefix of each value is parsed, so this also counts records that nothing can decode.
"""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from tributary.catalog import Topic
from tributary.registry import lock


@attrs.frozen
class RecordPosition:
    """Where a record is, and when it was written."""

    partition: int
    offset: int
    time_ms: int
    """Milliseconds since the epoch; -1 where the record has no timestamp."""


@attrs.frozen
class IdUse:
    """The records of one writer schema."""

    records: int
    first: RecordPosition
    """The oldest by timestamp."""
    last: RecordPosition
    """The newest by timestamp."""


@attrs.frozen
class TopicCount:
    """What a topic held when the count began."""

    uses: dict[int, IdUse]
    """By schema id."""
    unframed: dict[str, int]
    """Records without a schema id: how many, by what was seen instead."""


@attrs.frozen
class IdCount:
    """One schema id: a version of the subject, or an id that is in the topic without being one."""

    id: int
    version: int | None
    use: IdUse | None
    letters: int
    """How many dead letters have the id, whichever topic they come from."""
    deletable: bool
    reason: str


@attrs.frozen
class Census:
    """A topic's records by version."""

    topic: str
    subject: str
    rows: tuple[IdCount, ...]
    """Versions in order, then the ids that are no version of the subject."""
    unframed: dict[str, int]

    @property
    def records(self) -> int:
        """How many records were counted."""
        return sum(row.use.records for row in self.rows if row.use) + sum(self.unframed.values())

    @property
    def ok(self) -> bool:
        """Whether every record has the id of a version of the subject."""
        return not self.unframed and all(row.version is not None for row in self.rows)


def census(topic: Topic, versions: Sequence[lock.Version], counted: TopicCount, letters: TopicCount) -> Census:
    """Put what was counted, in the topic and in the dead letters, beside the registered versions.

    A version can be deleted when no record and no dead letter has its id, no newer version would be left without it as
    the latest, and it is not the contract that our producers write with.
    """
    contract = lock.fingerprint_of(topic)
    dead = {schema_id: use.records for schema_id, use in letters.uses.items()}
    rows = []
    for version in versions:
        use, dead_here = counted.uses.get(version.id), dead.get(version.id, 0)
        needed = _needed(use, dead_here, version.fingerprint == contract, version is versions[-1])
        rows.append(IdCount(version.id, version.version, use, dead_here, not needed, needed or "no record has it"))
    known = {version.id for version in versions}
    rows += [
        IdCount(
            id, None, use, dead.get(id, 0), False, f"not a version of {topic.subject}: deleted, or another subject's"
        )
        for id, use in sorted(counted.uses.items())
        if id not in known
    ]
    return Census(topic.name, topic.subject, tuple(rows), counted.unframed)


def _needed(use: IdUse | None, letters: int, contract: bool, latest: bool) -> str:
    """Why a version must be kept; empty if nothing needs it."""
    if use:
        return "records need it"
    if letters:
        return "dead letters need it"
    if contract:
        return "producers write with it"
    return "the latest version" if latest else ""

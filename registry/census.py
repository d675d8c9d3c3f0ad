"""Which versions of a subject still have records in its topic, and so which can be deleted.

A consumer needs the writer schema of every record it reads, so a version must stay for as long as a record has its id.
Only the prefix of each value is parsed, so this also counts records that nothing can decode any more.
"""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from registry import lock
from schemas.catalog import Topic


@attrs.frozen
class Place:
    """Where a record is, and when it was written."""

    partition: int
    offset: int
    time_ms: int
    """Milliseconds since the epoch; -1 where the record has no timestamp."""


@attrs.frozen
class Use:
    """The records of one writer schema."""

    records: int
    first: Place
    """The oldest by timestamp."""
    last: Place
    """The newest by timestamp."""


@attrs.frozen
class Counted:
    """What a topic held when the count began."""

    uses: dict[int, Use]
    """By schema id."""
    unframed: dict[str, int]
    """Records without a schema id: how many, by what was seen instead."""


@attrs.frozen
class Row:
    """One schema id: a version of the subject, or an id that is in the topic without being one."""

    id: int
    version: int | None
    use: Use | None
    deletable: bool
    reason: str


@attrs.frozen
class Census:
    """A topic's records by version."""

    topic: str
    subject: str
    rows: tuple[Row, ...]
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


def census(topic: Topic, versions: Sequence[lock.Version], counted: Counted) -> Census:
    """Put what was counted beside the registered versions.

    A version can be deleted when no record has its id, no newer version would be left without it as the latest, and
    it is not the contract that our producers write with.
    """
    contract = lock.fingerprint(topic.text)
    rows = [
        _version(version, counted.uses.get(version.id), version is versions[-1], version.fingerprint == contract)
        for version in versions
    ]
    known = {version.id for version in versions}
    rows += [
        Row(schema_id, None, use, False, f"not a version of {topic.subject}: deleted, or another subject's")
        for schema_id, use in sorted(counted.uses.items())
        if schema_id not in known
    ]
    return Census(topic.name, topic.subject, tuple(rows), counted.unframed)


def _version(version: lock.Version, use: Use | None, latest: bool, contract: bool) -> Row:
    if use:
        reason = "records need it"
    elif contract:
        reason = "producers write with it"
    elif latest:
        reason = "the latest version"
    else:
        reason = "no record has it"
    return Row(version.id, version.version, use, not (use or contract or latest), reason)

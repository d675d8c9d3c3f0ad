"""The declaration of a project: the fields to read, how events become rows, and the figures of these rows.

A figure is a table of the store: one row per combination of its keys, with measures that merge. Every merge is
commutative and associative, so order, lateness, batch size and the number of members cannot change a result.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import Enum

import attrs

from tributary.avro.columns.batch import RecordBatch
from tributary.avro.columns.projection import Form

TOPIC = "topic"
"""The column that the merge adds to all rows: the topic of their event. A figure may have it as a key."""
WINDOW_START = "window_start"
"""The key of a figure with windows: the beginning of the window, in milliseconds since the epoch."""


class Merge(Enum):
    """How two values of a measure become one."""

    COUNT = "their sum: a number of rows, fewer than 2**63 in any store"
    SUM = "their sum, exact at any size"
    MIN = "the smaller"
    MAX = "the larger"
    SAME = "the one text that both have; the measure's `mixed` where they differ; an empty text does not count"


@attrs.frozen
class Measure:
    """A column of a figure's table, and how its values merge."""

    name: str
    merge: Merge = Merge.COUNT
    of: str = attrs.Factory(lambda self: self.name, takes_self=True)
    """The column of the rows that it is made of. `Merge.COUNT` needs none."""
    where: tuple[str, int] | None = None
    """With `Merge.COUNT`, count the rows that have this number in this column; without, all rows."""
    mixed: str = ""
    """With `Merge.SAME`, the value where texts differ."""


@attrs.frozen
class Figure:
    """One table of the store."""

    name: str
    rows: str
    """Which of the declaration's rows it is made of."""
    by: tuple[str, ...]
    """The columns whose combinations its rows are."""
    measures: tuple[Measure, ...]
    window_ms: int | None = None
    """Also by windows of event time of this length: key `window_start`."""

    @property
    def keys(self) -> tuple[str, ...]:
        """The columns that identify a row."""
        return (*self.by, WINDOW_START) if self.window_ms else self.by


@attrs.frozen
class Once:
    """Deduplication: of the events with the same value of a field, one counts. The store keeps the values."""

    event: str
    field: str
    table: str
    """The store's table of the values."""
    duplicates: str
    """The name under which the store counts the events left out."""


@attrs.frozen(eq=False)
class Declaration:
    """The figures of one consumer group, and what they are made of."""

    fields: Mapping[str, Mapping[str, Form]]
    """By event, the fields to read, as `user_id` or `items.quantity`, and the form each must have."""
    event_time: str
    """The field of every event that says when it happened, in milliseconds since the epoch."""
    rows: Mapping[str, Mapping[str, Callable[[RecordBatch], RecordBatch]]]
    """By name, how the columns of each event become rows. All events give rows of one name the same columns. Keys are
    integers or strings, and sums, minima and maxima are made of integers: optional and floating-point numbers that are
    read must become such columns."""
    figures: Sequence[Figure]
    labels: Mapping[str, Sequence[str]] = attrs.field(factory=dict)
    """The texts of keys that are numbered from 0 in the rows, by column."""
    once: Once | None = None

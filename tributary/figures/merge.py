"""The merge: columns of several topics in, one delta per figure out.

Nothing here knows what is in the store. A delta says what some events add to a figure, and the store merges it into
what it holds, so any split of the same events into deltas gives the same figures.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import attrs
import numpy as np

from tributary.avro.columns.batch import RecordBatch, concat
from tributary.avro.columns.factorize import factorize_integers
from tributary.avro.columns.strings import Integers, StringColumn
from tributary.figures import exact
from tributary.figures.declaration import TOPIC, Declaration, Figure, Measure, Merge, Once

_EARLIEST = np.iinfo(np.int64).min


@attrs.frozen(eq=False)
class Delta:
    """What some events add to one figure."""

    figure: Figure
    columns: Sequence[Sequence[Any]]
    """The keys, then the measures; in the order of the first key."""


@attrs.frozen(eq=False)
class Merged:
    """What a set of events adds to all figures."""

    deltas: list[Delta]
    claims: list[str]
    """The values of the declaration's `once` that count with these events."""
    duplicates: int
    """How many events were left out because their value had been counted."""


def merge(
    declaration: Declaration,
    parts: Sequence[Mapping[str, RecordBatch]],
    topics: Mapping[str, str],
    counted: Collection[str] = (),
) -> Merged:
    """What these events add to every figure.

    Each part has the columns of the declaration's fields for each event that occurs in it, `topics` the topic of each
    event, and `counted` the values of the declaration's `once` that must not count again; a value that occurs twice
    among the events counts once.
    """
    merged = Merged([], [], 0)
    for batches in parts:
        more = _merge_part(declaration, batches, topics, {*counted, *merged.claims})
        merged = Merged(merged.deltas + more.deltas, merged.claims + more.claims, merged.duplicates + more.duplicates)
    return merged


def _merge_part(
    declaration: Declaration, batches: Mapping[str, RecordBatch], topics: Mapping[str, str], counted: Collection[str]
) -> Merged:
    batches = dict(batches)
    claims: list[str] = []
    duplicates = 0
    if declaration.once and declaration.once.event in batches:
        events = batches[declaration.once.event]
        batches[declaration.once.event], claims = _first_of_each(declaration.once, events, counted)
        duplicates = events.rows - len(claims)
    names = sorted(topics.values())
    labels = {**declaration.labels, TOPIC: names}
    numbers = {event: names.index(topics[event]) for event in batches}
    rows = {name: _rows(declaration, name, batches, numbers) for name in declaration.rows}
    deltas = [
        _delta(figure, batch, labels, declaration)
        for figure in declaration.figures
        if (batch := rows[figure.rows]) is not None
    ]
    return Merged(deltas, claims, duplicates)


def _first_of_each(once: Once, events: RecordBatch, counted: Collection[str]) -> tuple[RecordBatch, list[str]]:
    """One event of each value that is not counted yet, and these values."""
    column = events.strings(once.field)
    _, rows = column.factorize()
    values = _strings(column.take(rows))
    if counted:
        new = [value not in counted for value in values]
        rows = rows[new]
        values = [value for value, is_new in zip(values, new, strict=True) if is_new]
    keep = np.zeros(events.rows, np.bool_)
    keep[rows] = True
    return (events if keep.all() else events.take(keep)), values


def _rows(
    declaration: Declaration, name: str, batches: Mapping[str, RecordBatch], topics: Mapping[str, int]
) -> RecordBatch | None:
    """The rows of one name of all events; None without any. `topics` has the number of each event's topic."""
    made = []
    for event, make in declaration.rows[name].items():
        if event in batches and batches[event].rows:
            rows = make(batches[event])
            topic = np.full(rows.rows, topics[event], np.int64)
            made.append(RecordBatch(rows.rows, {**rows.columns, TOPIC: topic}))
    return concat(made) if any(rows.rows for rows in made) else None


def _delta(figure: Figure, rows: RecordBatch, labels: Mapping[str, Sequence[str]], declaration: Declaration) -> Delta:
    columns = [_key(rows, name) for name in figure.by]
    if figure.window_ms:
        # Windows are numbered while they are grouped: numbers that lie close together are quick to group.
        columns.append(rows.integers(declaration.event_time) // figure.window_ms)
    codes, firsts = _in_order(*_group(columns), columns[0])
    keys = [_values(column, firsts, labels.get(name)) for name, column in zip(figure.keys, columns, strict=True)]
    if figure.window_ms:
        # The first window that is began before what 64 bits can say.
        keys[-1] = [max(number * figure.window_ms, _EARLIEST) for number in keys[-1]]
    return Delta(figure, [*keys, *(_merged(measure, rows, codes, len(firsts)) for measure in figure.measures)])


def _merged(measure: Measure, rows: RecordBatch, codes: Integers, groups: int) -> list[Any]:
    """The value of a measure for each group; `codes` has the group of each row."""
    match measure.merge:
        case Merge.COUNT:
            return _count(rows, measure.where, codes, groups)
        case Merge.SUM:
            return exact.sums(_whole_numbers(rows, measure.of), codes, groups)
        case Merge.MIN:
            return _min(rows.integers(measure.of), codes, groups)
        case Merge.MAX:
            return _max(rows.integers(measure.of), codes, groups)
        case Merge.SAME:
            return _same(rows.strings(measure.of), codes, groups, measure.mixed)


def _key(rows: RecordBatch, name: str) -> Integers | StringColumn:
    """A column to group by. Raises TypeError for other columns than integers and strings."""
    column = rows.columns[name]
    return column if isinstance(column, StringColumn) else rows.integers(name)


def _whole_numbers(rows: RecordBatch, name: str) -> Integers:
    """A column of integers, perhaps of Python's. Raises TypeError for another kind."""
    column: Any = rows.columns[name]
    if isinstance(column, np.ndarray) and column.dtype == np.object_:
        return column
    return rows.integers(name)


def _in_order(codes: Integers, rows: Integers, key: Any) -> tuple[Integers, Integers]:
    """Number groups in the order of a key: then the store walks through its tables instead of jumping about in them."""
    order = key.take(rows).order() if isinstance(key, StringColumn) else key[rows].argsort()
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(len(order))
    return rank[codes], rows[order]


def _group(columns: Sequence[Any]) -> tuple[Integers, Integers]:
    """Number the distinct combinations: `(code of each row, a row of each code)`."""
    codes, rows = _codes(columns[0])
    for column in columns[1:]:
        more, further = _codes(column)
        codes, rows = factorize_integers(codes * len(further) + more)
    return codes, rows


def _codes(column: Integers | StringColumn) -> tuple[Integers, Integers]:
    return column.factorize() if isinstance(column, StringColumn) else factorize_integers(column)


def _count(rows: RecordBatch, where: tuple[str, int] | None, codes: Integers, groups: int) -> list[Any]:
    if where is not None:
        column, value = where
        codes = codes[rows.integers(column) == value]
    counts: list[int] = np.bincount(codes, minlength=groups).tolist()
    return counts


def _min(column: Integers, codes: Integers, groups: int) -> list[Any]:
    least = np.full(groups, np.iinfo(np.int64).max)
    np.minimum.at(least, codes, column)
    return least.tolist()


def _max(column: Integers, codes: Integers, groups: int) -> list[Any]:
    most = np.full(groups, np.iinfo(np.int64).min)
    np.maximum.at(most, codes, column)
    return most.tolist()


def _same(column: StringColumn, codes: Integers, groups: int, mixed: str) -> list[Any]:
    labels, rows = column.factorize()
    names = ["", *_strings(column.take(rows)), mixed]
    says = np.flatnonzero(column.length > 0)
    low = np.full(groups, len(names))
    high = np.full(groups, -1)
    np.minimum.at(low, codes[says], labels[says])
    np.maximum.at(high, codes[says], labels[says])
    name = np.where(high < 0, 0, np.where(low == high, high + 1, len(names) - 1))
    return [names[number] for number in name.tolist()]


def _values(column: Any, rows: Integers, labels: Sequence[str] | None) -> list[Any]:
    if isinstance(column, StringColumn):
        return column.take(rows).tolist()
    values: list[int] = column[rows].tolist()
    return values if labels is None else [labels[value] for value in values]


def _strings(column: StringColumn) -> list[str]:
    return [string or "" for string in column.tolist()]

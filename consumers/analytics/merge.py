"""The three-way merge: columns of three topics in, one delta per figure out.

Nothing here knows what was counted before. A delta says what some rows add to each figure, and the store merges it into
what it holds, so any split of the same rows into deltas comes to the same figures.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import attrs
import numpy as np

from consumers.analytics.kpis import COUNTS, KPIS, MIXED, EventType, Grain, Kpi, Merge
from schemas.events import CartAction, Segment
from tributary.avro import types as avro
from tributary.avro.columns import strings as text
from tributary.avro.columns.batch import RecordBatch, concat
from tributary.avro.columns.factorize import factorize_integers
from tributary.avro.columns.projection import Form, form
from tributary.avro.columns.strings import Integers, StringColumn
from tributary.figures import exact

EVENT_TIME = "occurred_at"
"""The field that says when an event happened, in milliseconds since the epoch: of windows, sessions and watermark."""
ENVELOPE = (EVENT_TIME, "session_id", "segment", "region")

VIEWS, CARTS, PURCHASES = "ProductViewed", "CartUpdated", "PurchaseCompleted"

FIELDS: Mapping[str, tuple[str, ...]] = {
    VIEWS: (*ENVELOPE, "product_id"),
    CARTS: (*ENVELOPE, "action", "product_id", "quantity", "price_minor", "currency"),
    PURCHASES: (
        *ENVELOPE,
        "order_id",
        "total_minor",
        "currency",
        "items.product_id",
    ),
}
"""The fields that the merge reads of each event."""

_NUMBERS = (EVENT_TIME, "segment", "action", "quantity", "price_minor", "total_minor")
"""Those of them that are whole numbers or enums; the others are text."""

_TYPE_OF_ACTION = {CartAction.ADD: EventType.add_to_cart, CartAction.REMOVE: EventType.remove_from_cart}
_TYPES = np.array([_TYPE_OF_ACTION.get(action, EventType.other_cart_change) for action in CartAction], np.int64)
_EARLIEST = np.iinfo(np.int64).min
_LABELS: Mapping[str, Sequence[str]] = {
    "type": [event_type.name for event_type in EventType],
    "segment": [segment.value for segment in Segment],
}


@attrs.frozen(eq=False)
class Delta:
    """What some rows add to one figure."""

    kpi: Kpi
    columns: Sequence[Sequence[Any]]
    """The keys, then the measures; in the order of the first key. No columns when nothing is added."""


@attrs.frozen(eq=False)
class Merged:
    """What a set of events comes to."""

    deltas: list[Delta]
    orders: list[str]
    """The orders among them that count."""
    duplicates: int
    """How many purchases were left out because their order had been counted."""


def check_types(read: avro.Record) -> None:
    """Raise avro.SchemaError if a field that is read is of a type of which no figure can be made."""
    for field in read.fields:
        if isinstance(field.type, avro.Array) and isinstance(field.type.items, avro.Record):
            check_types(field.type.items)
            continue
        number = field.name in _NUMBERS
        if form(field.type) is not (Form.INTEGERS if number else Form.STRINGS) or isinstance(field.type, avro.Union):
            expected = "a whole number or an enum" if number else "text"
            raise avro.SchemaError(
                f"{read.short_name}.{field.name}: figures are made of it, so it must be {expected}; it is {field.type}"
            )


def merge(
    parts: Sequence[Mapping[str, RecordBatch]], topics: Mapping[str, str], counted: Collection[str] = ()
) -> Merged:
    """What these events add to every figure.

    Each part has the columns of `FIELDS` for each event that occurs in it, `topics` each event's topic, and `counted`
    the orders that must not count again; an order that occurs twice among the events counts once.
    """
    merged = Merged([], [], 0)
    for frames in parts:
        more = _merge_part(frames, topics, {*counted, *merged.orders})
        merged = Merged(merged.deltas + more.deltas, merged.orders + more.orders, merged.duplicates + more.duplicates)
    return merged


def _merge_part(frames: Mapping[str, RecordBatch], topics: Mapping[str, str], counted: Collection[str]) -> Merged:
    frames = dict(frames)
    orders: list[str] = []
    duplicates = 0
    if PURCHASES in frames:
        purchases = frames[PURCHASES]
        frames[PURCHASES], orders = _one_of_each_order(purchases, counted)
        duplicates = purchases.rows - len(orders)
    present = {event: frame for event, frame in frames.items() if frame.rows}
    if not present:
        return Merged([], orders, duplicates)
    names = sorted(topics.values())
    grains = {
        Grain.EVENT: [_event_rows(event, frame, names.index(topics[event])) for event, frame in present.items()],
        Grain.LINE: [_line_rows(event, frame) for event, frame in present.items()],
    }
    rows = {grain: _with_measures(concat(frames)) for grain, frames in grains.items()}
    labels = {**_LABELS, "topic": names}
    return Merged([_delta(kpi, rows[kpi.grain], labels) for kpi in KPIS], orders, duplicates)


def _one_of_each_order(purchases: RecordBatch, counted: Collection[str]) -> tuple[RecordBatch, list[str]]:
    """One purchase of each order that is not counted yet, and these orders."""
    ids = purchases.strings("order_id")
    _, rows = ids.factorize()
    orders = _strings(ids.take(rows))
    if counted:
        new = [order not in counted for order in orders]
        rows = rows[new]
        orders = [order for order, is_new in zip(orders, new, strict=True) if is_new]
    keep = np.zeros(purchases.rows, np.bool_)
    keep[rows] = True
    return (purchases if keep.all() else purchases.take(keep)), orders


def _event_rows(event: str, frame: RecordBatch, topic: int) -> RecordBatch:
    """A row per message."""
    rows = frame.rows
    nothing = np.zeros(rows, np.int64)
    types = _types(event, frame)
    columns: dict[str, Integers | StringColumn] = {
        "topic": np.full(rows, topic, np.int64),
        "type": types,
        "segment": frame.integers("segment"),
        "region": frame.strings("region"),
        "session_id": frame.strings("session_id"),
        "occurred_at": frame.integers("occurred_at"),
        "cart_units": nothing,
        "cart_minor": nothing,
        "revenue_minor": nothing,
        "currency": frame.strings("currency") if event != VIEWS else text.constant("", rows),
    }
    if event == CARTS:
        sign = (types == EventType.add_to_cart).astype(np.int64) - (types == EventType.remove_from_cart)
        units = exact.product(sign, frame.integers("quantity"))
        columns |= {"cart_units": units, "cart_minor": exact.product(units, frame.integers("price_minor"))}
    if event == PURCHASES:
        columns["revenue_minor"] = frame.integers("total_minor")
    return RecordBatch(rows, columns)


def _line_rows(event: str, frame: RecordBatch) -> RecordBatch:
    """A row per product that a message names."""
    types = _types(event, frame)
    if event != PURCHASES:
        return RecordBatch(frame.rows, {"type": types, "product_id": frame.strings("product_id")})
    lines = frame.lists("items")
    products = lines.records.strings("product_id") if lines.records.rows else text.constant("", 0)
    return RecordBatch(lines.records.rows, {"type": types[lines.parent], "product_id": products})


def _with_measures(frame: RecordBatch) -> RecordBatch:
    """The rows with all that figures count of them."""
    types = frame.integers("type")
    counts = {name: (types == event_type).astype(np.int64) for event_type, name in COUNTS.items()}
    measures = {**frame.columns, **counts, "events": np.ones(frame.rows, np.int64)}
    if "occurred_at" in measures:
        measures |= {"first_at": measures["occurred_at"], "last_at": measures["occurred_at"]}
    return RecordBatch(frame.rows, measures)


def _types(event: str, frame: RecordBatch) -> Integers:
    if event == CARTS:
        return _TYPES[frame.integers("action")]
    return np.full(frame.rows, EventType.view if event == VIEWS else EventType.purchase, np.int64)


def _delta(kpi: Kpi, frame: RecordBatch, labels: Mapping[str, Sequence[str]]) -> Delta:
    if kpi.only is not None:
        frame = frame.take(frame.integers("type") == kpi.only)
    if not frame.rows:
        return Delta(kpi, [])
    columns = [frame.columns[name] for name in kpi.by]
    if kpi.window_ms:
        # Windows are counted while they are grouped: numbers that lie close together are quick to group.
        columns.append(frame.integers("occurred_at") // kpi.window_ms)
    codes, rows = _in_order(*_group(columns), columns[0])
    keys = [_values(column, rows, labels.get(name)) for name, column in zip(kpi.keys, columns, strict=True)]
    if kpi.window_ms:
        # The first window that is began before what 64 bits can say.
        keys[-1] = [max(number * kpi.window_ms, _EARLIEST) for number in keys[-1]]
    measures = [_MERGES[measure.merge](frame.columns[measure.name], codes, len(rows)) for measure in kpi.measures]
    return Delta(kpi, [*keys, *measures])


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


def _min(column: Integers, codes: Integers, groups: int) -> list[Any]:
    least = np.full(groups, np.iinfo(np.int64).max)
    np.minimum.at(least, codes, column)
    return least.tolist()


def _max(column: Integers, codes: Integers, groups: int) -> list[Any]:
    most = np.full(groups, np.iinfo(np.int64).min)
    np.maximum.at(most, codes, column)
    return most.tolist()


def _same(column: StringColumn, codes: Integers, groups: int) -> list[Any]:
    labels, rows = column.factorize()
    names = ["", *_strings(column.take(rows)), MIXED]
    says = np.flatnonzero(column.length > 0)
    low = np.full(groups, len(names))
    high = np.full(groups, -1)
    np.minimum.at(low, codes[says], labels[says])
    np.maximum.at(high, codes[says], labels[says])
    name = np.where(high < 0, 0, np.where(low == high, high + 1, len(names) - 1))
    return [names[number] for number in name.tolist()]


_MERGES: Mapping[Merge, Any] = {
    Merge.COUNT: exact.narrow_sums,
    Merge.SUM: exact.sums,
    Merge.MIN: _min,
    Merge.MAX: _max,
    Merge.SAME: _same,
}


def _values(column: Any, rows: Integers, labels: Sequence[str] | None) -> list[Any]:
    if isinstance(column, StringColumn):
        return column.take(rows).tolist()
    values: list[int] = column[rows].tolist()
    return values if labels is None else [labels[value] for value in values]


def _strings(column: StringColumn) -> list[str]:
    return [string or "" for string in column.tolist()]

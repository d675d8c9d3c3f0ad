"""The declaration's fields and the contract must agree before anything is read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import attrs
import numpy as np
import pytest
from confluent_kafka import TIMESTAMP_CREATE_TIME, Message

from tests.support.contracts import Contracts, field
from tests.unit.figures.test_declaration import DEVICES
from tributary.avro import wire
from tributary.avro.columns.batch import RecordBatch
from tributary.avro.columns.projection import Form
from tributary.avro.rows.encoder import encoder
from tributary.catalog import CatalogError
from tributary.figures.declaration import Declaration, Figure, Measure, Merge
from tributary.figures.merge import merge
from tributary.figures.topic_readers import topic_readers

ITEM = {"type": "record", "name": "Item", "fields": [{"name": "n", "type": "long"}]}
READING: dict[str, Any] = {
    "type": "record",
    "name": "ReadingTaken",
    "fields": [
        {"name": "at", "type": "long"},
        {"name": "device", "type": "string"},
        {"name": "watts", "type": "double"},
        {"name": "raw", "type": "bytes"},
        {"name": "items", "type": {"type": "array", "items": ITEM}},
        {"name": "rating", "type": ["null", "long"], "default": None},
        {"name": "drift", "type": ["null", "float"], "default": None},
        {"name": "phase", "type": ["null", "string"], "default": None},
    ],
}
NOW = 1_790_000_000_000


def declared(fields: Mapping[str, Form]) -> Declaration:
    return attrs.evolve(DEVICES, fields={"ReadingTaken": fields}, once=None)


def rows(reading: RecordBatch) -> RecordBatch:
    """Numbers of other kinds as whole ones."""
    rating, drift = reading.nullable("rating"), reading.nullable_floats("drift")
    columns = {
        "at": reading.integers("at"),
        "device": reading.strings("device"),
        "rated": (~rating.null).astype(np.int64),
        "rating": rating.values,
        "milliwatts": np.rint(1000 * reading.floats("watts")).astype(np.int64),
        "drifting": (drift.values > 0).astype(np.int64),
    }
    return RecordBatch(reading.rows, columns)


def test_figures_are_made_of_floating_point_and_optional_numbers(contracts: Contracts) -> None:
    fields = {
        "at": Form.INTEGERS,
        "device": Form.STRINGS,
        "watts": Form.FLOATS,
        "rating": Form.NULLABLE,
        "drift": Form.NULLABLE_FLOATS,
    }
    measures = tuple(Measure(name, Merge.SUM) for name in ("rated", "rating", "milliwatts", "drifting"))
    declaration = attrs.evolve(
        declared(fields),
        rows={"readings": {"ReadingTaken": rows}},
        figures=(Figure("devices", "readings", by=("device",), measures=measures),),
    )
    catalog = contracts.add("readings", READING)
    older = READING | {"fields": [one for one in READING["fields"] if one["name"] not in ("rating", "drift")]}
    reader = topic_readers(
        declaration, contracts.settings, catalog, lambda id: json.dumps(READING if id == 1 else older)
    )
    some = {"at": NOW, "device": "d1", "watts": 0.25, "raw": b"", "items": []}
    values = [
        wire.frame(1, encoder(READING, keys=True)(some | {"rating": 4, "drift": 0.5, "phase": None})),
        wire.frame(1, encoder(READING, keys=True)(some | {"rating": None, "drift": -0.5, "phase": None})),
        wire.frame(2, encoder(older, keys=True)(some | {"phase": None})),
    ]
    messages = [Message("readings", 0, 0, b"", value, timestamp=(TIMESTAMP_CREATE_TIME, NOW)) for value in values]
    (topic,) = reader
    result = reader[topic].read(messages, NOW)
    assert result.failures == {}
    parts = [{"ReadingTaken": batch} for batch in result.batches]
    deltas = merge(declaration, parts, {"ReadingTaken": topic}).deltas
    totals = np.sum([[column[0] for column in delta.columns[1:]] for delta in deltas], axis=0)
    assert totals.tolist() == [1, 4, 750, 1]


@pytest.mark.parametrize(
    ("path", "form", "message"),
    [
        ("rating", Form.INTEGERS, "figures are made of it, so it must be a whole number or an enum; it is union of"),
        ("rating", Form.NULLABLE_FLOATS, "so it must be a float or a double, or null; it is union of null, long"),
        ("drift", Form.NULLABLE, "so it must be a whole number or an enum, or null; it is union of null, float"),
        ("watts", Form.NULLABLE_FLOATS, "so it must be a float or a double, or null; it is double"),
        ("at", Form.FLOATS, "so it must be a float or a double; it is long"),
        ("phase", Form.STRINGS, "so it must be text; it is union of null, string"),
        ("raw", Form.STRINGS, "so it must be text; it is bytes"),
        ("raw", Form.OBJECTS, "name raw with one of the forms INTEGERS, STRINGS, FLOATS, NULLABLE, NULLABLE_FLOATS; "),
        ("items", Form.LISTS, "the declaration of the figures must name items.n with one of the forms"),
        ("device", Form.STRINGS, "it is the event time, so the declaration of the figures must name it with the form"),
    ],
)
def test_a_field_of_another_form_than_declared_is_refused(
    contracts: Contracts, path: str, form: Form, message: str
) -> None:
    catalog = contracts.add("readings", READING)
    with pytest.raises(CatalogError, match=rf"readings\.avsc: .*{message}"):
        topic_readers(declared({path: form}), contracts.settings, catalog, lambda _: "")


def test_an_event_time_that_may_be_null_is_refused(contracts: Contracts) -> None:
    schema = json.loads(json.dumps(READING))
    field(schema, "at")["type"] = ["null", "long"]
    catalog = contracts.add("readings", schema)
    with pytest.raises(CatalogError, match=r"ReadingTaken\.at: it is the event time"):
        topic_readers(declared({"at": Form.NULLABLE}), contracts.settings, catalog, lambda _: "")

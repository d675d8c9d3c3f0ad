"""The messages of a topic as columns, of each kind, with the place of each row."""

from __future__ import annotations

import json
from collections.abc import Generator
from typing import Any

import pytest
from confluent_kafka import Message
from hypothesis import given
from hypothesis import strategies as st

from tributary.avro import wire
from tributary.avro.columns.reader import ColumnReader
from tributary.avro.rows.encoder import encoder
from tributary.kafka import topic_columns
from tributary.registry.evolve.edits import AddField

OLD: dict[str, Any] = {"type": "record", "name": "Measured", "fields": [{"name": "value", "type": "double"}]}
OPTIONAL: dict[str, st.SearchStrategy[Any]] = {
    "int": st.integers(-(2**31), 2**31 - 1),
    "long": st.integers(-(2**63), 2**63 - 1),
    "float": st.floats(width=32, allow_nan=False),
    "double": st.floats(allow_nan=False),
    "boolean": st.booleans(),
}


def with_optional(kind: str) -> Any:
    """The contract after `evolve add-field --optional`."""
    edit = AddField("added", kind, "What was added later.", optional=True)
    return edit.change(edit.find(OLD))


@pytest.mark.parametrize("kind", OPTIONAL)
@given(data=st.data())
def test_a_field_that_evolve_adds_is_a_column(kind: str, data: st.DataObject) -> None:
    new = with_optional(kind)
    assert new["fields"][-1]["type"] == ["null", kind]
    rows = data.draw(st.lists(st.tuples(st.floats(allow_nan=False), st.none() | OPTIONAL[kind], st.booleans())))
    write = {1: encoder(OLD, keys=True), 2: encoder(new, keys=True)}
    expected, messages = {}, []
    for offset, (value, added, old) in enumerate(rows):
        schema_id = 1 if old else 2
        record = {"value": value} if old else {"value": value, "added": added}
        messages.append(Message("t", 3, offset, b"", wire.frame(schema_id, write[schema_id](record))))
        expected[offset] = (value, None if old else added)

    def source() -> Generator[Message]:
        yield from messages

    reader = ColumnReader(new, ["value", "added"], lambda id: json.dumps(OLD if id == 1 else new))
    found = {}
    for part in topic_columns._batches(reader, source(), 4):
        assert not part.unreadable
        values = part.records.floats("value").tolist()
        get = part.records.nullable_floats if kind in ("float", "double") else part.records.nullable
        added_ones = get("added").tolist()
        for offset, value, added in zip(part.offsets.tolist(), values, added_ones, strict=True):
            found[offset] = (value, added)
        assert set(part.partitions.tolist()) <= {3}
    assert found == expected

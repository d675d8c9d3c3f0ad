"""Which JSON values are defaults of a type, against fastavro's own validation of the decoded value."""

from __future__ import annotations

from typing import Any

import pytest
from fastavro.validation import validate
from hypothesis import given
from hypothesis import strategies as st

from tributary.avro.defaults import is_portable_default
from tributary.avro.parser import parse_json

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**65), 2**65)
    | st.floats(allow_nan=False)
    | st.sampled_from(["", "A", "Ā"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["a", "b"]), inner, max_size=2),
    max_leaves=4,
)
TYPES = st.recursive(
    st.sampled_from(["null", "boolean", "int", "long", "string"])
    | st.just({"type": "enum", "name": "E", "symbols": ["A", "B"]}),
    lambda inner: (
        inner.map(lambda t: {"type": "array", "items": t}) | inner.map(lambda t: {"type": "map", "values": t})
    ),
    max_leaves=3,
)


@given(JSON, TYPES)
def test_agrees_with_fastavro(value: Any, schema: Any) -> None:
    assert is_portable_default(parse_json(schema), value) == validate(value, schema, raise_errors=False, strict=True)


RECORD = {
    "type": "record",
    "name": "x.R",
    "fields": [{"name": "a", "type": "int"}, {"name": "r", "type": ["null", "R"], "default": None}],
}


@pytest.mark.parametrize(
    ("value", "schema", "expected"),
    [
        ("\xff\x00", {"type": "fixed", "name": "F", "size": 2}, True),
        ("\xff", {"type": "fixed", "name": "F", "size": 2}, False),
        ("Ā", "bytes", False),
        (1, "double", True),
        (True, "double", False),
        ({"a": 1}, RECORD, True),
        ({"a": 1, "r": None}, RECORD, True),
        ({"a": 1, "r": {"a": 2}}, RECORD, False),
        ({"r": None}, RECORD, False),
        ("A", ["null", "string"], False),
    ],
)
def test_what_json_writes_in_its_own_way(value: Any, schema: Any, expected: bool) -> None:
    assert is_portable_default(parse_json(schema), value) is expected

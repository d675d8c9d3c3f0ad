"""The places of values, types and fields in a schema."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tributary.registry.contract.json_edit import lines
from tributary.registry.contract.walk import definitions, fields

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=12,
)


def scalars(value: Any, pointer: str = "") -> Iterator[tuple[str, Any]]:
    """Every scalar in the order of the text."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from scalars(inner, f"{pointer}/{key.replace('~', '~0').replace('/', '~1')}")
    elif isinstance(value, list):
        for position, inner in enumerate(value):
            yield from scalars(inner, f"{pointer}/{position}")
    else:
        yield pointer, value


@given(VALUES)
def test_lines_are_where_the_values_are(value: Any) -> None:
    text = json.dumps(value, indent=1)
    found = lines(text)
    for pointer, scalar in scalars(value):
        assert json.dumps(scalar) in text.splitlines()[found[pointer] - 1]
    ordered = [found[pointer] for pointer, _ in scalars(value)]
    assert len(set(ordered)) == len(ordered)  # one scalar a line
    assert ordered == sorted(ordered)


def test_paths_names_and_pointers() -> None:
    item = {"type": "record", "name": "Item", "fields": [{"name": "n", "type": "int"}]}
    tags = {"type": "map", "values": {"type": "enum", "name": "other.Tag", "symbols": ["A"]}}
    schema = {
        "type": "record",
        "name": "Order",
        "namespace": "shop",
        "fields": [
            {"name": "items", "type": ["null", {"type": "array", "items": item}]},
            {"name": "tags", "type": tags},
        ],
    }
    assert [(field.path, field.pointer) for field in fields(schema)] == [
        ("items", "/fields/0"),
        ("items[].n", "/fields/0/type/1/items/fields/0"),
        ("tags", "/fields/1"),
    ]
    assert [(d.name, d.path) for d in definitions(schema)] == [
        ("shop.Order", ""),
        ("shop.Item", "items[]"),
        ("other.Tag", "tags{}"),
    ]

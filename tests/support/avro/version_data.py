"""Hypothesis strategies: the next version of a schema, after typical edits, good and bad."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

from hypothesis import assume
from hypothesis import strategies as st

from tests.support.avro import avro_data
from tests.support.avro.avro_data import PRIMITIVES, SYMBOLS, Draw, defined_first, definitions
from tributary.avro.parser import parse
from tributary.avro.schema import SchemaError

_PROMOTED = {"int": "long", "long": "double", "float": "double", "string": "bytes", "bytes": "string"}
_TYPES: list[Any] = [*PRIMITIVES, {"type": "array", "items": "int"}, {"type": "map", "values": "string"}]


@st.composite
def first_versions(draw: Draw) -> Any:
    """A schema of any type. Most are records with an enum, which is rare at random and has the subtlest rules."""
    schema = draw(avro_data.records() | avro_data.schemas())
    if isinstance(schema, dict) and "fields" in schema and draw(st.integers(0, 3)):
        symbols = draw(st.lists(st.sampled_from(SYMBOLS), min_size=1, unique=True))
        enum = {"type": "enum", "name": "Kind", "symbols": symbols}
        schema["fields"].append({"name": "kind", "type": draw(st.sampled_from([enum, ["null", enum]]))})
    return schema


@st.composite
def next_versions(draw: Draw, schema: Any, most: int = 2) -> Any:
    """A schema after one to `most` edits anywhere in it."""
    holder = {"type": copy.deepcopy(schema)}
    if isinstance(schema, dict):
        holder["type"].pop("namespace", None)
    for _ in range(draw(st.integers(1, most))):
        places = list(_places(holder, "type"))
        named = [(inside, key) for inside, key in places if isinstance(inside[key], dict) and "name" in inside[key]]
        container, key = draw(st.sampled_from(named * 3 + places))
        container[key] = _edited(draw, container[key], in_union=isinstance(container, list))
    edited = defined_first(holder["type"], definitions(schema) | definitions(holder["type"]), set())
    if isinstance(edited, dict) and "name" in edited:  # everything inside is then in its namespace too
        edited |= draw(st.sampled_from([{}, {}, {"namespace": "shop"}]))
    try:
        parse(json.dumps(edited))
    except SchemaError:  # for example a union with the same branch twice
        assume(False)
    return edited


def _places(container: Any, key: Any) -> Iterator[tuple[Any, Any]]:
    """Every place that holds a type: its container, and its key there."""
    yield container, key
    schema = container[key]
    if isinstance(schema, list):
        for position in range(len(schema)):
            yield from _places(schema, position)
    elif isinstance(schema, dict):
        for inner in ("items", "values"):
            if inner in schema:
                yield from _places(schema, inner)
        for field in schema.get("fields", ()):
            yield from _places(field, "type")


def _edited(draw: Draw, schema: Any, *, in_union: bool) -> Any:
    kind = schema.get("type") if isinstance(schema, dict) else schema
    if kind in ("record", "enum", "fixed") and draw(st.integers(0, 5)):
        return _EDITS[kind](draw, schema)
    if isinstance(schema, list):
        return _edited_union(draw, schema)
    if kind in _PROMOTED and draw(st.booleans()):
        return _PROMOTED[kind]
    other = _type(draw)
    return other if in_union else draw(st.sampled_from([other, ["null", schema], {"type": "array", "items": schema}]))


def _type(draw: Draw) -> Any:
    return copy.deepcopy(draw(st.sampled_from(_TYPES)))


def _edited_union(draw: Draw, union: list[Any]) -> Any:
    edit = draw(st.sampled_from(["order", "less", "more", "one", "twin"]))
    if edit == "order":
        return draw(st.permutations(union))
    if edit == "more":
        return [*union, _type(draw)]
    position = draw(st.integers(0, len(union) - 1))
    branch = union[position]
    if edit == "twin" and isinstance(branch, dict) and "name" in branch:  # two branches may now match
        twin = {**copy.deepcopy(branch), "name": f"{branch['name']}t", "aliases": [branch["name"]]}
        return draw(st.permutations([*union, _EDITS[branch["type"]](draw, twin)]))
    return branch if edit == "one" or len(union) == 1 else union[:position] + union[position + 1 :]


def _renamed(draw: Draw, named: dict[str, Any]) -> dict[str, Any]:
    aliases = draw(st.sampled_from([{}, {"aliases": [named["name"]]}]))
    return {**named, "name": f"{named['name']}x", **aliases}


def _edited_enum(draw: Draw, enum: dict[str, Any]) -> dict[str, Any]:
    if draw(st.integers(0, 3)) == 0:
        return _renamed(draw, enum)
    symbols = draw(st.lists(st.sampled_from(SYMBOLS), min_size=1, unique=True))
    default = draw(st.sampled_from([{}, {"default": symbols[0]}]))
    return {**{key: value for key, value in enum.items() if key != "default"}, "symbols": symbols, **default}


def _edited_fixed(draw: Draw, fixed: dict[str, Any]) -> dict[str, Any]:
    return _renamed(draw, fixed) if draw(st.booleans()) else {**fixed, "size": fixed["size"] + 1}


def _edited_record(draw: Draw, record: dict[str, Any]) -> dict[str, Any]:
    fields = record["fields"]
    edit = draw(st.sampled_from(["name", "add", "drop", "rename", "alias", "order"]))
    if edit == "name":
        return _renamed(draw, record)
    if edit == "add":
        return {**record, "fields": [*fields, _added(draw, record)]}
    if not fields:
        return record
    field = draw(st.sampled_from(fields))
    if edit == "order":
        return {**record, "fields": draw(st.permutations(fields))}
    if edit == "drop":
        return {**record, "fields": [one for one in fields if one is not field]}
    if edit == "alias":  # two of the writer's fields may now match
        other = draw(st.sampled_from(fields))
        changed = {**field, "aliases": [other["name"]]}
    else:
        aliases = draw(st.sampled_from([{}, {"aliases": [field["name"]]}]))
        changed = {**field, "name": f"{field['name']}x", **aliases}
    return {**record, "fields": [changed if one is field else one for one in fields]}


def _added(draw: Draw, record: dict[str, Any]) -> dict[str, Any]:
    name = f"{record['name']}_new{len(record['fields'])}"
    enum = {"type": "enum", "name": f"{name}_kind", "symbols": ["A", "B"]}
    return {
        "name": name,
        **draw(
            st.sampled_from(
                [
                    {"type": "string"},
                    {"type": ["null", "long"]},
                    {"type": ["null", "long"], "default": None},
                    {"type": "int", "default": 7},
                    {"type": enum},
                    {"type": {**enum, "default": "A"}},
                    {"type": enum, "default": "B"},
                ]
            )
        ),
    }


_EDITS = {"record": _edited_record, "enum": _edited_enum, "fixed": _edited_fixed}

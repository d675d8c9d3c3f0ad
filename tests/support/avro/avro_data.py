"""Hypothesis strategies: Avro schemas, data for them, and reader schemas that may be a later version."""

from __future__ import annotations

import copy
import decimal
import struct
from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

Draw = Callable[[st.SearchStrategy[Any]], Any]

PRIMITIVES = ("null", "boolean", "int", "long", "float", "double", "bytes", "string")
SYMBOLS = ("NONE", "A", "B", "C", "class", "D")
FIELDS = ("a", "b", "class", "data", "at", "n", "event", "len")
LIKE = {
    "int": "long",
    "float": "double",
    "map": "record",
    "enum": "string",
    "fixed": "bytes",
    "array": "bytes",  # fastavro takes bytes for an array
}
"""Types whose values look alike, under one name."""


class _Names:
    """Named types as they are drawn: each has a number, so none is defined twice."""

    def __init__(self, *, alike: bool = False) -> None:
        self.alike = alike
        self.defined: dict[str, Any] = {}
        self.open: list[str] = []

    def new(self, prefix: str) -> str:
        return f"{prefix}{len(self.defined) + len(self.open)}"


@st.composite
def schemas(draw: Draw) -> Any:
    """A schema of any type, records within themselves included."""
    names = _Names()
    return defined_first(_schema(draw, names, 3), names.defined, set())


@st.composite
def records(draw: Draw, *, alike: bool = False) -> Any:
    """A schema of a record; `alike`: with unions whose branch cannot be inferred from the value."""
    names = _Names(alike=alike)
    return defined_first(_record(draw, names, 3), names.defined, set())


def _schema(draw: Draw, names: _Names, depth: int) -> Any:
    kinds = [*PRIMITIVES, "decimal", "uuid", "enum", "fixed", "again"]
    if depth:
        kinds += ["array", "map", "record", "union", "optional"] * 2
    kind = draw(st.sampled_from(kinds))
    if kind == "uuid":
        return {"type": "string", "logicalType": "uuid"}
    if kind == "decimal":
        return {"type": "bytes", "logicalType": "decimal", "precision": draw(st.integers(4, 40)), "scale": 3}
    if kind == "again":
        return draw(st.sampled_from(sorted(names.defined))) if names.defined else "long"
    if kind == "enum":
        symbols = draw(st.lists(st.sampled_from(SYMBOLS), min_size=1, unique=True))
        return _define(names, {"type": "enum", "name": names.new("E"), "symbols": symbols})
    if kind == "fixed":
        return _define(names, {"type": "fixed", "name": names.new("F"), "size": draw(st.integers(0, 5))})
    if kind == "array":
        return {"type": "array", "items": _schema(draw, names, depth - 1)}
    if kind == "map":
        return {"type": "map", "values": _schema(draw, names, depth - 1)}
    if kind == "record":
        return _record(draw, names, depth - 1)
    if kind == "optional" and names.open:
        within = draw(st.sampled_from(names.open))
        return draw(st.sampled_from([["null", within], {"type": "array", "items": within}]))
    return _union(draw, names, depth - 1) if kind in ("union", "optional") else kind


def _define(names: _Names, schema: dict[str, Any]) -> dict[str, Any]:
    names.defined[schema["name"]] = schema
    return schema


def _record(draw: Draw, names: _Names, depth: int) -> dict[str, Any]:
    name = names.new("R")
    names.open.append(name)
    fields = draw(st.lists(st.sampled_from(FIELDS), unique=True, max_size=4))
    schema = {
        "type": "record",
        "name": name,
        "fields": [{"name": field, "type": _schema(draw, names, depth)} for field in fields],
    }
    names.open.remove(name)
    return _define(names, schema)


def _union(draw: Draw, names: _Names, depth: int) -> list[Any]:
    """A union whose branch can be inferred from the value; otherwise implementations differ."""
    branches: dict[str, Any] = {}
    for _ in range(draw(st.integers(1, 4))):
        branch = _schema(draw, names, depth)
        if isinstance(branch, list):
            continue
        resolved: Any = names.defined.get(branch, branch) if isinstance(branch, str) else branch
        kind = resolved["type"] if isinstance(resolved, dict) else resolved
        if names.alike:
            group = resolved["name"] if kind in ("record", "enum", "fixed") else kind
        else:
            group = LIKE.get(kind, kind)
        branches.setdefault(group, branch)
    return [branches[group] for group in draw(st.permutations(sorted(branches)))] or ["null"]


@st.composite
def bodies(draw: Draw, schema: Any) -> bytes:
    """Avro bodies of a schema: written here, so that every branch of a union occurs."""
    names = definitions(schema)

    def long(n: int) -> bytes:
        n = n << 1 ^ n >> 63
        groups = [n >> shift & 0x7F for shift in range(0, max(n.bit_length(), 1), 7)]
        return bytes([*(group | 0x80 for group in groups[:-1]), groups[-1]])

    def blob(raw: bytes) -> bytes:
        return long(len(raw)) + raw

    def body(schema: Any, depth: int) -> bytes:
        if isinstance(schema, list):
            shallow = [branch for branch in schema if depth > 0 or branch == "null"] or schema
            branch = draw(st.sampled_from(shallow))
            return long(schema.index(branch)) + body(branch, depth)
        if isinstance(schema, str):
            if schema in names:
                return body(names[schema], depth)
            value = draw(_SCALARS[schema])
            match schema:
                case "null":
                    return b""
                case "boolean":
                    return bytes([value])
                case "int" | "long":
                    return long(value)
                case "float" | "double":
                    return struct.pack("<f" if schema == "float" else "<d", value)
            return blob(value.encode() if schema == "string" else value)
        match schema["type"]:
            case "record":
                return b"".join(body(field["type"], depth - 1) for field in schema["fields"])
            case "enum":
                return long(draw(st.integers(0, len(schema["symbols"]) - 1)))
            case "fixed":
                return bytes(draw(st.binary(min_size=schema["size"], max_size=schema["size"])))
            case "array" | "map" as kind:
                count = draw(st.integers(0, 3 if depth > 0 else 0))
                items = [
                    (blob(f"{n}".encode()) if kind == "map" else b"")
                    + body(schema["values" if kind == "map" else "items"], depth - 1)
                    for n in range(count)
                ]
                if count and draw(st.booleans()):  # the form with a size
                    return long(-count) + blob(b"".join(items)) + b"\0"
                return (long(count) if count else b"") + b"".join(items) + b"\0"
        return body(schema["type"], depth)

    return body(schema, 4)


def data(schema: Any) -> st.SearchStrategy[Any]:
    """Data that a schema describes; records are dictionaries."""
    return _Data(schema).of(schema, 4)


def definitions(schema: Any) -> dict[str, Any]:
    """The named types that a schema defines, by name."""
    inner: list[Any] = []
    found = {}
    if isinstance(schema, list):
        inner = schema
    elif isinstance(schema, dict):
        inner = [schema.get("items"), schema.get("values"), *(field["type"] for field in schema.get("fields", ()))]
        if "name" in schema:
            found[schema["name"]] = schema
        if "namespace" in schema:
            found[f"{schema['namespace']}.{schema['name']}"] = schema
    for one in inner:
        found |= definitions(one)
    return found


class _Data:
    def __init__(self, schema: Any) -> None:
        self.names = definitions(schema)

    def of(self, schema: Any, depth: int) -> st.SearchStrategy[Any]:
        """Data with at most `depth` nested records, where the schema allows it."""
        if isinstance(schema, list):
            branches = [branch for branch in schema if depth > 0 or branch == "null"] or schema
            return st.one_of(*(st.deferred(lambda branch=branch: self.of(branch, depth)) for branch in branches))
        if isinstance(schema, str):
            return self.of(self.names[schema], depth) if schema in self.names else _SCALARS[schema]
        kind, most = schema["type"], 3 if depth > 0 else 0
        if schema.get("logicalType") == "uuid":
            return st.uuids().map(str)
        if schema.get("logicalType") == "decimal":
            largest = 10 ** schema["precision"] - 1
            return st.integers(-largest, largest).map(lambda n: decimal.Decimal(f"{n}e-{schema['scale']}"))
        if kind == "enum":
            return st.sampled_from(schema["symbols"])
        if kind == "fixed":
            return st.binary(min_size=schema["size"], max_size=schema["size"])
        if kind == "array":
            return st.lists(self.of(schema["items"], depth - 1), max_size=most) if most else st.just([])
        if kind == "map":
            return st.dictionaries(_TEXT, self.of(schema["values"], depth - 1), max_size=most) if most else st.just({})
        if kind == "record":
            return st.fixed_dictionaries({f["name"]: self.of(f["type"], depth - 1) for f in schema["fields"]})
        return self.of(kind, depth)


_TEXT = st.text(max_size=80)
_SCALARS: dict[str, st.SearchStrategy[Any]] = {
    "null": st.none(),
    "boolean": st.booleans(),
    "int": st.integers(-(1 << 31), (1 << 31) - 1),
    "long": st.integers(-(1 << 63), (1 << 63) - 1) | st.integers(-9000, 9000),
    "float": st.floats(width=32, allow_nan=False),
    "double": st.floats(allow_nan=False),
    "bytes": st.binary(max_size=80),
    "string": _TEXT,
}

_WIDER = {
    "int": ["long", "float", "double"],
    "long": ["float", "double"],
    "float": ["double"],
    "string": ["bytes"],
    "bytes": ["string"],
}
_ADDED = [
    {"name": "new", "type": ["null", "string"], "default": None},
    {"name": "new", "type": "long", "default": -5},
    {"name": "new", "type": ["null", "long"], "default": None},
    {"name": "new", "type": ["boolean", "null"], "default": True},
    {"name": "new", "type": ["null", "double", "string"], "default": None},
    {"name": "new", "type": {"type": "array", "items": "int"}, "default": [1, 2]},
    {"name": "new", "type": {"type": "map", "values": "double"}, "default": {"a": 1.5}},
    {"name": "new", "type": {"type": "enum", "name": "Added", "symbols": ["X", "Y"]}, "default": "Y"},
]


@st.composite
def readers(draw: Draw, writer: Any) -> Any:
    """A reader schema for a writer's, after typical changes, readable or not."""
    names = definitions(writer)
    changed = _changed(draw, copy.deepcopy(writer))
    return defined_first(changed, names | definitions(changed), set())


def defined_first(schema: Any, names: dict[str, Any], seen: set[str]) -> Any:
    """The schema with each name defined where it is first met: fields that were moved or dropped took definitions."""
    if isinstance(schema, list):
        return [defined_first(branch, names, seen) for branch in schema]
    if isinstance(schema, str):
        return schema if schema in seen or schema not in names else defined_first(names[schema], names, seen)
    if schema.get("name") in seen:
        return schema["name"]
    if "name" in schema:
        seen.add(schema["name"])
    inner = {key: defined_first(schema[key], names, seen) for key in ("items", "values") if key in schema}
    if "fields" in schema:
        inner["fields"] = [field | {"type": defined_first(field["type"], names, seen)} for field in schema["fields"]]
    return schema | inner


def _changed(draw: Draw, schema: Any) -> Any:
    if isinstance(schema, list):
        branches = [branch if isinstance(branch, str) else _changed(draw, branch) for branch in schema]
        return draw(st.permutations(branches)) if draw(st.booleans()) else branches
    if isinstance(schema, str):
        optional = [] if schema == "null" else [["null", schema]]
        return draw(st.sampled_from([schema, schema, *_WIDER.get(schema, []), *optional]))
    kind = schema["type"]
    if kind == "array":
        schema["items"] = _changed(draw, schema["items"])
    elif kind == "map":
        schema["values"] = _changed(draw, schema["values"])
    elif kind == "enum":
        _change_enum(draw, schema)
    elif kind == "record":
        _change_record(draw, schema)
    return schema


def _change_enum(draw: Draw, enum: dict[str, Any]) -> None:
    enum["symbols"] = draw(st.lists(st.sampled_from(SYMBOLS), min_size=1, unique=True))
    if draw(st.booleans()):
        enum["default"] = draw(st.sampled_from(enum["symbols"]))


def _change_record(draw: Draw, record: dict[str, Any]) -> None:
    fields = []
    for field in draw(st.permutations(record["fields"])):
        if draw(st.integers(0, 4)) == 0:
            continue  # the reader no longer has it
        field["type"] = _changed(draw, field["type"])
        if draw(st.integers(0, 3)) == 0:
            field["name"], field["aliases"] = f"{field['name']}_renamed", [field["name"]]
        fields.append(field)
    if draw(st.booleans()):
        added = copy.deepcopy(draw(st.sampled_from(_ADDED)))
        added["name"] += record["name"]
        if isinstance(added["type"], dict) and "name" in added["type"]:
            added["type"]["name"] += record["name"]
        fields.insert(draw(st.integers(0, len(fields))), added)
    record["fields"] = fields

"""Walk through the JSON of a schema: its named types and fields, each with its path, JSON pointer and line."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import attrs

from tributary.avro.resolution import find_type
from tributary.avro.schema import NAMED, Name


@attrs.frozen
class Definition:
    """A record, enum or fixed, where the schema defines it."""

    path: str
    """As `Field.path`; empty for the schema itself."""
    pointer: str
    """JSON pointer into the schema (RFC 6901)."""
    spec: dict[str, Any]
    name: str
    """The full name, namespace first."""


@attrs.frozen
class Field:
    """A field of a record."""

    path: str
    """In words for people: `items[].quantity`; `[]` for the items of an array, `{}` for the values of a map."""
    pointer: str
    spec: dict[str, Any]
    record: Definition

    @property
    def name(self) -> str:
        return str(self.spec.get("name"))

    @property
    def type(self) -> Any:
        return self.spec.get("type")


Node = Definition | Field


def walk(schema: Any) -> Iterator[Node]:
    """Every definition and field of a schema, parents first, in the order of the text."""
    yield from _walk(schema, path="", pointer="", namespace="")


def fields(schema: Any) -> list[Field]:
    """Every field of a schema, nested ones included."""
    return [node for node in walk(schema) if isinstance(node, Field)]


def definitions(schema: Any) -> list[Definition]:
    """Every named type that a schema defines."""
    return [node for node in walk(schema) if isinstance(node, Definition)]


def _walk(schema: Any, path: str, pointer: str, namespace: str) -> Iterator[Node]:
    if isinstance(schema, list):
        for position, branch in enumerate(schema):
            yield from _walk(branch, path, f"{pointer}/{position}", namespace)
    if not isinstance(schema, dict):
        return
    kind = schema.get("type")
    if kind in NAMED:
        name = full_name(schema, namespace)
        definition = Definition(path, pointer, schema, name)
        yield definition
        if kind in ("record", "error"):
            yield from _walk_fields(definition, path, pointer, name.rpartition(".")[0])
    elif kind == "array":
        yield from _walk(schema.get("items"), f"{path}[]", f"{pointer}/items", namespace)
    elif kind == "map":
        yield from _walk(schema.get("values"), f"{path}{{}}", f"{pointer}/values", namespace)
    elif isinstance(kind, dict | list):
        yield from _walk(kind, path, f"{pointer}/type", namespace)


def _walk_fields(record: Definition, path: str, pointer: str, namespace: str) -> Iterator[Node]:
    for position, spec in enumerate(record.spec.get("fields", ())):
        if not isinstance(spec, dict):
            continue
        field = Field(f"{path}.{spec.get('name')}".lstrip("."), f"{pointer}/fields/{position}", spec, record)
        yield field
        yield from _walk(spec.get("type"), field.path, f"{field.pointer}/type", namespace)


def held(schema: Any, field: Field) -> list[Definition]:
    """The named types of a field's values, also inside arrays, maps and unions, but not inside a record."""
    defined = {definition.name: definition for definition in definitions(schema)}
    space = field.record.name.rpartition(".")[0]

    def within(kind: Any) -> Iterator[Definition]:
        match kind:
            case str() if found := find_type(kind, space, defined):
                yield found
            case list():
                for branch in kind:
                    yield from within(branch)
            case {"type": "array", "items": inner} | {"type": "map", "values": inner}:
                yield from within(inner)
            case {"type": str(type_)} if type_ in NAMED:
                yield defined[full_name(kind, space)]
            case {"type": inner}:
                yield from within(inner)

    return list({definition.name: definition for definition in within(field.type)}.values())


def full_name(spec: dict[str, Any], namespace: str = "") -> str:
    """The full name of a definition inside `namespace`."""
    return Name.of(str(spec.get("name")), spec.get("namespace", namespace)).full

"""Find what an edit is about: a field, record or enum of a contract, and the same one in another contract."""

from __future__ import annotations

from collections.abc import Container
from contextlib import suppress
from typing import Any, TypeVar

from tributary.errors import UsageError
from tributary.registry.contract import walk
from tributary.registry.contract.walk import Definition, Field, Node

Schema = dict[str, Any]
T = TypeVar("T")


class EvolveError(UsageError):
    """The edit cannot be made: the contract has no such thing, or has it already; the message says which."""


def find_field(schema: Schema, path: str) -> Field:
    """The field at a path such as `region`, `items[].quantity` or, for short, `items.quantity`.

    Arrays, maps, unions and types that are used by name are looked into. Raises EvolveError if there is no such field,
    or more than one.
    """
    fields = walk.fields(schema)
    records, found = [walk.definitions(schema)[0]], list[Field]()
    for step in _bare(path).split("."):
        places = [record.pointer for record in records]
        found = [field for field in fields if field.record.pointer in places and field.name == step]
        records = [record for field in found for record in walk.held(schema, field)]
    if not found:
        raise EvolveError(f"no field {path!r}; the fields are {', '.join(field.path for field in fields)}")
    return _only(found, path, [field.record.name for field in found])


def find_record(schema: Schema, path: str) -> Definition:
    """The record that a field's values are or hold; the contract's own for an empty path. Raises EvolveError."""
    if not path:
        return walk.definitions(schema)[0]
    records = [one for one in walk.held(schema, find_field(schema, path)) if "fields" in one.spec]
    if not records:
        raise EvolveError(f"field {path!r} contains no record")
    return _only(records, path, [record.name for record in records])


def find_enum(schema: Schema, name: str) -> Definition:
    """The enum with that name, short or full, or the one that the field at that path holds. Raises EvolveError."""
    enums = [one for one in walk.definitions(schema) if one.spec["type"] == "enum"]
    named = [one for one in enums if name in (one.name, one.name.rpartition(".")[2])]
    if not named:
        with suppress(EvolveError):
            named = [one for one in walk.held(schema, find_field(schema, name)) if one in enums]
    if not named:
        known = ", ".join(f"{one.name.rpartition('.')[2]} ({one.path})" for one in enums) or "none"
        raise EvolveError(f"no enum and no field with an enum is named {name!r}; the enums are: {known}")
    return _only(named, name, [one.name for one in named])


def counterpart(node: Node, schema: Schema, joined: Container[str]) -> Node | None:
    """The same thing in another contract, where an edit has to be made alike; None if that contract has none.

    A type that both define is one type. So is a field of `joined`, the names that topics are joined on: the envelope.
    """
    record = node.record if isinstance(node, Field) else node
    definitions = walk.definitions(schema)
    home = next((one for one in definitions if one.name == record.name), None)
    if home is None and isinstance(node, Field) and not record.pointer and node.name in joined:
        home = definitions[0]
    if home is None or isinstance(node, Definition):
        return home
    fields = (field for field in walk.fields(schema) if field.record.pointer == home.pointer)
    found = next((field for field in fields if field.name == node.name), None)
    if found is None:
        raise EvolveError(f"{home.name} has no field {node.name!r}; make it the same in every contract first")
    return found


def _bare(path: str) -> str:
    return path.replace("[]", "").replace("{}", "")


def _only(found: list[T], path: str, names: list[str]) -> T:
    if len(found) > 1:
        raise EvolveError(f"{path!r} may be of {' or '.join(names)}; edit it by hand")
    return found[0]

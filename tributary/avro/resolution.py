"""Avro's schema resolution: which of a reader's types, fields and symbols answer to a writer's.

https://avro.apache.org/docs/1.12.0/specification/#schema-resolution
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from typing import TypeVar

from tributary.avro.schema import Field, Name, Schema, Union

T = TypeVar("T")

_PROMOTIONS = {
    "int": ("long", "float", "double"),
    "long": ("float", "double"),
    "float": ("double",),
    "string": ("bytes",),
    "bytes": ("string",),
}


def promotes(writer: str, reader: str) -> bool:
    """Whether a reader's primitive type may be made of another one that was written."""
    return reader in _PROMOTIONS.get(writer, ())


def find_type(name: str, space: str | None, defined: Mapping[str, T]) -> T | None:
    """What a name inside a namespace refers to, among definitions by full name; None if it is not defined."""
    return defined.get(Name.of(name, space).full) or defined.get(name)


def resolve(writer: Schema, reader: Schema) -> Schema | None:
    """The type as which the reader takes what the writer wrote, itself or a branch of its union; None if it cannot.

    As the Java implementation does, a branch of the very type or full name is preferred to the first that matches.
    """
    branches = [one for one in (reader.branches if isinstance(reader, Union) else [reader]) if _matches(writer, one)]
    return next((one for one in branches if one.full_name == writer.full_name), branches[0] if branches else None)


def written_names(name: str, aliases: Iterable[str], written: Container[str]) -> list[str]:
    """The names among the written ones that a reader's field answers to: its own first, then its aliases."""
    return [candidate for candidate in (name, *aliases) if candidate in written]


def reader_fields(writer: Schema, reader: Schema) -> dict[str, list[Field]]:
    """By the name of a writer's field, the reader's fields that take it: those of its name, or with it as an alias and
    no field of their own name."""
    found: dict[str, list[Field]] = {field.name: [] for field in writer.fields}
    for field in reader.fields:
        for name in written_names(field.name, field.aliases, found)[:1]:
            found[name].append(field)
    return found


def _matches(writer: Schema, reader: Schema) -> bool:
    """Whether the types agree on the outside; what is within arrays, maps and records is seen later."""
    if writer.kind != reader.kind:
        return promotes(writer.kind, reader.kind)
    # By the name without its namespace, or by an alias of the reader's.
    return writer.size == reader.size and (writer.short_name == reader.short_name or writer.name in reader.aliases)

"""Avro's schema resolution: which types and fields of a reader schema read those of a writer schema.

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
    """Whether a reader promotes a written primitive type to its own."""
    return reader in _PROMOTIONS.get(writer, ())


def find_type(name: str, space: str | None, defined: Mapping[str, T]) -> T | None:
    """The definition that a name inside a namespace refers to; None if it is not defined.

    `defined` has the definitions by full name.
    """
    return defined.get(Name.of(name, space).full) or defined.get(name)


def resolve(writer: Schema, reader: Schema) -> Schema | None:
    """The reader's type, or the branch of its union, that reads what the writer wrote; None if there is no match.

    As in the Java implementation, a branch of the same type or full name takes precedence over the first match.
    """
    branches = [one for one in (reader.branches if isinstance(reader, Union) else [reader]) if _matches(writer, one)]
    return next((one for one in branches if one.full_name == writer.full_name), branches[0] if branches else None)


def written_names(name: str, aliases: Iterable[str], written: Container[str]) -> list[str]:
    """The written names that a reader's field can be read from: its own name first, then its aliases."""
    return [candidate for candidate in (name, *aliases) if candidate in written]


def reader_fields(writer: Schema, reader: Schema) -> dict[str, list[Field]]:
    """For each of the writer's fields, by name, the reader's fields that are read from it.

    A reader's field is read from the writer's field of its own name, else of its first alias that the writer has.
    """
    found: dict[str, list[Field]] = {field.name: [] for field in writer.fields}
    for field in reader.fields:
        for name in written_names(field.name, field.aliases, found)[:1]:
            found[name].append(field)
    return found


def _matches(writer: Schema, reader: Schema) -> bool:
    """Whether the types match, without looking into arrays, maps and records."""
    if writer.kind != reader.kind:
        return promotes(writer.kind, reader.kind)
    # By the name without its namespace, or by an alias of the reader's.
    return writer.size == reader.size and (writer.short_name == reader.short_name or writer.name in reader.aliases)

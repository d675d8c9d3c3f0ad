"""Avro's schema resolution: which of a reader's types, fields and symbols answer to a writer's.

https://avro.apache.org/docs/1.12.0/specification/#schema-resolution
"""

from __future__ import annotations

from tributary.avro import types as avro

PROMOTIONS = {
    "int": ("long", "float", "double"),
    "long": ("float", "double"),
    "float": ("double",),
    "string": ("bytes",),
    "bytes": ("string",),
}
"""What a reader may make of a writer's primitive type, other than itself."""


def resolve(writer: avro.Type, reader: avro.Type) -> avro.Type | None:
    """The type as which the reader takes what the writer wrote, itself or a branch of its union; None if it cannot.

    As the Java implementation does, a branch of the very type or full name is preferred to the first that matches.
    """
    branches = reader.branches if isinstance(reader, avro.Union) else (reader,)
    for matches in (_same, _matches):
        for candidate in branches:
            if matches(writer, candidate):
                return candidate
    return None


def reader_fields(writer: avro.Record, reader: avro.Record) -> dict[str, list[avro.Field]]:
    """By the name of a writer's field, the reader's fields that take it: those of its name, or with it as an alias and
    no field of their own name."""
    found: dict[str, list[avro.Field]] = {field.name: [] for field in writer.fields}
    for field in reader.fields:
        name = next((name for name in (field.name, *field.aliases) if name in found), None)
        if name is not None:
            found[name].append(field)
    return found


def _same(writer: avro.Type, reader: avro.Type) -> bool:
    if isinstance(writer, avro.Named) and isinstance(reader, avro.Named):
        return writer.name == reader.name and _matches(writer, reader)
    return writer.kind == reader.kind and _matches(writer, reader)


def _matches(writer: avro.Type, reader: avro.Type) -> bool:
    """Whether the types agree on the outside; what is within arrays, maps and records is seen later."""
    if isinstance(writer, avro.Fixed | avro.Decimal) or isinstance(reader, avro.Fixed | avro.Decimal):
        return _matches_bytes(writer, reader)
    if isinstance(writer, avro.Record | avro.Enum) and isinstance(reader, avro.Record | avro.Enum):
        return writer.kind == reader.kind and _named_alike(writer, reader)
    return writer.kind == reader.kind or reader.kind in PROMOTIONS.get(writer.kind, ())


def _matches_bytes(writer: avro.Type, reader: avro.Type) -> bool:
    """A decimal is, for this purpose, the bytes or the fixed type that carries it."""
    sizes = [kind.size if isinstance(kind, avro.Fixed | avro.Decimal) else None for kind in (writer, reader)]
    if sizes == [None, None]:
        return {writer.kind, reader.kind} <= {"decimal", "bytes", "string"}
    if not isinstance(writer, avro.Fixed | avro.Decimal) or not isinstance(reader, avro.Fixed | avro.Decimal):
        return False
    return sizes[0] == sizes[1] and _named_alike(writer, reader)


def _named_alike(writer: avro.Named, reader: avro.Named) -> bool:
    """By the name without its namespace, or by an alias of the reader's."""
    return _short(writer.name) == _short(reader.name) or bool({writer.name, _short(writer.name)} & {*reader.aliases})


def _short(name: str) -> str:
    return name.rpartition(".")[2]

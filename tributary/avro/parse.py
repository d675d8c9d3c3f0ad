"""Avro schemas: parsed, checked and written back, as Apache Avro's Java library 1.12 does.

Confluent Schema Registry hands every schema to that library, so what it accepts, what it drops (a `doc` beside a
primitive type) and the text it writes back decide what the registry stores. This follows it point by point; where the
specification and the library differ, the library wins.
"""

from __future__ import annotations

from collections.abc import Iterable

from tributary.avro import canonical as avro_text
from tributary.avro.parser import Parser, is_valid_default
from tributary.avro.schema import Field, Json, Name, Schema, SchemaError, same

__all__ = ["Field", "Json", "Name", "Schema", "SchemaError", "is_valid_default", "parse", "same", "stored"]


def stored(text: str) -> Schema:
    """Parse a schema that a registry has, or may come to have: an older one took defaults that do not fit.

    Raises SchemaError.
    """
    return parse(text, validate_defaults=False)


def parse(text: str, references: Iterable[str] = (), *, validate_defaults: bool = True) -> Schema:
    """Parse a schema; `references` are the texts of the schemas it refers to, dependencies first.

    Raises SchemaError with the reason. `validate_defaults=False` is for schemas that are stored already.
    """
    parser = Parser(validate_defaults)
    try:
        outside = frozenset(parser.parse(reference).full_name for reference in references)
        schema = parser.parse(text)
        schema.outside = outside
        schema.canonical = avro_text.canonical(schema)
    except RecursionError:
        raise SchemaError("the schema is nested too deeply") from None
    return schema

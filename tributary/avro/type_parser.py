"""Parse a schema, as read from JSON, into linked types.

The rules are those of https://avro.apache.org/docs/1.12.0/specification/. Names are checked against the
specification's name rule, so they are safe to use in generated source.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from tributary.avro import types as avro

PRIMITIVES = ("null", "boolean", "int", "long", "float", "double", "bytes", "string")

_DEEPEST = 100
"""Whoever walks the types recursively, as all do, stays clear of Python's limit."""

_MOST_VALUES = 100_000
"""Few lines describe a value without end: 40 records, each with two fields of the one before, are 2**40 values."""

_LARGEST = (1 << 31) - 1
"""Bytes of a fixed type, as in Java; whoever adds a size to a position stays within 64 bits."""

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)


def parse(schema: Any) -> avro.Type:
    """The type that a schema, as parsed from JSON, describes.

    Raises avro.SchemaError if it is not a schema, has types more than 100 deep within each other, or describes values
    of more than 100,000 parts.
    """
    kind = _Parser().type(schema, "", "schema")
    if (parts := avro.values(kind)) > _MOST_VALUES:
        raise avro.SchemaError(f"{kind}: its smallest value has {parts:,} parts, expected at most {_MOST_VALUES:,}")
    return kind


class _Parser:
    """One schema's named types, as they are met."""

    def __init__(self) -> None:
        self.names: dict[str, avro.Named] = {}
        self._depth = 0

    def type(self, schema: Any, namespace: str, where: str) -> avro.Type:
        if self._depth >= _DEEPEST:
            raise avro.SchemaError(f"more than {_DEEPEST} types within each other")
        self._depth += 1
        found = self.any(schema, namespace, where)
        self._depth -= 1
        return found

    def any(self, schema: Any, namespace: str, where: str) -> avro.Type:
        if isinstance(schema, str):
            if schema in PRIMITIVES:
                return avro.Primitive(schema)
            found = self.names.get(_full_name(schema, namespace)) or self.names.get(schema)
            if found is None:
                raise avro.SchemaError(f"{where}: no type is named {schema!r}")
            return found
        if isinstance(schema, list):
            return self.union(schema, namespace, where)
        if not isinstance(schema, Mapping) or "type" not in schema:
            raise avro.SchemaError(f"{where}: expected a type, got {schema!r:.80}")
        kind = schema["type"]
        if not isinstance(kind, str):
            return self.type(kind, namespace, where)
        if kind == "array":
            return avro.Array(self.type(schema.get("items"), namespace, f"{where}[]"))
        if kind == "map":
            return avro.Map(self.type(schema.get("values"), namespace, f"{where}{{}}"))
        if kind in ("record", "error", "enum", "fixed"):
            return self.named(schema, kind, namespace, where)
        if kind == "bytes" and (decimal := _decimal(schema, size=None)):
            return decimal
        if kind == "string" and schema.get("logicalType") == "uuid":
            return avro.Primitive("string", "uuid")
        return self.type(kind, namespace, where)

    def union(self, branches: Sequence[Any], namespace: str, where: str) -> avro.Union:
        types = tuple(self.type(branch, namespace, where) for branch in branches)
        identities = [(branch.name or "bytes") if isinstance(branch, avro.Named) else branch.kind for branch in types]
        if "union" in identities:
            raise avro.SchemaError(f"{where}: a union directly in a union")
        for identity in identities:
            if identities.count(identity) > 1:
                raise avro.SchemaError(f"{where}: {identity} twice in a union")
        return avro.Union(types)

    def named(self, schema: Mapping[str, Any], kind: str, namespace: str, where: str) -> avro.Named:
        name = schema.get("name")
        if not isinstance(name, str):
            raise avro.SchemaError(f"{where}: a {kind} without a name")
        own = schema.get("namespace", namespace)
        full = _full_name(name, own if isinstance(own, str) else "")
        space = full.rpartition(".")[0]
        _check_name(full, where)
        if full in self.names or full in PRIMITIVES:
            raise avro.SchemaError(f"{where}: the name {full} is taken")
        aliases = tuple(_full_name(alias, space) for alias in _texts(schema, "aliases", where))
        doc = str(schema.get("doc") or "")
        if kind == "fixed":
            size = schema.get("size")
            if type(size) is not int or not 0 <= size <= _LARGEST:
                raise avro.SchemaError(f"{where}: size of fixed {full} is {size!r:.80}, expected 0 to {_LARGEST}")
            self.names[full] = _decimal(schema, size, full, aliases) or avro.Fixed(full, aliases, size)
        elif kind == "enum":
            self.names[full] = _enum(schema, full, aliases, doc, where)
        else:
            record = self.names[full] = avro.Record(full, aliases, doc)
            record.fields = self.fields(schema.get("fields"), space, where)
        return self.names[full]

    def fields(self, fields: Any, namespace: str, where: str) -> tuple[avro.Field, ...]:
        if not isinstance(fields, list):
            raise avro.SchemaError(f"{where}: expected a list of fields, got {fields!r:.80}")
        parsed: dict[str, avro.Field] = {}
        for field in fields:
            name = field.get("name") if isinstance(field, Mapping) else None
            if not isinstance(name, str) or not _NAME.fullmatch(name):
                raise avro.SchemaError(f"{where}: {name!r} is not a name for a field")
            inside = f"{where}.{name}"
            if name in parsed:
                raise avro.SchemaError(f"{inside}: defined twice")
            parsed[name] = avro.Field(
                name=name,
                aliases=_texts(field, "aliases", inside),
                type=self.type(field.get("type"), namespace, inside),
                doc=str(field.get("doc") or ""),
                has_default="default" in field,
                default=field.get("default"),
                attributes={key: value for key, value in field.items() if key not in _FIELD_KEYS},
            )
        return tuple(parsed.values())


_FIELD_KEYS = ("name", "aliases", "type", "doc", "default", "order")


def _enum(schema: Mapping[str, Any], name: str, aliases: tuple[str, ...], doc: str, where: str) -> avro.Enum:
    symbols = _texts(schema, "symbols", where)
    if len(set(symbols)) != len(symbols):
        raise avro.SchemaError(f"{where}: enum {name} has a symbol twice")
    for symbol in symbols:
        if not _NAME.fullmatch(symbol):
            raise avro.SchemaError(f"{where}: {symbol!r} is not a name for a symbol of enum {name}")
    default = schema.get("default")
    if default is not None and default not in symbols:
        raise avro.SchemaError(
            f"{where}: the default of enum {name} is {default!r}, expected one of {', '.join(symbols)}"
        )
    return avro.Enum(name, aliases, symbols, default, doc)


def _decimal(
    schema: Mapping[str, Any], size: int | None, name: str = "", aliases: tuple[str, ...] = ()
) -> avro.Decimal | None:
    """A decimal, or None where the logical type is another one or, as the specification says, invalid."""
    precision, scale = schema.get("precision"), schema.get("scale", 0)
    if schema.get("logicalType") != "decimal" or type(precision) is not int or type(scale) is not int:
        return None
    if not 0 <= scale <= precision or precision < 1:
        return None
    if size is not None and precision > int((8 * size - 1) * math.log10(2)):
        return None
    return avro.Decimal(precision, scale, size, name, aliases)


def _texts(schema: Mapping[str, Any], key: str, where: str) -> tuple[str, ...]:
    values = schema.get(key, [])
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise avro.SchemaError(f"{where}: {key} is {values!r:.80}, expected a list of names")
    return tuple(values)


def _full_name(name: str, namespace: str) -> str:
    return name if "." in name or not namespace else f"{namespace}.{name}"


def _check_name(name: str, where: str) -> None:
    if not all(_NAME.fullmatch(part) for part in name.split(".")):
        raise avro.SchemaError(f"{where}: {name!r} is not an Avro name")

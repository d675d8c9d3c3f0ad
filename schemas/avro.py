"""Parse an Avro schema into linked types, for the code that generates classes, encoders and decoders.

The rules are those of https://avro.apache.org/docs/1.12.0/specification/. Names are checked against the
specification's name rule, so they are safe to use in generated source.
"""

from __future__ import annotations

import keyword
import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import attrs

PRIMITIVES = ("null", "boolean", "int", "long", "float", "double", "bytes", "string")

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)


class SchemaError(ValueError):
    """A schema cannot be used; the message says where in it and what was expected."""


@attrs.define(eq=False)
class Primitive:
    """A type without parts. `logical` is kept only where it changes the value: `uuid` on a string."""

    kind: str
    logical: str = ""

    def __str__(self) -> str:
        return self.kind


@attrs.define(eq=False)
class Decimal:
    """The logical type decimal, on bytes or on a fixed type of `size` bytes."""

    precision: int
    scale: int
    size: int | None = None
    name: str = ""
    aliases: tuple[str, ...] = ()
    kind: str = "decimal"

    def __str__(self) -> str:
        return f"decimal({self.precision}, {self.scale})"


@attrs.define(eq=False)
class Fixed:
    """A fixed number of bytes; `name` is the full name, as for every named type."""

    name: str
    aliases: tuple[str, ...]
    size: int
    kind: str = "fixed"

    def __str__(self) -> str:
        return f"fixed {self.name}"


@attrs.define(eq=False)
class Enum:
    """An enum; `default` is the symbol that readers take for one they do not know."""

    name: str
    aliases: tuple[str, ...]
    symbols: tuple[str, ...]
    default: str | None
    doc: str
    kind: str = "enum"

    @property
    def short_name(self) -> str:
        """The name without its namespace."""
        return self.name.rpartition(".")[2]

    def __str__(self) -> str:
        return f"enum {self.name}"


@attrs.define(eq=False)
class Array:
    """A list of items."""

    items: Type
    kind: str = "array"

    def __str__(self) -> str:
        return f"array of {self.items}"


@attrs.define(eq=False)
class Map:
    """Values by text keys."""

    values: Type
    kind: str = "map"

    def __str__(self) -> str:
        return f"map of {self.values}"


@attrs.define(eq=False)
class Union:
    """One of several types."""

    branches: tuple[Type, ...]
    kind: str = "union"

    def __str__(self) -> str:
        return f"union of {', '.join(map(str, self.branches))}"


@attrs.define(eq=False)
class Field:
    """A field of a record. `attributes` are the JSON attributes that Avro does not define, such as `minimum`."""

    name: str
    aliases: tuple[str, ...]
    type: Type
    doc: str
    has_default: bool
    default: Any
    attributes: Mapping[str, Any]


@attrs.define(eq=False)
class Record:
    """A record; it may contain itself."""

    name: str
    aliases: tuple[str, ...]
    doc: str
    fields: tuple[Field, ...] = ()
    kind: str = "record"

    @property
    def short_name(self) -> str:
        """The name without its namespace."""
        return self.name.rpartition(".")[2]

    def __str__(self) -> str:
        return f"record {self.name}"


Type = Primitive | Decimal | Fixed | Enum | Array | Map | Union | Record
Named = Decimal | Fixed | Enum | Record


def parse(schema: Any) -> Type:
    """The type that a schema, as parsed from JSON, describes.

    Raises SchemaError if it is not a schema, or nests deeper than Python can follow.
    """
    try:
        return _Parser().type(schema, "", "schema")
    except RecursionError:
        raise SchemaError("the schema nests too deep") from None


def python_name(name: str) -> str:
    """The attribute or class that stands for a name in a schema: itself, with `_` after a word that Python keeps."""
    return f"{name}_" if keyword.iskeyword(name) else name


def parts(kind: Type) -> tuple[Type, ...]:
    """The types directly within a type."""
    if isinstance(kind, Record):
        return tuple(field.type for field in kind.fields)
    if isinstance(kind, Array):
        return (kind.items,)
    if isinstance(kind, Map):
        return (kind.values,)
    return kind.branches if isinstance(kind, Union) else ()


def uses(kind: Type) -> Counter[int]:
    """How often each record, by `id`, is used within a type; a record within itself counts as well."""
    counts = Counter[int]()
    left = [kind]
    while left:
        part = left.pop()
        if isinstance(part, Record):
            counts[id(part)] += 1
            if counts[id(part)] > 1:
                continue
        left += parts(part)
    return counts


class _Parser:
    """One schema's named types, as they are met."""

    def __init__(self) -> None:
        self.names: dict[str, Named] = {}

    def type(self, schema: Any, namespace: str, where: str) -> Type:
        if isinstance(schema, str):
            if schema in PRIMITIVES:
                return Primitive(schema)
            found = self.names.get(_full_name(schema, namespace)) or self.names.get(schema)
            if found is None:
                raise SchemaError(f"{where}: no type is named {schema!r}")
            return found
        if isinstance(schema, list):
            return self.union(schema, namespace, where)
        if not isinstance(schema, Mapping) or "type" not in schema:
            raise SchemaError(f"{where}: expected a type, got {schema!r:.80}")
        kind = schema["type"]
        if not isinstance(kind, str):
            return self.type(kind, namespace, where)
        if kind == "array":
            return Array(self.type(schema.get("items"), namespace, f"{where}[]"))
        if kind == "map":
            return Map(self.type(schema.get("values"), namespace, f"{where}{{}}"))
        if kind in ("record", "error", "enum", "fixed"):
            return self.named(schema, kind, namespace, where)
        if kind == "bytes" and (decimal := _decimal(schema, size=None)):
            return decimal
        if kind == "string" and schema.get("logicalType") == "uuid":
            return Primitive("string", "uuid")
        return self.type(kind, namespace, where)

    def union(self, branches: Sequence[Any], namespace: str, where: str) -> Union:
        types = tuple(self.type(branch, namespace, where) for branch in branches)
        identities = [(branch.name or "bytes") if isinstance(branch, Named) else branch.kind for branch in types]
        if "union" in identities:
            raise SchemaError(f"{where}: a union directly in a union")
        for identity in identities:
            if identities.count(identity) > 1:
                raise SchemaError(f"{where}: {identity} twice in a union")
        return Union(types)

    def named(self, schema: Mapping[str, Any], kind: str, namespace: str, where: str) -> Named:
        name = schema.get("name")
        if not isinstance(name, str):
            raise SchemaError(f"{where}: a {kind} without a name")
        own = schema.get("namespace", namespace)
        full = _full_name(name, own if isinstance(own, str) else "")
        space = full.rpartition(".")[0]
        _check_name(full, where)
        if full in self.names or full in PRIMITIVES:
            raise SchemaError(f"{where}: the name {full} is taken")
        aliases = tuple(_full_name(alias, space) for alias in _texts(schema, "aliases", where))
        doc = str(schema.get("doc", ""))
        if kind == "fixed":
            size = schema.get("size")
            if type(size) is not int or size < 0:
                raise SchemaError(f"{where}: size of fixed {full} is {size!r}, expected 0 or more")
            self.names[full] = _decimal(schema, size, full, aliases) or Fixed(full, aliases, size)
        elif kind == "enum":
            self.names[full] = _enum(schema, full, aliases, doc, where)
        else:
            record = self.names[full] = Record(full, aliases, doc)
            record.fields = self.fields(schema.get("fields"), space, where)
        return self.names[full]

    def fields(self, fields: Any, namespace: str, where: str) -> tuple[Field, ...]:
        if not isinstance(fields, list):
            raise SchemaError(f"{where}: expected a list of fields, got {fields!r:.80}")
        parsed: dict[str, Field] = {}
        for field in fields:
            name = field.get("name") if isinstance(field, Mapping) else None
            if not isinstance(name, str) or not _NAME.fullmatch(name):
                raise SchemaError(f"{where}: {name!r} is not a name for a field")
            inside = f"{where}.{name}"
            if name in parsed:
                raise SchemaError(f"{inside}: defined twice")
            parsed[name] = Field(
                name=name,
                aliases=_texts(field, "aliases", inside),
                type=self.type(field.get("type"), namespace, inside),
                doc=str(field.get("doc", "")),
                has_default="default" in field,
                default=field.get("default"),
                attributes={key: value for key, value in field.items() if key not in _FIELD_KEYS},
            )
        return tuple(parsed.values())


_FIELD_KEYS = ("name", "aliases", "type", "doc", "default", "order")


def _enum(schema: Mapping[str, Any], name: str, aliases: tuple[str, ...], doc: str, where: str) -> Enum:
    symbols = _texts(schema, "symbols", where)
    if len(set(symbols)) != len(symbols):
        raise SchemaError(f"{where}: enum {name} has a symbol twice")
    for symbol in symbols:
        if not _NAME.fullmatch(symbol):
            raise SchemaError(f"{where}: {symbol!r} is not a name for a symbol of enum {name}")
    default = schema.get("default")
    if default is not None and default not in symbols:
        raise SchemaError(f"{where}: the default of enum {name} is {default!r}, expected one of {', '.join(symbols)}")
    return Enum(name, aliases, symbols, default, doc)


def _decimal(
    schema: Mapping[str, Any], size: int | None, name: str = "", aliases: tuple[str, ...] = ()
) -> Decimal | None:
    """A decimal, or None where the logical type is another one or, as the specification says, invalid."""
    precision, scale = schema.get("precision"), schema.get("scale", 0)
    if schema.get("logicalType") != "decimal" or type(precision) is not int or type(scale) is not int:
        return None
    if not 0 <= scale <= precision or precision < 1:
        return None
    if size is not None and precision > int((8 * size - 1) * math.log10(2)):
        return None
    return Decimal(precision, scale, size, name, aliases)


def _texts(schema: Mapping[str, Any], key: str, where: str) -> tuple[str, ...]:
    values = schema.get(key, [])
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise SchemaError(f"{where}: {key} is {values!r:.80}, expected a list of names")
    return tuple(values)


def _full_name(name: str, namespace: str) -> str:
    return name if "." in name or not namespace else f"{namespace}.{name}"


def _check_name(name: str, where: str) -> None:
    if not all(_NAME.fullmatch(part) for part in name.split(".")):
        raise SchemaError(f"{where}: {name!r} is not an Avro name")

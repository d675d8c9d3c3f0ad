"""An Avro schema in memory: the one model of types, fields and names that everything else is built from.

https://avro.apache.org/docs/1.12.0/specification/#schema-declaration
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any, Self, cast

import attrs

from tributary.errors import TributaryError

Json = Any
"""A decoded JSON value."""

PRIMITIVES = ("null", "boolean", "int", "long", "float", "double", "bytes", "string")
NAMED = ("record", "error", "enum", "fixed")
"""The values of `type` in the definition of a named type."""
_KINDS = {*PRIMITIVES, "record", "enum", "fixed", "array", "map", "union"}


class SchemaError(TributaryError, ValueError):
    """A schema is not valid or cannot be used; the message says where and why."""


@attrs.frozen
class Name:
    """A name and its namespace ("" counts as none)."""

    name: str
    space: str | None

    @classmethod
    def of(cls, text: str, space: str | None) -> Name:
        """The name that a string means inside a namespace."""
        before, dot, name = text.rpartition(".")
        return cls(name, (before if dot else space) or None)

    @property
    def full(self) -> str:
        """The name, qualified with its namespace."""
        return self.name if self.space is None else f"{self.space}.{self.name}"

    def within(self, space: str | None) -> str:
        """The shortest string that means this name inside a namespace."""
        if self.space is not None and self.space == space and self.name not in _KINDS:
            return self.name
        return self.full


@attrs.define(eq=False)
class Field:
    """One field of a record. `default` is meaningful only when `has_default`."""

    name: str
    type: Schema
    doc: str | None
    has_default: bool
    default: Json
    order: str
    aliases: tuple[str, ...]
    props: dict[str, Json]
    """The JSON attributes that Avro does not define, such as `minimum`."""


@attrs.define(eq=False)
class Schema:
    """One type in a schema; what does not apply to its `kind` is empty. Its class is one of the subclasses below.

    References share the named type, so a recursive schema is a cycle: compare by identity.
    """

    kind: str
    props: dict[str, Json] = attrs.field(factory=dict)
    name: Name | None = None
    doc: str | None = None
    aliases: tuple[Name, ...] = ()
    is_error: bool = False
    fields: list[Field] = attrs.field(factory=list)
    by_name: dict[str, Field] = attrs.field(factory=dict)
    symbols: tuple[str, ...] = ()
    default: str | None = None
    size: int = 0
    inner: Schema | None = None
    branches: list[Schema] = attrs.field(factory=list)
    canonical: str = ""
    """The text the registry stores; set by `parse` on the type it returns."""
    outside: frozenset[str] = frozenset()
    """The full names of the referenced schemas, which `canonical` names but does not repeat; set by `parse`."""

    @property
    def full_name(self) -> str:
        """The full name of a named type, else the kind."""
        return self.name.full if self.name else self.kind

    @property
    def short_name(self) -> str:
        """The name without its namespace, else the kind."""
        return self.name.name if self.name else self.kind

    @property
    def alias_names(self) -> list[str]:
        """The full names of the aliases. One without a namespace, on a type that has one, is written `.Name`."""
        space = self.name.space if self.name else None
        return [f".{a.name}" if a.space is None and space is not None else a.full for a in self.aliases]

    @property
    def element(self) -> Schema:
        """The type of an array's items or of a map's values."""
        return cast(Schema, self.inner)

    @property
    def parts(self) -> list[Schema]:
        """The types directly within this one."""
        if self.inner is not None:
            return [self.inner]
        return self.branches or [field.type for field in self.fields]

    @property
    def value_kind(self) -> str:
        """The kind of the values: `decimal` where bytes or a fixed type carry one, else the type's own kind."""
        return self.kind

    def __str__(self) -> str:
        return self.kind if self.name is None else f"{self.kind} {self.name.full}"


@attrs.define(eq=False)
class Primitive(Schema):
    """A type without parts."""

    @property
    def is_uuid(self) -> bool:
        """Whether it is a string with the logical type uuid."""
        return self.kind == "string" and self.props.get("logicalType") == "uuid"


@attrs.define(eq=False)
class Fixed(Schema):
    """A fixed number of bytes, `size`."""


@attrs.define(eq=False)
class Decimal(Schema):
    """The logical type decimal, on bytes or on a fixed type."""

    @property
    def precision(self) -> int:
        """Digits."""
        return cast(int, self.props["precision"])

    @property
    def scale(self) -> int:
        """Digits after the point."""
        return cast(int, self.props.get("scale", 0))

    @property
    def value_kind(self) -> str:
        return "decimal"

    def __str__(self) -> str:
        return f"decimal({self.precision}, {self.scale})"


@attrs.define(eq=False)
class Enum(Schema):
    """An enum; readers take the symbol `default` for symbols that they do not have."""


@attrs.define(eq=False)
class Array(Schema):
    """An array of items of the type `element`."""

    def __str__(self) -> str:
        return f"array of {self.inner}"


@attrs.define(eq=False)
class Map(Schema):
    """A map from strings to values of the type `element`."""

    def __str__(self) -> str:
        return f"map of {self.inner}"


@attrs.define(eq=False)
class Union(Schema):
    """One of several types."""

    def __str__(self) -> str:
        return f"union of {', '.join(map(str, self.branches))}"


@attrs.define(eq=False)
class Record(Schema):
    """A record; it may contain itself."""

    def with_fields(self, fields: Iterable[Field]) -> Self:
        """The record with other fields."""
        fields = list(fields)
        return attrs.evolve(self, fields=fields, by_name={field.name: field for field in fields})


def is_decimal(kind: str, size: int, props: Mapping[str, Json]) -> bool:
    """Whether a type with these properties is a valid decimal; otherwise, by the specification, it is the bare type."""
    precision, scale = props.get("precision"), props.get("scale", 0)
    if props.get("logicalType") != "decimal" or type(precision) is not int or type(scale) is not int:
        return False
    largest = 2**31 - 1 if kind == "bytes" else math.floor(math.log10(2) * (8 * size - 1))
    return 0 < precision <= largest and 0 <= scale <= precision

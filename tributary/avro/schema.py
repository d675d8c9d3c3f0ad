"""An Avro schema in memory: types, fields and names."""

from __future__ import annotations

import json
from typing import Any, cast

import attrs

from tributary.errors import TributaryError

Json = Any
"""A decoded JSON value."""

PRIMITIVES = frozenset(("null", "boolean", "int", "long", "float", "double", "bytes", "string"))
_KINDS = PRIMITIVES | {"record", "enum", "fixed", "array", "map", "union"}


class SchemaError(TributaryError, ValueError):
    """The text is not a valid Avro schema; the message says where and why."""


@attrs.frozen
class Name:
    """A name and its namespace ("" counts as none)."""

    name: str
    space: str | None

    @property
    def full(self) -> str:
        """The name with its namespace before it."""
        return self.name if self.space is None else f"{self.space}.{self.name}"

    def within(self, space: str | None) -> str:
        """The shortest text that means this name inside a namespace."""
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


@attrs.define(eq=False)
class Schema:
    """One type in a schema; what does not apply to its `kind` is empty.

    Named types are shared by all who refer to them, so a recursive schema is a cycle: compare by identity.
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


def same(one: Schema, other: Schema, *, docs: bool = False) -> bool:
    """Whether two types are equal as Avro compares them: properties count, docs and aliases only with `docs`."""
    return _same(one, other, docs, set())


def _same(one: Schema, other: Schema, docs: bool, seen: set[tuple[int, int]]) -> bool:
    if one is other or (id(one), id(other)) in seen:
        return True
    seen.add((id(one), id(other)))
    if one.kind != other.kind or one.full_name != other.full_name or not _equal_json(one.props, other.props):
        return False
    if one.symbols != other.symbols or one.size != other.size or len(one.branches) != len(other.branches):
        return False
    if docs and (one.doc, set(one.aliases), one.default) != (other.doc, set(other.aliases), other.default):
        return False
    if one.inner is not None and not _same(one.inner, other.element, docs, seen):
        return False
    return (
        len(one.fields) == len(other.fields)
        and all(_same(a, b, docs, seen) for a, b in zip(one.branches, other.branches, strict=True))
        and all(_same_field(a, b, docs, seen) for a, b in zip(one.fields, other.fields, strict=True))
    )


def _same_field(one: Field, other: Field, docs: bool, seen: set[tuple[int, int]]) -> bool:
    if (one.name, one.order, one.has_default) != (other.name, other.order, other.has_default):
        return False
    if docs and (one.doc, set(one.aliases)) != (other.doc, set(other.aliases)):
        return False
    return (
        _equal_json(one.default, other.default)
        and _equal_json(one.props, other.props)
        and _same(one.type, other.type, docs, seen)
    )


def _equal_json(one: Json, other: Json) -> bool:
    """Equality that keeps 1, 1.0 and true apart, and does not mind the order of keys."""
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)

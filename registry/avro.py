"""Avro schemas: parsed, checked and written back, as Apache Avro's Java library 1.12 does.

Confluent Schema Registry hands every schema to that library, so what it accepts, what it drops (a `doc` beside a
primitive type) and the text it writes back decide what the registry stores. This module follows it point by point;
where the specification and the library differ, the library wins.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable
from typing import Any, cast

import attrs

from registry import avro_text

Json = Any
"""A decoded JSON value."""

PRIMITIVES = frozenset(("null", "boolean", "int", "long", "float", "double", "bytes", "string"))
NAMED = frozenset(("record", "enum", "fixed"))
MAX_DEPTH = 150
"""Types nested deeper than this are refused: people do not write them, and recursion over them must stay safe."""

_TYPE_NAMES = PRIMITIVES | NAMED | {"array", "map", "union"}
_SCHEMA_RESERVED = frozenset(
    ("doc", "fields", "items", "name", "namespace", "size", "symbols", "values", "type", "aliases")
)
_ENUM_RESERVED = _SCHEMA_RESERVED | {"default"}
_FIELD_RESERVED = frozenset(("default", "doc", "name", "order", "type", "aliases"))
_ASCII_NAME = re.compile("[A-Za-z_][A-Za-z0-9_]*")
_MAX_FIXED_SIZE = 2**31 - 1 - 8
_INT_RANGE = range(-(2**31), 2**31)
_LONG_RANGE = range(-(2**63), 2**63)
# A string (also one that never ends, so that hostile text is scanned once), or a comment.
_STRING_OR_COMMENT = re.compile(r'"(?:[^"\\]|\\.)*(?:"|\\?\Z)|//[^\n\r]*|/\*(?:.*?\*/|.*\Z)', re.DOTALL)


class SchemaError(ValueError):
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
        if self.space is not None and self.space == space and self.name not in _TYPE_NAMES:
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


def parse(text: str, references: Iterable[str] = (), *, validate_defaults: bool = True) -> Schema:
    """Parse a schema; `references` are the texts of the schemas it refers to, dependencies first.

    Raises SchemaError with the reason. `validate_defaults=False` is for schemas that are stored already.
    """
    parser = _Parser(validate_defaults)
    try:
        outside = frozenset(parser.parse(reference).full_name for reference in references)
        schema = parser.parse(text)
        schema.outside = outside
        schema.canonical = avro_text.canonical(schema)
    except RecursionError:
        raise SchemaError("the schema is nested too deeply") from None
    return schema


def load_json(text: str) -> Json:
    """Decode JSON as strictly as Jackson, which Avro uses: comments are allowed, NaN is not. Raises SchemaError."""
    try:
        value = _strict_json(text)
    except ValueError as error:
        if "/" not in text:
            raise SchemaError(f"the schema is not valid JSON: {error}") from None
        bare = _STRING_OR_COMMENT.sub(lambda found: found[0] if found[0][0] == '"' else " ", text)
        try:
            value = _strict_json(bare)
        except ValueError as again:
            raise SchemaError(f"the schema is not valid JSON: {again}") from None
    return value


def _strict_json(text: str) -> Json:
    return json.loads(text, parse_constant=_refuse_constant)


def _refuse_constant(name: str) -> Json:
    raise ValueError(f"{name} is not a JSON value")


def check_name(name: Json, what: str) -> str:
    """Return the name if Avro allows it (letters of any language, digits, _); raises SchemaError if not."""
    if not isinstance(name, str) or not name:
        raise SchemaError(f"{what} must be a string that is not empty, got {_show(name)}")
    if _ASCII_NAME.fullmatch(name):
        return name
    for position, char in enumerate(name):
        category = unicodedata.category(char) if ord(char) < 0x10000 else "So"
        if not (char == "_" or category[0] == "L" or (category == "Nd" and position)):
            raise SchemaError(f"{what} {_show(name)} has an illegal character {char!r} at position {position}")
    return name


def _show(value: Json) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 120 else text[:117] + "..."


@attrs.define
class _Parser:
    """Parses texts one after the other; later ones may refer to the names of earlier ones."""

    validate_defaults: bool
    names: dict[str, Schema] = attrs.field(factory=dict)
    unions: list[Schema] = attrs.field(factory=list)
    forward: list[tuple[Schema, str]] = attrs.field(factory=list)
    defaults: list[tuple[Field, Name]] = attrs.field(factory=list)
    depth: int = 0

    def parse(self, text: str) -> Schema:
        if "\\u" in text:
            _refuse_lone_surrogates(text)
        schema = self._type(load_json(text), None)
        found = {id(place): self._resolve(name) for place, name in self.forward}
        if found:
            self._replace(found)
            schema = found.get(id(schema), schema)
        for union in self.unions:
            _check_union(union)
        for field, record in self.defaults:
            _check_default(field, record)
        self.unions.clear()
        self.forward.clear()
        self.defaults.clear()
        return schema

    def _type(self, node: Json, space: str | None) -> Schema:
        if isinstance(node, str):
            return self._find(node, space)
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise SchemaError(f"types are nested more than {MAX_DEPTH} deep")
        try:
            if isinstance(node, dict):
                return self._object(node, space)
            if isinstance(node, list):
                union = Schema("union", branches=[self._type(branch, space) for branch in node])
                self.unions.append(union)
                return union
        finally:
            self.depth -= 1
        raise SchemaError(f"expected a type (a name, an object or a list), got {_show(node)}")

    def _object(self, node: dict[str, Json], space: str | None) -> Schema:
        kind = node.get("type")
        if not isinstance(kind, str):
            raise SchemaError(f"no type (a string) in {_show(node)}")
        if kind in PRIMITIVES:
            return Schema(kind, _props(node, _SCHEMA_RESERVED))
        if kind in ("array", "map"):
            part = "items" if kind == "array" else "values"
            if part not in node:
                raise SchemaError(f"{kind} has no {part}: {_show(node)}")
            return Schema(kind, _props(node, _SCHEMA_RESERVED), inner=self._type(node[part], space))
        if kind in ("record", "error", "enum", "fixed"):
            schema = self._named(node, kind, space)
            self._define(schema)
            return schema
        return self._find(kind, space)

    def _named(self, node: dict[str, Json], kind: str, space: str | None) -> Schema:
        own = _text(node, "namespace")
        name = _make_name(_required(node, "name", f"{kind} has no name"), space if own is None else own)
        if name.full in PRIMITIVES:
            raise SchemaError(f"a {kind} may not be named after the primitive type {name.full}")
        doc = _text(node, "doc")
        aliases = tuple(dict.fromkeys(_make_name(alias, name.space) for alias in _aliases(node)))
        if kind == "enum":
            symbols, default = _symbols(node, name.full)
            props = _props(node, _ENUM_RESERVED)
            return Schema("enum", props, name, doc, aliases, symbols=symbols, default=default)
        props = _props(node, _SCHEMA_RESERVED)
        if kind == "fixed":
            return Schema("fixed", props, name, doc, aliases, size=_size(node, name.full))
        schema = Schema("record", props, name, doc, aliases, is_error=kind == "error")
        fields = node.get("fields")
        if not isinstance(fields, list):
            raise SchemaError(f"record {name.full} has no list of fields")
        for item in fields:
            field = self._field(item, name)
            if field.name in schema.by_name:
                raise SchemaError(f"record {name.full} has two fields named {field.name}")
            schema.fields.append(field)
            schema.by_name[field.name] = field
        return schema

    def _field(self, node: Json, record: Name) -> Field:
        if not isinstance(node, dict):
            raise SchemaError(f"a field of {record.full} must be an object, got {_show(node)}")
        name = _required(node, "name", f"a field of {record.full} has no name")
        if "type" not in node:
            raise SchemaError(f"field {name} of {record.full} has no type")
        kind = self._type(node["type"], record.space)
        check_name(name, f"field of {record.full}")
        order = node.get("order", "ascending")
        if not isinstance(order, str) or order.lower() not in ("ascending", "descending", "ignore"):
            raise SchemaError(f"field {name} of {record.full} has an unknown order {_show(order)}")
        default = node.get("default")
        if kind.kind in ("float", "double") and isinstance(default, str):
            default = _number(default, f"the default of field {name}")
        aliases = tuple(dict.fromkeys(_aliases(node)))
        props = _props(node, _FIELD_RESERVED)
        field = Field(name, kind, _text(node, "doc"), "default" in node, default, order.lower(), aliases, props)
        if field.has_default and self.validate_defaults:
            self.defaults.append((field, record))
        return field

    def _find(self, name: str, space: str | None) -> Schema:
        """A type by its name. For one that is not known yet a placeholder stands until the end of the text."""
        if name in PRIMITIVES:
            return Schema(name)
        full = f"{space}.{name}" if space is not None and "." not in name else name
        found = self.names.get(full) or self.names.get(name)
        if found is None:
            found = Schema("record", name=Name(f"?{len(self.forward)}", None))
            self.forward.append((found, full))
        return found

    def _define(self, schema: Schema) -> None:
        full = schema.full_name
        for part in full.split("."):
            check_name(part, f"name {_show(full)}: part")
        known = self.names.setdefault(full, schema)
        if known is not schema and not same(known, schema):
            raise SchemaError(f"can't redefine: {full}")

    def _resolve(self, name: str) -> Schema:
        found = self.names.get(name)
        if found is None:
            raise SchemaError(f"undefined name: {_show(name)}")
        return found

    def _replace(self, found: dict[int, Schema]) -> None:
        """Put the named types where placeholders stand; each place is visited once."""
        for union in self.unions:
            union.branches = [found.get(id(branch), branch) for branch in union.branches]
        todo = list(self.names.values()) + [branch for union in self.unions for branch in union.branches]
        for schema in todo:
            for field in schema.fields:
                field.type = self._replaced(field.type, found)
            if schema.inner is not None:
                self._replaced(schema, found)

    @staticmethod
    def _replaced(schema: Schema, found: dict[int, Schema]) -> Schema:
        outer = schema
        while schema.inner is not None:
            schema.inner = found.get(id(schema.inner), schema.inner)
            schema = schema.inner
        return found.get(id(outer), outer)


def _refuse_lone_surrogates(text: str) -> None:
    try:
        json.dumps(load_json(text), ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise SchemaError("the schema holds half of a surrogate pair, which is no character") from None


def _check_default(field: Field, record: Name) -> None:
    if not is_valid_default(field.type, field.default):
        value = _show(field.default)
        raise SchemaError(f"invalid default for field {field.name} of {record.full}: {value} is no {field.type.kind}")


def _check_union(union: Schema) -> None:
    seen: set[str] = set()
    for branch in union.branches:
        if branch.kind == "union":
            raise SchemaError("a union may not hold another union directly")
        if branch.full_name in seen:
            raise SchemaError(f"duplicate in union: {branch.full_name}")
        seen.add(branch.full_name)


def _props(node: dict[str, Json], reserved: frozenset[str]) -> dict[str, Json]:
    return {key: value for key, value in node.items() if key not in reserved}


def _text(node: dict[str, Json], key: str) -> str | None:
    value = node.get(key)
    return value if isinstance(value, str) else None


def _required(node: dict[str, Json], key: str, error: str) -> str:
    value = _text(node, key)
    if value is None:
        raise SchemaError(f"{error}: {_show(node)}")
    return value


def _make_name(text: str, space: str | None) -> Name:
    before, dot, name = text.rpartition(".")
    check_name(name, "name")
    return Name(name, (before if dot else space) or None)


def _aliases(node: dict[str, Json]) -> list[str]:
    aliases = node.get("aliases", [])
    if not isinstance(aliases, list) or not all(isinstance(alias, str) for alias in aliases):
        raise SchemaError(f"aliases must be a list of strings, got {_show(aliases)}")
    return aliases


def _symbols(node: dict[str, Json], name: str) -> tuple[tuple[str, ...], str | None]:
    symbols = node.get("symbols")
    if not isinstance(symbols, list):
        raise SchemaError(f"enum {name} has no list of symbols")
    for symbol in symbols:
        check_name(symbol, f"symbol of enum {name}")
    known = set(symbols)
    if len(known) < len(symbols):
        twice = next(symbol for position, symbol in enumerate(symbols) if symbol in symbols[:position])
        raise SchemaError(f"enum {name} has the symbol {twice} twice")
    default = _text(node, "default")
    if default is not None and default not in known:
        raise SchemaError(f"the default {_show(default)} of enum {name} is none of its symbols")
    return tuple(symbols), default


def _size(node: dict[str, Json], name: str) -> int:
    size = node.get("size")
    if not _is_integer(size, range(_MAX_FIXED_SIZE + 1)):
        raise SchemaError(f"fixed {name} needs a size from 0 to {_MAX_FIXED_SIZE}, got {_show(size)}")
    return cast(int, size)


def _is_integer(value: Json, within: range) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value in within


def _number(text: str, what: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise SchemaError(f"{what} is not a number: {_show(text)}") from None


def is_valid_default(schema: Schema, value: Json) -> bool:
    """Whether a JSON value can be the default of a field of this type; for a union, of any of its branches."""
    match schema.kind:
        case "string" | "bytes" | "enum" | "fixed":
            return isinstance(value, str)
        case "int":
            return _is_integer(value, _INT_RANGE)
        case "long":
            return _is_integer(value, _LONG_RANGE)
        case "float" | "double":
            return isinstance(value, (int, float)) and not isinstance(value, bool)
        case "boolean":
            return isinstance(value, bool)
        case "null":
            return value is None
        case "array":
            return isinstance(value, list) and all(is_valid_default(schema.element, item) for item in value)
        case "map":
            return isinstance(value, dict) and all(is_valid_default(schema.element, item) for item in value.values())
        case "union":
            return any(is_valid_default(branch, value) for branch in schema.branches)
        case _:
            return isinstance(value, dict) and all(_has_value(field, value) for field in schema.fields)


def _has_value(field: Field, record: dict[str, Json]) -> bool:
    if field.name in record:
        return is_valid_default(field.type, record[field.name])
    return field.has_default and is_valid_default(field.type, field.default)


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

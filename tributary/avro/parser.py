"""From JSON to a schema, with the checks that Avro's Java library makes."""

from __future__ import annotations

import re
import unicodedata
from typing import cast

import attrs

from tributary.avro.jackson import load_json, refuse_lone_surrogates, show
from tributary.avro.schema import PRIMITIVES, Field, Json, Name, Schema, SchemaError, same

MAX_DEPTH = 150
"""Types nested deeper than this are refused: people do not write them, and recursion over them must stay safe."""

_SCHEMA_RESERVED = frozenset(
    ("doc", "fields", "items", "name", "namespace", "size", "symbols", "values", "type", "aliases")
)
_ENUM_RESERVED = _SCHEMA_RESERVED | {"default"}
_FIELD_RESERVED = frozenset(("default", "doc", "name", "order", "type", "aliases"))
_ASCII_NAME = re.compile("[A-Za-z_][A-Za-z0-9_]*")
_MAX_FIXED_SIZE = 2**31 - 1 - 8
_INT_RANGE = range(-(2**31), 2**31)
_LONG_RANGE = range(-(2**63), 2**63)


@attrs.define
class Parser:
    """Parses texts one after the other; later ones may refer to the names of earlier ones."""

    validate_defaults: bool
    names: dict[str, Schema] = attrs.field(factory=dict)
    unions: list[Schema] = attrs.field(factory=list)
    forward: list[tuple[Schema, str]] = attrs.field(factory=list)
    defaults: list[tuple[Field, Name]] = attrs.field(factory=list)
    depth: int = 0

    def parse(self, text: str) -> Schema:
        if "\\u" in text:
            refuse_lone_surrogates(text)
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
        raise SchemaError(f"expected a type (a name, an object or a list), got {show(node)}")

    def _object(self, node: dict[str, Json], space: str | None) -> Schema:
        kind = node.get("type")
        if not isinstance(kind, str):
            raise SchemaError(f"no type (a string) in {show(node)}")
        if kind in PRIMITIVES:
            return Schema(kind, _props(node, _SCHEMA_RESERVED))
        if kind in ("array", "map"):
            part = "items" if kind == "array" else "values"
            if part not in node:
                raise SchemaError(f"{kind} has no {part}: {show(node)}")
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
            raise SchemaError(f"a field of {record.full} must be an object, got {show(node)}")
        name = _required(node, "name", f"a field of {record.full} has no name")
        if "type" not in node:
            raise SchemaError(f"field {name} of {record.full} has no type")
        kind = self._type(node["type"], record.space)
        check_name(name, f"field of {record.full}")
        order = node.get("order", "ascending")
        if not isinstance(order, str) or order.lower() not in ("ascending", "descending", "ignore"):
            raise SchemaError(f"field {name} of {record.full} has an unknown order {show(order)}")
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
            check_name(part, f"name {show(full)}: part")
        known = self.names.setdefault(full, schema)
        if known is not schema and not same(known, schema):
            raise SchemaError(f"can't redefine: {full}")

    def _resolve(self, name: str) -> Schema:
        found = self.names.get(name)
        if found is None:
            raise SchemaError(f"undefined name: {show(name)}")
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


def _check_default(field: Field, record: Name) -> None:
    if not is_valid_default(field.type, field.default):
        value = show(field.default)
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
        raise SchemaError(f"{error}: {show(node)}")
    return value


def _make_name(text: str, space: str | None) -> Name:
    before, dot, name = text.rpartition(".")
    check_name(name, "name")
    return Name(name, (before if dot else space) or None)


def _aliases(node: dict[str, Json]) -> list[str]:
    aliases = node.get("aliases", [])
    if not isinstance(aliases, list) or not all(isinstance(alias, str) for alias in aliases):
        raise SchemaError(f"aliases must be a list of strings, got {show(aliases)}")
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
        raise SchemaError(f"the default {show(default)} of enum {name} is none of its symbols")
    return tuple(symbols), default


def _size(node: dict[str, Json], name: str) -> int:
    size = node.get("size")
    if not _is_integer(size, range(_MAX_FIXED_SIZE + 1)):
        raise SchemaError(f"fixed {name} needs a size from 0 to {_MAX_FIXED_SIZE}, got {show(size)}")
    return cast(int, size)


def _is_integer(value: Json, within: range) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value in within


def _number(text: str, what: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise SchemaError(f"{what} is not a number: {show(text)}") from None


def check_name(name: Json, what: str) -> str:
    """Return the name if Avro allows it (letters of any language, digits, _); raises SchemaError if not."""
    if not isinstance(name, str) or not name:
        raise SchemaError(f"{what} must be a string that is not empty, got {show(name)}")
    if _ASCII_NAME.fullmatch(name):
        return name
    for position, char in enumerate(name):
        category = unicodedata.category(char) if ord(char) < 0x10000 else "So"
        if not (char == "_" or category[0] == "L" or (category == "Nd" and position)):
            raise SchemaError(f"{what} {show(name)} has an illegal character {char!r} at position {position}")
    return name


def is_valid_default(schema: Schema, value: Json, known: dict[int, bool] | None = None) -> bool:
    """Whether a JSON value can be the default of a field of this type; for a union, of any of its branches.

    `known` has the verdict on the defaults of fields met before, by the field's `id`: records that share types, each
    with the default {}, name exponentially many.
    """
    known = {} if known is None else known
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
            return isinstance(value, list) and all(is_valid_default(schema.element, item, known) for item in value)
        case "map":
            return isinstance(value, dict) and all(
                is_valid_default(schema.element, item, known) for item in value.values()
            )
        case "union":
            return any(is_valid_default(branch, value, known) for branch in schema.branches)
        case _:
            return isinstance(value, dict) and all(_has_value(field, value, known) for field in schema.fields)


def _has_value(field: Field, record: dict[str, Json], known: dict[int, bool]) -> bool:
    if field.name in record:
        return is_valid_default(field.type, record[field.name], known)
    if id(field) not in known:
        known[id(field)] = field.has_default and is_valid_default(field.type, field.default, known)
    return known[id(field)]

"""From JSON to a schema, with the checks that Apache Avro's Java library 1.12 makes.

Confluent Schema Registry parses every schema with that library, so the library decides what is valid, what is dropped
(a `doc` on a primitive type) and what text is stored. Where the specification and the library differ, this parser
follows the library.
"""

from __future__ import annotations

from collections.abc import Iterable

import attrs

from tributary.avro import attributes
from tributary.avro.canonical import canonical
from tributary.avro.defaults import is_valid_default
from tributary.avro.fingerprint import fingerprint
from tributary.avro.jackson import load_json, refuse_lone_surrogates, show
from tributary.avro.resolution import find_type
from tributary.avro.schema import (
    NAMED,
    PRIMITIVES,
    Array,
    Decimal,
    Enum,
    Field,
    Fixed,
    Json,
    Map,
    Name,
    Primitive,
    Record,
    Schema,
    SchemaError,
    Union,
    is_decimal,
)

_MAX_DEPTH = 150
"""Types nested deeper are refused: real schemas do not nest so deep, and recursion over them must be safe."""

_SCHEMA_RESERVED = frozenset(
    ("doc", "fields", "items", "name", "namespace", "size", "symbols", "values", "type", "aliases")
)
_ENUM_RESERVED = _SCHEMA_RESERVED | {"default"}
_FIELD_RESERVED = frozenset(("default", "doc", "name", "order", "type", "aliases"))


def parse(text: str, references: Iterable[str] = (), *, validate_defaults: bool = True) -> Schema:
    """Parse a schema; `references` are the texts of the schemas it refers to, dependencies first.

    Raises SchemaError with the reason. `validate_defaults=False` is for schemas that are already stored.
    """
    parser = _Parser(validate_defaults)
    try:
        outside = frozenset(parser.parse(reference).full_name for reference in references)
        schema = parser.parse(text)
        schema.outside = outside
        schema.canonical = canonical(schema)
    except RecursionError:
        raise SchemaError("the schema is nested too deeply") from None
    return schema


def stored(text: str) -> Schema:
    """Parse a schema that a registry has stored: older registries accept invalid defaults.

    Raises SchemaError.
    """
    return parse(text, validate_defaults=False)


def parse_json(node: Json) -> Schema:
    """Parse a schema that is already decoded from JSON, without checking its defaults. Raises SchemaError."""
    try:
        return _Parser(validate_defaults=False).read(node)
    except RecursionError:
        raise SchemaError("the schema is nested too deeply") from None


@attrs.define
class _Parser:
    """Parses texts in turn; each may refer to the names of those before it."""

    validate_defaults: bool
    names: dict[str, Schema] = attrs.field(factory=dict)
    unions: list[Schema] = attrs.field(factory=list)
    forward: list[tuple[Schema, str, str]] = attrs.field(factory=list)
    """The placeholders, each with the name that it replaces and its place."""
    defaults: list[tuple[Field, Name]] = attrs.field(factory=list)
    depth: int = 0
    place: str = ""
    """The field being read, for messages."""

    def parse(self, text: str) -> Schema:
        if "\\u" in text:
            refuse_lone_surrogates(text)
        return self.read(load_json(text))

    def read(self, node: Json) -> Schema:
        schema = self._type(node, None)
        found = {id(placeholder): self._resolve(name, place) for placeholder, name, place in self.forward}
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
        if self.depth > _MAX_DEPTH:
            raise SchemaError(f"types are nested more than {_MAX_DEPTH} deep")
        try:
            if isinstance(node, dict):
                return self._object(node, space)
            if isinstance(node, list):
                union = Union("union", branches=[self._type(branch, space) for branch in node])
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
            props = attributes.others(node, _SCHEMA_RESERVED)
            decimal = kind == "bytes" and is_decimal(kind, 0, props)
            return Decimal(kind, props) if decimal else Primitive(kind, props)
        if kind in ("array", "map"):
            part = "items" if kind == "array" else "values"
            if part not in node:
                raise SchemaError(f"{kind} has no {part}: {show(node)}")
            props, inner = attributes.others(node, _SCHEMA_RESERVED), self._type(node[part], space)
            return Array(kind, props, inner=inner) if kind == "array" else Map(kind, props, inner=inner)
        if kind in NAMED:
            schema = self._named(node, kind, space)
            self._define(schema)
            return schema
        return self._find(kind, space)

    def _named(self, node: dict[str, Json], kind: str, space: str | None) -> Schema:
        own = attributes.text(node, "namespace")
        written = attributes.required_text(node, "name", f"{kind} has no name")
        name = attributes.name(written, space if own is None else own)
        if name.full in PRIMITIVES:
            raise SchemaError(f"a {kind} may not be named after the primitive type {name.full}")
        doc = attributes.text(node, "doc")
        aliases = tuple(dict.fromkeys(attributes.name(alias, name.space) for alias in attributes.aliases(node)))
        if kind == "enum":
            symbols, default = attributes.symbols(node, name.full)
            props = attributes.others(node, _ENUM_RESERVED)
            return Enum("enum", props, name, doc, aliases, symbols=symbols, default=default)
        props = attributes.others(node, _SCHEMA_RESERVED)
        if kind == "fixed":
            size = attributes.size(node, name.full)
            class_ = Decimal if is_decimal(kind, size, props) else Fixed
            return class_("fixed", props, name, doc, aliases, size=size)
        schema = Record("record", props, name, doc, aliases, is_error=kind == "error")
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
        name = attributes.required_text(node, "name", f"a field of {record.full} has no name")
        if "type" not in node:
            raise SchemaError(f"field {name} of {record.full} has no type")
        around, self.place = self.place, f" in field {name} of {record.full}"
        kind = self._type(node["type"], record.space)
        self.place = around
        attributes.check_name(name, f"field of {record.full}")
        order = node.get("order", "ascending")
        if not isinstance(order, str) or order.lower() not in ("ascending", "descending", "ignore"):
            raise SchemaError(f"field {name} of {record.full} has an unknown order {show(order)}")
        default = node.get("default")
        if kind.kind in ("float", "double") and isinstance(default, str):
            default = attributes.number(default, f"the default of field {name}")
        aliases = tuple(dict.fromkeys(attributes.aliases(node)))
        props = attributes.others(node, _FIELD_RESERVED)
        doc = attributes.text(node, "doc")
        field = Field(name, kind, doc, "default" in node, default, order.lower(), aliases, props)
        if field.has_default and self.validate_defaults:
            self.defaults.append((field, record))
        return field

    def _find(self, name: str, space: str | None) -> Schema:
        """A type by its name; if it is not known yet, a placeholder, which is replaced at the end of the text."""
        if name in PRIMITIVES:
            return Primitive(name)
        found = find_type(name, space, self.names)
        if found is None:
            found = Record("record", name=Name(f"?{len(self.forward)}", None))
            self.forward.append((found, Name.of(name, space).full, self.place))
        return found

    def _define(self, schema: Schema) -> None:
        full = schema.full_name
        for part in full.split("."):
            attributes.check_name(part, f"name {show(full)}: part")
        known = self.names.setdefault(full, schema)
        if known is not schema and fingerprint(known, docs=False) != fingerprint(schema, docs=False):
            raise SchemaError(f"can't redefine: {full}")

    def _resolve(self, name: str, place: str) -> Schema:
        found = self.names.get(name)
        if found is None:
            raise SchemaError(f"undefined name: {show(name)}{place}")
        return found

    def _replace(self, found: dict[int, Schema]) -> None:
        """Replace the placeholders by the named types; each place is visited once."""
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

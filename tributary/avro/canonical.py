"""Avro schemas written as text: the form that the registry stores, and the normalized form.

The stored form is what Avro's Java library writes (`Schema.toString`): attributes in a fixed order, namespaces only
where they change, each named type in full at its first use and by name afterwards. The normalized form is Confluent's
(`normalize=true`): the same with sorted properties and aliases, so that texts that differ only in order are equal.
"""

from __future__ import annotations

import decimal
import json
import math
from typing import Any

from tributary.avro.schema import Decimal, Field, Json, Schema

_MAX_DEPTH = 300
_SHORT_ESCAPES = {'"': '\\"', "\\": "\\\\", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_ESCAPES = {ord(char): text for char, text in _SHORT_ESCAPES.items()} | {
    code: f"\\u{code:04X}" for code in range(32) if chr(code) not in _SHORT_ESCAPES
}

# The kinds on which a logical type is valid; decimal has rules of its own.
_LOGICAL = {
    "date": ("int",),
    "time-millis": ("int",),
    "time-micros": ("long",),
    "timestamp-millis": ("long",),
    "timestamp-micros": ("long",),
    "timestamp-nanos": ("long",),
    "local-timestamp-millis": ("long",),
    "local-timestamp-micros": ("long",),
    "local-timestamp-nanos": ("long",),
    "uuid": ("string", "fixed"),
    "big-decimal": ("bytes",),
    "duration": ("fixed",),
}


def canonical(schema: Schema) -> str:
    """The text that the registry stores for a parsed schema; types of referenced schemas appear by name."""
    return to_json(_type(schema, set(schema.outside), None, 0))


def resolved(schema: Schema) -> str:
    """The same with the types of the referenced schemas written in full."""
    return to_json(_type(schema, set(), None, 0))


def normalized(schema: Schema) -> str:
    """Confluent's normalized text. Parsed again with the same references, it gives what the registry stores."""
    return to_json(_normal_type(schema, set(schema.outside), 0))


def to_json(value: Json) -> str:
    """JSON without white space, numbers and escapes written as Jackson does."""
    parts: list[str] = []
    _write(value, parts.append)
    return "".join(parts)


def _write(value: Json, out: Any) -> None:
    if isinstance(value, str):
        out(f'"{value.translate(_ESCAPES)}"')
    elif isinstance(value, dict):
        mark = "{"
        for key, item in value.items():
            out(f'{mark}"{key.translate(_ESCAPES)}":')
            _write(item, out)
            mark = ","
        out("}" if value else "{}")
    elif isinstance(value, list):
        mark = "["
        for item in value:
            out(mark)
            _write(item, out)
            mark = ","
        out("]" if value else "[]")
    elif isinstance(value, float):
        out(_float(value))
    else:
        out(json.dumps(value))


def _float(value: float) -> str:
    """A number as Java's Double.toString writes it: without an exponent from 0.001 to 10,000,000, else with one."""
    if not math.isfinite(value):
        return f'"{"-" if value < 0 else ""}Infinity"'
    if value == 0 or 1e-3 <= abs(value) < 1e7:
        return repr(value)
    sign, digits, exponent = decimal.Decimal(repr(value)).normalize().as_tuple()
    whole, rest = str(digits[0]), "".join(map(str, digits[1:])) or "0"
    return f"{'-' * sign}{whole}.{rest}E{int(exponent) + len(digits) - 1}"


def _type(schema: Schema, known: set[str], space: str | None, depth: int) -> Json:
    if depth > _MAX_DEPTH:
        raise RecursionError
    if schema.name is not None:
        return _named(schema, known, space, depth)
    if schema.kind == "union":
        return [_type(branch, known, space, depth + 1) for branch in schema.branches]
    if schema.inner is not None:
        part = "items" if schema.kind == "array" else "values"
        return {"type": schema.kind, part: _type(schema.inner, known, space, depth + 1), **schema.props}
    return {"type": schema.kind, **schema.props} if schema.props else schema.kind


def _named(schema: Schema, known: set[str], space: str | None, depth: int) -> Json:
    assert schema.name is not None
    name = schema.name
    if name.full in known:
        return name.within(space)
    known.add(name.full)
    node: dict[str, Json] = {"type": "error" if schema.is_error else schema.kind, "name": name.name}
    if name.space != space:
        node["namespace"] = name.space or ""
    if schema.doc is not None:
        node["doc"] = schema.doc
    if schema.kind == "record":
        node["fields"] = [_field(field, known, name.space, depth) for field in schema.fields]
    elif schema.kind == "fixed":
        node["size"] = schema.size
    else:
        node["symbols"] = list(schema.symbols)
        if schema.default is not None:
            node["default"] = schema.default
    node |= schema.props
    if schema.aliases:
        node["aliases"] = [alias.within(name.space) for alias in schema.aliases]
    return node


def _field(field: Field, known: set[str], space: str | None, depth: int) -> Json:
    node: dict[str, Json] = {"name": field.name, "type": _type(field.type, known, space, depth + 1)}
    if field.doc is not None:
        node["doc"] = field.doc
    if field.has_default:
        node["default"] = field.default
    if field.order != "ascending":
        node["order"] = field.order
    if field.aliases:
        node["aliases"] = list(field.aliases)
    return node | field.props


def _normal_type(schema: Schema, known: set[str], depth: int) -> Json:
    if depth > _MAX_DEPTH:
        raise RecursionError
    if schema.kind == "union":
        return [_normal_type(branch, known, depth + 1) for branch in schema.branches]
    props = _sorted(schema.props)
    if schema.name is None:
        if schema.inner is not None:
            part = "items" if schema.kind == "array" else "values"
            return {"type": schema.kind, part: _normal_type(schema.inner, known, depth + 1), **props}
        return {"type": schema.kind, **_logical_first(schema, props)} if props else schema.kind
    full = schema.name.full
    if full in known:
        return full
    known.add(full)
    # Confluent writes only the full name: a name without a namespace then inherits the enclosing one.
    node: dict[str, Json] = {"name": full, "type": schema.kind}
    if schema.kind == "enum":
        node["symbols"] = list(schema.symbols)
    elif schema.kind == "fixed":
        node["size"] = schema.size
        props = _logical_first(schema, props)
    else:
        node["fields"] = [_normal_field(field, known, depth) for field in schema.fields]
    if schema.doc:
        node["doc"] = schema.doc
    if schema.aliases:
        node["aliases"] = sorted(schema.alias_names)
    if schema.default is not None:
        node["default"] = schema.default
    return node | props


def _normal_field(field: Field, known: set[str], depth: int) -> Json:
    node: dict[str, Json] = {
        "name": field.name,
        "type": _normal_type(field.type, known, depth + 1),
        "order": field.order,
    }
    if field.doc is not None:
        node["doc"] = field.doc
    if field.aliases:
        node["aliases"] = sorted(field.aliases)
    if field.has_default:
        node["default"] = _sorted(_as_typed(field.type, field.default))
    return node | _sorted(field.props)


def _as_typed(schema: Schema, value: Json) -> Json:
    """A default with integers written as 0.0 if the type is float or double."""
    if schema.kind in ("float", "double") and isinstance(value, int) and not isinstance(value, bool):
        return _as_double(value)
    if schema.kind == "union" and schema.branches:
        return _as_typed(schema.branches[0], value)
    if schema.inner is not None and isinstance(value, list):
        return [_as_typed(schema.inner, item) for item in value]
    if schema.inner is not None and isinstance(value, dict):
        return {key: _as_typed(schema.inner, item) for key, item in value.items()}
    if isinstance(value, dict):
        types = {name: field.type for name, field in schema.by_name.items()}
        return {key: _as_typed(types[key], item) if key in types else item for key, item in value.items()}
    return value


def _as_double(value: int) -> float:
    """The nearest double; infinity if the number is too large, as in Java."""
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def _logical_first(schema: Schema, props: dict[str, Json]) -> dict[str, Json]:
    """The properties of a valid logical type come first, before the others in order."""
    first: tuple[str, ...]
    logical = props.get("logicalType")
    if logical == "decimal":
        first = ("logicalType", "precision", "scale") if isinstance(schema, Decimal) else ()
    else:
        first = ("logicalType",) if isinstance(logical, str) and schema.kind in _LOGICAL.get(logical, ()) else ()
    return {key: props[key] for key in first if key in props and not (key == "scale" and props[key] == 0)} | props


def _sorted(value: Json) -> Any:
    """A JSON value with the keys of every object in order."""
    if isinstance(value, dict):
        return {key: _sorted(value[key]) for key in sorted(value)}
    if isinstance(value, list):
        return [_sorted(item) for item in value]
    return value

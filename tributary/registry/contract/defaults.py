"""Whether a JSON value is a legal default of an Avro type (specification, "Complex Types", the table of defaults)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tributary.registry.contract.walk import NAMED, full_name

_RANGES = {"int": 1 << 31, "long": 1 << 63}


def fits(value: Any, schema: Any, named: Mapping[str, Mapping[str, Any]], namespace: str = "") -> bool:
    """Whether `value` is a default of `schema`; `named` has the definitions by full name.

    A union takes its first branch's values only. Bytes and fixed are text whose characters are below U+0100.
    """
    if isinstance(schema, list):
        return bool(schema) and fits(value, schema[0], named, namespace)
    if isinstance(schema, str):
        for name in (schema if "." in schema or not namespace else f"{namespace}.{schema}", schema):
            if name in named:
                return _fits_complex(value, named[name], named, name.rpartition(".")[0])
        return _fits_primitive(value, schema)
    return _fits_complex(value, schema, named, namespace)


def _fits_primitive(value: Any, kind: str) -> bool:
    match kind:
        case "null":
            return value is None
        case "boolean":
            return isinstance(value, bool)
        case "int" | "long":
            limit = _RANGES[kind]
            return isinstance(value, int) and not isinstance(value, bool) and -limit <= value < limit
        case "float" | "double":
            return isinstance(value, int | float) and not isinstance(value, bool)
        case "string":
            return isinstance(value, str)
        case "bytes":
            return isinstance(value, str) and all(ord(c) < 256 for c in value)
    return False


def _fits_complex(
    value: Any, schema: Mapping[str, Any], named: Mapping[str, Mapping[str, Any]], namespace: str
) -> bool:
    kind = schema.get("type")
    if kind in NAMED:
        namespace = full_name(dict(schema), namespace).rpartition(".")[0]
    match kind:
        case "record" | "error":
            return isinstance(value, dict) and all(
                fits(value.get(f["name"], f.get("default", _MISSING)), f["type"], named, namespace)
                for f in schema["fields"]
            )
        case "enum":
            return value in schema["symbols"]
        case "fixed":
            return _fits_primitive(value, "bytes") and len(value) == schema["size"]
        case "array":
            return isinstance(value, list) and all(fits(v, schema["items"], named, namespace) for v in value)
        case "map":
            return isinstance(value, dict) and all(fits(v, schema["values"], named, namespace) for v in value.values())
    return fits(value, kind, named, namespace)


_MISSING = object()
"""A value that fits nothing: a field without a value and without a default."""

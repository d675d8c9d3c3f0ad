"""Check whether a JSON value is a valid default of a type.

https://avro.apache.org/docs/1.12.0/specification/#complex-types, the table of defaults
"""

from __future__ import annotations

import attrs

from tributary.avro.schema import Field, Json, Schema

RANGES = {"int": (-(1 << 31), (1 << 31) - 1), "long": (-(1 << 63), (1 << 63) - 1)}
"""The smallest and the largest number of each integer type."""


def is_valid_default(schema: Schema, value: Json) -> bool:
    """Whether Avro's Java library takes a value as a default: of a union, a value of any branch; as bytes, a fixed or
    an enum, any text."""
    return _Check(strict=False).fits(schema, value)


def is_portable_default(schema: Schema, value: Json) -> bool:
    """Whether every library takes it: of a union, a value of the first branch; as bytes or a fixed, text of characters
    below U+0100, of the right length; as an enum, one of its symbols."""
    return _Check(strict=True).fits(schema, value)


def fits_primitive(kind: str, value: Json) -> bool:
    """Whether a JSON value is of a primitive type; bytes are text."""
    match kind:
        case "null":
            return value is None
        case "boolean":
            return isinstance(value, bool)
        case "int" | "long":
            low, high = RANGES[kind]
            return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high
        case "float" | "double":
            return isinstance(value, (int, float)) and not isinstance(value, bool)
    return isinstance(value, str)


@attrs.define
class _Check:
    strict: bool
    known: dict[int, bool] = attrs.field(factory=dict)
    """The verdict on each field's default, by the field's `id`. Without it, records that share types, each with the
    default {}, take exponential time."""

    def fits(self, schema: Schema, value: Json) -> bool:
        match schema.kind:
            case "array":
                return isinstance(value, list) and all(self.fits(schema.element, item) for item in value)
            case "map":
                return isinstance(value, dict) and all(self.fits(schema.element, item) for item in value.values())
            case "union":
                branches = schema.branches[:1] if self.strict else schema.branches
                return any(self.fits(branch, value) for branch in branches)
            case "record":
                return isinstance(value, dict) and all(self._has_value(field, value) for field in schema.fields)
        return fits_primitive(schema.kind, value) and (not self.strict or _is_exact(schema, value))

    def _has_value(self, field: Field, record: dict[str, Json]) -> bool:
        if field.name in record:
            return self.fits(field.type, record[field.name])
        if id(field) not in self.known:
            self.known[id(field)] = field.has_default and self.fits(field.type, field.default)
        return self.known[id(field)]


def _is_exact(schema: Schema, value: Json) -> bool:
    """Whether the type can hold the string."""
    match schema.kind:
        case "enum":
            return value in schema.symbols
        case "bytes":
            return all(ord(c) < 256 for c in value)
        case "fixed":
            return all(ord(c) < 256 for c in value) and len(value) == schema.size
    return True

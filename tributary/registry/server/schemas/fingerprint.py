"""A short text for what a schema means, so that equal schemas are found and not searched for."""

from __future__ import annotations

import hashlib
import json

from tributary.avro.parse import Field, Json, Schema


def fingerprint(schema: Schema) -> str:
    """The same for two schemas that are equal as `avro.same` compares them with docs; else (almost surely) another.

    References are resolved: where a type comes from does not count.
    """
    text = json.dumps(_type(schema, set()), sort_keys=True, separators=(",", ":"))
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def _type(schema: Schema, written: set[str]) -> Json:
    full = schema.full_name
    if schema.name is not None:
        if full in written:
            return full
        written.add(full)
    elif not schema.props and schema.inner is None and not schema.branches:
        return [schema.kind]
    return [
        *(schema.kind, full, schema.props, schema.symbols, schema.size, schema.doc, schema.default),
        sorted(alias.full for alias in schema.aliases),
        None if schema.inner is None else _type(schema.inner, written),
        [_type(branch, written) for branch in schema.branches],
        [_field(field, written) for field in schema.fields],
    ]


def _field(field: Field, written: set[str]) -> Json:
    return [
        *(field.name, field.order, field.doc, field.has_default, field.default, field.props, sorted(field.aliases)),
        _type(field.type, written),
    ]

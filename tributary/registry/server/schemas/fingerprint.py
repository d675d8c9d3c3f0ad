"""A fingerprint of a schema's meaning, so that equal schemas are found without a search."""

from __future__ import annotations

import hashlib
import json

from tributary.avro.schema import Field, Json, Schema


def fingerprint(schema: Schema) -> str:
    """Equal for two schemas that `avro.same` finds equal, docs included; otherwise almost certainly different.

    References are resolved: it does not matter where a type is defined.
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

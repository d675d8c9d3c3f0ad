"""A fingerprint of a schema's meaning, so that equal schemas are found without a search."""

from __future__ import annotations

import hashlib
import json

from tributary.avro.schema import Field, Json, Schema


def fingerprint(schema: Schema, *, docs: bool = True) -> str:
    """Equal for two schemas that are equal as Avro compares them; otherwise almost certainly different.

    Properties count, the order of keys does not; with `docs`, so do docs, aliases and the defaults of enums. References
    are resolved: it does not matter where a type is defined. A registry stores fingerprints, so they must not change.
    """
    text = json.dumps(_type(schema, docs, set()), sort_keys=True, separators=(",", ":"))
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def _type(schema: Schema, docs: bool, written: set[str]) -> Json:
    full = schema.full_name
    if schema.name is not None:
        if full in written:
            return full
        written.add(full)
    elif not schema.props and schema.inner is None and not schema.branches:
        return [schema.kind]
    return [
        *(schema.kind, full, schema.props, schema.symbols, schema.size),
        *((schema.doc, schema.default, sorted(alias.full for alias in schema.aliases)) if docs else ()),
        None if schema.inner is None else _type(schema.inner, docs, written),
        [_type(branch, docs, written) for branch in schema.branches],
        [_field(field, docs, written) for field in schema.fields],
    ]


def _field(field: Field, docs: bool, written: set[str]) -> Json:
    return [
        *(field.name, field.order, field.doc if docs else None, field.has_default, field.default, field.props),
        sorted(field.aliases) if docs else [],
        _type(field.type, docs, written),
    ]

"""Whether two schemas are equal, type by type: the oracle for their fingerprints."""

from __future__ import annotations

import json

from tributary.avro.schema import Field, Json, Schema


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

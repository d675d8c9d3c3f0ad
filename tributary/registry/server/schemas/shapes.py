"""Recognize records that are compatible without a full comparison, because most of their fields are equal.

A transitive level examines every version of a subject, and most versions differ in one or two fields. Shapes share
their fields, so a version needs one pointer per field.
"""

from __future__ import annotations

import sys

import attrs

from tributary.avro.fingerprint import fingerprint
from tributary.avro.schema import Schema
from tributary.registry.compatibility import incompatibilities

_Pair = tuple[str, str]
_pairs: dict[_Pair, _Pair] = {}
_MOST_PAIRS = 200_000


@attrs.frozen
class Shape:
    """A record: the name and the fingerprint of the type of each field, and the names of those with a default."""

    name: str
    fields: tuple[_Pair, ...]
    defaults: tuple[str, ...]


def shape(schema: Schema) -> Shape | None:
    """The shape of a record; None if its fields have aliases, or types that cannot read themselves."""
    if schema.kind != "record" or any(field.aliases for field in schema.fields):
        return None
    pairs = []
    for field in schema.fields:
        pair = (sys.intern(field.name), fingerprint(field.type))
        if pair not in _pairs and incompatibilities(field.type, field.type):
            return None
        pairs.append(_pairs.setdefault(pair, pair))
    if len(_pairs) > _MOST_PAIRS:
        _pairs.clear()
    defaults = tuple(sys.intern(field.name) for field in schema.fields if field.has_default)
    return Shape(schema.full_name, tuple(pairs), defaults)


def reads(reader: Shape, writer: Shape) -> bool:
    """Whether a record certainly reads another's data, because it differs only in new fields with a default.

    False means unknown.
    """
    if reader.name != writer.name:
        return False
    own = {name for name, _ in set(reader.fields).difference(writer.fields)}
    return own.issubset(reader.defaults) and own.isdisjoint(name for name, _ in writer.fields)

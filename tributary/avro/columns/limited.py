"""Which fields have limits, and are checked whether or not they are wanted."""

from __future__ import annotations

from collections.abc import Iterator

import attrs

from tributary.avro import types as avro
from tributary.avro.resolution import reader_fields
from tributary.avro.validation import NO_LIMITS, limits


def with_limited(
    wanted: avro.Record, contract: avro.Record, writer: avro.Record, around: frozenset[int] = frozenset()
) -> avro.Record:
    """The wanted fields, and those of the contract that have limits where the writer has them.

    `wanted` is the contract with some of its fields, `around` the records that contain it, by `id`. A field with limits
    that the writer does not have needs no default.
    """
    around |= {id(contract)}
    known = {field.name: field.type for field in wanted.fields}
    targets = reader_fields(writer, contract)
    written = {target.name: field.type for field in writer.fields for target in targets[field.name]}
    return attrs.evolve(
        wanted,
        fields=tuple(
            attrs.evolve(field, type=_within(known.get(field.name), field.type, written.get(field.name), around))
            for field in contract.fields
            if field.name in known or (field.name in written and limited(field))
        ),
    )


def _within(
    wanted: avro.Type | None, contract: avro.Type, writer: avro.Type | None, around: frozenset[int]
) -> avro.Type:
    match contract, writer:
        case avro.Record(), avro.Record() if id(contract) not in around:
            some = wanted if isinstance(wanted, avro.Record) else attrs.evolve(contract, fields=())
            return with_limited(some, contract, writer, around)
        case avro.Array(), avro.Array():
            items = wanted.items if isinstance(wanted, avro.Array) else None
            return avro.Array(_within(items, contract.items, writer.items, around))
    return contract


def limited(field: avro.Field) -> bool:
    """Whether a field, or a field within it, has limits."""
    return limits(field.name, field.attributes) != NO_LIMITS or limited_within(field.type)


def limited_within(kind: avro.Type) -> bool:
    """Whether a field of a record within a type has limits."""
    return any(limits(field.name, field.attributes) != NO_LIMITS for field in _fields_within(kind))


def check_limits(record: avro.Record) -> None:
    """Raise SchemaError if a field of a record, or a field within it, has limits that cannot be used."""
    for field in _fields_within(record):
        limits(field.name, field.attributes)


def _fields_within(kind: avro.Type) -> Iterator[avro.Field]:
    seen: set[int] = set()
    left = [kind]
    while left:
        part = left.pop()
        if id(part) not in seen:
            seen.add(id(part))
            left += avro.parts(part)
            if isinstance(part, avro.Record):
                yield from part.fields

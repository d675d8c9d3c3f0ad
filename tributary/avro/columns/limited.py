"""The fields with limits, which are checked whether or not they are read."""

from __future__ import annotations

from collections.abc import Iterator

import attrs

from tributary.avro.resolution import reader_fields
from tributary.avro.schema import Array, Field, Record, Schema
from tributary.avro.validation import NO_LIMITS, limits


def with_limited(wanted: Record, contract: Record, writer: Record, around: frozenset[int] = frozenset()) -> Record:
    """The wanted fields, and the contract's fields with limits that the writer has.

    `wanted` is the contract with some of its fields, `around` the records that contain it, by `id`. A field with limits
    that the writer does not have needs no default.
    """
    around |= {id(contract)}
    known = {field.name: field.type for field in wanted.fields}
    targets = reader_fields(writer, contract)
    written = {target.name: field.type for field in writer.fields for target in targets[field.name]}
    return wanted.with_fields(
        attrs.evolve(field, type=_within(known.get(field.name), field.type, written.get(field.name), around))
        for field in contract.fields
        if field.name in known or (field.name in written and limited(field))
    )


def _within(wanted: Schema | None, contract: Schema, writer: Schema | None, around: frozenset[int]) -> Schema:
    match contract, writer:
        case Record(), Record() if id(contract) not in around:
            some = wanted if isinstance(wanted, Record) else contract.with_fields(())
            return with_limited(some, contract, writer, around)
        case Array(), Array():
            items = wanted.element if isinstance(wanted, Array) else None
            return attrs.evolve(contract, inner=_within(items, contract.element, writer.element, around))
    return contract


def limited(field: Field) -> bool:
    """Whether a field, or a field within it, has limits."""
    return limits(field.name, field.props) != NO_LIMITS or limited_within(field.type)


def limited_within(kind: Schema) -> bool:
    """Whether a field of a record within a type has limits."""
    return any(limits(field.name, field.props) != NO_LIMITS for field in _fields_within(kind))


def check_limits(record: Record) -> None:
    """Raise SchemaError if a field of a record, or a field within it, has invalid limits."""
    for field in _fields_within(record):
        limits(field.name, field.props)


def _fields_within(kind: Schema) -> Iterator[Field]:
    seen: set[int] = set()
    left = [kind]
    while left:
        part = left.pop()
        if id(part) not in seen:
            seen.add(id(part))
            left += part.parts
            if isinstance(part, Record):
                yield from part.fields

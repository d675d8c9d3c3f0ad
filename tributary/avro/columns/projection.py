"""The projection: the fields of a contract that are read, and the column of each."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import attrs
import numpy as np

from tributary.avro.columns import strings
from tributary.avro.columns.batch import Column, ListColumn, NullableColumn, RecordBatch
from tributary.avro.schema import Array, Enum, Field, Record, Schema, SchemaError, Union


class Form(enum.Enum):
    """The kind of column for a type."""

    INTEGERS = enum.auto()
    FLOATS = enum.auto()
    NULLABLE = enum.auto()
    """Optional integers."""
    NULLABLE_FLOATS = enum.auto()
    STRINGS = enum.auto()
    LISTS = enum.auto()
    OBJECTS = enum.auto()
    """Python objects, as the row decoder creates them, for types without another kind of column."""


NUMBERS: Mapping[Form, np.dtype[Any]] = {
    Form.INTEGERS: np.dtype(np.int64),
    Form.NULLABLE: np.dtype(np.int64),
    Form.FLOATS: np.dtype(np.float64),
    Form.NULLABLE_FLOATS: np.dtype(np.float64),
}
"""The type of the numbers in columns of numbers."""


def form(kind: Schema) -> Form:
    """The form of a type's column. It depends only on the type, so columns of all writers can be concatenated."""
    if isinstance(kind, Array) and isinstance(kind.element, Record):
        return Form.LISTS
    optional = any(branch.kind == "null" for branch in kind.branches)
    match value_type(kind):
        case Schema(kind="string"):
            return Form.STRINGS
        case Schema(kind="int" | "long" | "boolean" | "enum"):
            return Form.NULLABLE if optional else Form.INTEGERS
        case Schema(kind="float" | "double"):
            return Form.NULLABLE_FLOATS if optional else Form.FLOATS
    return Form.OBJECTS


def value_type(kind: Schema) -> Schema | None:
    """The type of the values that are not null; None if there are several types, or none."""
    branches = kind.branches if isinstance(kind, Union) else (kind,)
    values = [branch for branch in branches if branch.kind != "null"]
    return values[0] if len(values) == 1 else None


def project(record: Record, paths: Iterable[str]) -> Record:
    """The record with only the fields at these paths, such as `user_id` or `items.quantity`.

    Raises SchemaError for a path that does not lead to a field.
    """
    wanted: dict[str, set[str]] = {}
    for path in paths:
        name, _, rest = path.partition(".")
        wanted.setdefault(name, set()).add(rest)
    return record.with_fields(_projected(record, name, rests) for name, rests in wanted.items())


def _projected(record: Record, name: str, rests: set[str]) -> Field:
    field = next((field for field in record.fields if field.name == name), None)
    if field is None:
        names = ", ".join(field.name for field in record.fields)
        raise SchemaError(f"{record.short_name}: there is no field {name} to read; the fields are {names or 'none'}")
    if "" in rests:
        return field
    if not (isinstance(field.type, Array) and isinstance(field.type.element, Record)):
        raise SchemaError(
            f"{record.short_name}.{name}: expected a list of records, of which {', '.join(sorted(rests))} is read; "
            f"got {field.type}"
        )
    return attrs.evolve(field, type=attrs.evolve(field.type, inner=project(field.type.element, sorted(rests))))


def record_batch(records: Sequence[Mapping[str, Any]], kind: Record) -> RecordBatch:
    """Decoded records as columns, the same that reading by columns gives."""
    return RecordBatch(
        len(records), {f.name: column([record[f.name] for record in records], f.type) for f in kind.fields}
    )


def column(values: Sequence[Any], kind: Schema) -> Column:
    """Decoded values of a type as a column."""
    match shape := form(kind):
        case Form.LISTS:
            assert isinstance(kind, Array)
            assert isinstance(kind.element, Record)
            lines = [item for items in values for item in items]
            parents = np.repeat(np.arange(len(values)), [len(items) for items in values])
            # Items that contain themselves end here.
            return ListColumn(parents, record_batch(lines, kind.element) if lines else RecordBatch(0, {}))
        case Form.STRINGS:
            return strings.from_strings(values)
        case Form.INTEGERS | Form.FLOATS:
            return np.array(_numbers(values, kind), NUMBERS[shape])
        case Form.NULLABLE | Form.NULLABLE_FLOATS:
            null = [value is None for value in values]
            return NullableColumn(np.array(_numbers(values, kind), NUMBERS[shape]), np.array(null, np.bool_))
        case Form.OBJECTS:
            return np.fromiter(values, np.object_, len(values))


def _numbers(values: Sequence[Any], kind: Schema) -> list[float]:
    """Enums by the index of their symbol, and 0 for a null."""
    numbered = value_type(kind)
    codes = {symbol: code for code, symbol in enumerate(numbered.symbols)} if isinstance(numbered, Enum) else {}
    return [0 if value is None else codes[value] if codes else value for value in values]

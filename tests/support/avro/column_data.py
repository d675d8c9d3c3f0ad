"""Columns as rows of Python objects, and their expected content."""

from __future__ import annotations

import json
from typing import Any

from tests.support.avro import avro_data
from tributary.avro.columns.batch import ListColumn, RecordBatch
from tributary.avro.schema import Array, Enum, Record, Schema, Union


def is_record(kind: Any) -> bool:
    return isinstance(kind, dict) and kind["type"] == "record"


def is_contained(contract: Any) -> bool:
    """Whether a record contains itself."""
    return f'"{contract["name"]}"' in json.dumps(contract["fields"])


def projected(contract: Any, paths: list[str]) -> Any:
    """The contract with these fields alone; as it is where it contains itself, for within itself it has all fields."""
    names = avro_data.definitions(contract)
    if is_contained(contract):
        return contract
    fields = []
    for name in dict.fromkeys(path.partition(".")[0] for path in paths):
        field = next(field for field in contract["fields"] if field["name"] == name)
        fields.append(field)
    return avro_data.defined_first(contract | {"fields": fields}, names, set())


def rows(batch: RecordBatch) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = [{} for _ in range(batch.rows)]
    for name, column in batch.columns.items():
        if isinstance(column, ListColumn):
            for row in found:
                row[name] = []
            inner = rows(column.records) if len(column.parent) else []
            for parent, item in zip(column.parent.tolist(), inner, strict=True):
                found[parent][name].append(item)
        else:
            for row, value in zip(found, column.tolist(), strict=True):
                row[name] = value
    return found


def expected(record: dict[str, Any], kind: Record, paths: list[str]) -> dict[str, Any]:
    """The fields of a decoded record at these paths, or all, as columns have them."""
    inner: dict[str, list[str]] = {}
    for path in paths:
        name, _, rest = path.partition(".")
        inner.setdefault(name, []).append(rest)
    types = {field.name: field.type for field in kind.fields}
    return {
        name: as_column(record[name], types[name], [] if "" in rests else rests)
        for name, rests in (inner or {key: [""] for key in types}).items()
    }


def as_column(value: Any, kind: Schema, paths: list[str]) -> Any:
    """A decoded value as columns have it: enums and booleans as numbers, records in lists as lines."""
    if isinstance(kind, Array) and isinstance(kind.element, Record):
        return [expected(item, kind.element, paths) for item in value]
    branches = kind.branches if isinstance(kind, Union) else (kind,)
    (one, *others) = [branch for branch in branches if branch.kind != "null"] or [kind]
    if others or value is None:
        return value
    if isinstance(one, Enum):
        return one.symbols.index(value)
    return int(value) if one.kind == "boolean" else value

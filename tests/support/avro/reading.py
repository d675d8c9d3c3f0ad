"""Read and write data with fastavro; the data visits every part of a schema."""

from __future__ import annotations

import copy
import decimal
import io
import uuid
from typing import Any

import attrs
import fastavro
import hypothesis

from tests.support.avro.avro_data import definitions

_SCALARS: dict[str, list[Any]] = {
    "null": [None],
    "boolean": [True],
    "int": [-7, (1 << 31) - 1],
    "long": [5, -(1 << 63)],
    "float": [0.5],
    "double": [1e300],
    "bytes": [b"ab"],
    "string": ["text", "é"],
}
_WITHIN_ITSELF = 5
"""An older version may differ as deep as it was edited: each edit can unroll one level of a recursion."""


def visiting(schema: Any) -> list[Any]:
    """Data that together visits all of a schema: every branch of every union, every symbol, an item of every array.

    Recursive records are followed a few levels. A branch of a union is written as fastavro's `(name, value)`, so that
    the branch does not depend on the value. All bytes are UTF-8: other bytes cannot be read as a string, which is the
    one break that the rules allow everywhere.
    """
    namespace = schema.get("namespace") if isinstance(schema, dict) else None
    return _Visit(definitions(schema), f"{namespace}." if namespace else "").of(schema, ())


def has_endless(schema: Any) -> bool:
    """Whether a record that the schema defines always has itself inside, so that no datum of it ends."""
    visit = _Visit(definitions(schema), "")
    return any(not visit.of(named, ()) for named in visit.names.values())


@attrs.frozen
class _Visit:
    names: dict[str, Any]
    namespace: str

    def of(self, schema: Any, within: tuple[str, ...]) -> list[Any]:
        if isinstance(schema, list):
            return [(self._name(branch), datum) for branch in schema for datum in self.of(branch, within)]
        if isinstance(schema, str):
            return self.of(self.names[schema], within) if schema in self.names else _SCALARS[schema]
        if schema.get("logicalType") == "uuid":
            return [str(uuid.UUID(int=1))]
        if schema.get("logicalType") == "decimal":
            return [decimal.Decimal("1.5")]
        match schema["type"]:
            case "enum":
                return list(schema["symbols"])
            case "fixed":
                return [bytes(schema["size"])]
            case "array":
                return [[item] for item in self.of(schema["items"], within)] or [[]]
            case "map":
                return [{"key": value} for value in self.of(schema["values"], within)] or [{}]
            case "record":
                return self._records(schema, within)
            case "int" | "long" if "logicalType" in schema:
                return [20_000]
            case kind:
                return self.of(kind, within)

    def _records(self, schema: Any, within: tuple[str, ...]) -> list[Any]:
        if within.count(schema["name"]) == _WITHIN_ITSELF:
            return []
        columns = {f["name"]: self.of(f["type"], (*within, schema["name"])) for f in schema["fields"]}
        if not all(columns.values()):
            return []
        rows = max(map(len, columns.values()), default=1)
        return [{name: column[row % len(column)] for name, column in columns.items()} for row in range(rows)]

    def _name(self, branch: Any) -> str:
        """fastavro's name of a branch of a union."""
        name = branch if isinstance(branch, str) else branch.get("name", branch["type"])
        return f"{self.namespace}{name}" if name in self.names else str(name)


def written(writer: Any, datum: Any) -> bytes:
    """The datum's bytes, without a header."""
    out = io.BytesIO()
    fastavro.schemaless_writer(out, _parsed(writer), datum)
    return out.getvalue()


def read(reader: Any, writer: Any, body: bytes) -> Any:
    """The value written with a writer schema and read with a reader schema. Raises what fastavro raises."""
    return fastavro.schemaless_reader(io.BytesIO(body), _parsed(writer), _parsed(reader))


def failure(reader: Any, writer: Any) -> Exception | None:
    """fastavro's error for the first datum of the writer that it cannot read; None if it reads all."""
    for datum in visiting(writer):
        try:
            read(reader, writer, written(writer, datum))
        except Exception as error:
            return error
    return None


def _parsed(schema: Any) -> Any:
    return fastavro.parse_schema(copy.deepcopy(schema))


def resolved(source: io.BytesIO, written: Any, read: Any) -> Any:
    """fastavro's result for a generated pair of parsed schemas, for a test with Hypothesis.

    Drops the example where fastavro fails by itself: it cannot look up a writer's type that is given by its name among
    the branches of a reader's union that defines a record.
    """
    try:
        return fastavro.schemaless_reader(source, written, read, False)
    except TypeError as error:
        if "unhashable type" in str(error):
            hypothesis.reject()
        raise

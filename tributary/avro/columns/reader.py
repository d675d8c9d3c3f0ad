"""Framed messages to columns, thousands of rows at a time.

A `ColumnReader` turns the values of one topic into columns of its contract, whatever schemas they were written with.
Rows that do not decode to exactly their last byte, or that are outside the limits of the contract's fields, are
reported with the reason; the other rows are unaffected.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray

from tributary.avro.codec import codec_schema
from tributary.avro.columns import projection
from tributary.avro.columns.batch import RecordBatch
from tributary.avro.columns.cursor import LONGEST, Cursor
from tributary.avro.columns.limited import check_limits, with_limited
from tributary.avro.columns.read_plan import plan
from tributary.avro.columns.traverse import Unreadable
from tributary.avro.rows.decoder import BoundsError, DecodeError, resolver
from tributary.avro.schema import Record, Schema, SchemaError
from tributary.avro.wire import MAGIC, PREFIX_LENGTH, WireError, split

LARGE = LONGEST
"""Bytes from which a message is decoded separately, to a record batch of its own: columns gain nothing there, and one
long list or string would make the columns of the whole batch as large as itself."""

_HEAD = np.uint64(0xFF_FFFF_FFFF)
"""The five bytes of the prefix in a little-endian word."""


class UnknownSchema(LookupError):
    """There is no schema with the id in a message, or none that can read a message."""


class SchemaPending(Exception):
    """The schema with the id in a message is not known yet. It may be later: the message is not bad."""


@attrs.frozen(eq=False)
class ReadResult:
    """The result of decoding a batch of values."""

    batches: list[RecordBatch]
    """The rows that decode, in no particular order."""
    failures: dict[int, str]
    """For each value that does not, its index in the batch and the reason."""
    places: list[NDArray[np.intp]]
    """For each record batch, the indexes of its rows among the values."""


class ColumnReader:
    """Reads the values of one topic as columns of its contract.

    `fields` names what to read, such as `user_id` or `items.quantity`; other fields are skipped, but must match their
    writer schema and the limits of the contract. `schema_text` returns a writer schema by its id; it raises
    UnknownSchema for an id that does not exist. Its other exceptions, such as SchemaPending, pass through `read`.

    Raises SchemaError for a contract that is not a record, lacks one of these fields, or has invalid limits.
    """

    def __init__(self, contract: Any, fields: Iterable[str], schema_text: Callable[[int], str]) -> None:
        record = codec_schema(contract)
        if not isinstance(record, Record):
            raise SchemaError(f"expected a record, got {record}")
        check_limits(record)
        self._contract = record
        self.wanted = projection.project(record, fields)
        """The contract with only the fields that are read."""
        self._schema_text = schema_text
        self._writers: dict[int, _Writer] = {}

    def read(self, values: Sequence[bytes | None]) -> ReadResult:
        """Decode a batch. Raises only what `schema_text` raises."""
        reading = ReadResult([], {}, [])
        if not values:
            return reading
        payloads = [value or b"" for value in values]
        cursor = Cursor.over(payloads)
        head = cursor.words[cursor.position] & _HEAD
        framed = (cursor.left >= PREFIX_LENGTH) & (head & np.uint64(0xFF) == MAGIC)
        for row in np.flatnonzero(~framed).tolist():
            reading.failures[row] = _frame_error(values[row])
        left = np.flatnonzero(framed)
        while len(left):
            key = head[left[0]]
            same = head[left] == key
            rows, left = left[same], left[~same]
            try:
                writer = self._writer(int.from_bytes(key.tobytes()[1:PREFIX_LENGTH], "big"))
            except UnknownSchema as unknown:
                reading.failures.update(dict.fromkeys(rows.tolist(), str(unknown)))
                continue
            part = cursor if len(rows) == len(cursor) else cursor.take(rows)
            writer.read(part, rows, payloads, reading)
        return reading

    def _writer(self, schema_id: int) -> _Writer:
        if schema_id not in self._writers:
            text = self._schema_text(schema_id)
            try:
                schema = codec_schema(json.loads(text))
            except (ValueError, RecursionError) as error:
                # Protobuf or JSON Schema, or Avro that names types of other subjects.
                raise UnknownSchema(
                    f"schema id {schema_id} is not an Avro schema complete in itself: {error}"
                ) from error
            self._writers[schema_id] = _Writer(schema_id, schema, self._contract, self.wanted)
        return self._writers[schema_id]


class _Writer:
    """How to read messages of one writer schema: by columns if possible, else row by row."""

    def __init__(self, schema_id: int, schema: Schema, contract: Record, wanted: Record) -> None:
        self._schema_id = schema_id
        self._schema = schema
        self._wanted = wanted
        self._read_as = with_limited(wanted, contract, schema) if isinstance(schema, Record) else wanted
        self._columns: Callable[[Cursor], RecordBatch] | None = None
        with contextlib.suppress(Unreadable):
            self._columns = plan(schema, self._read_as, wanted)

    def read(self, cursor: Cursor, rows: NDArray[np.intp], payloads: Sequence[bytes], reading: ReadResult) -> None:
        """Add these rows of the batch, to which `cursor` points, to the result."""
        alone = cursor.left >= (0 if self._columns is None else LARGE)
        if alone.any():
            self._read_alone(rows[alone], payloads, reading)
            cursor, rows = cursor.take(np.flatnonzero(~alone)), rows[~alone]
        if self._columns is None or not len(rows):
            return
        cursor.skip(PREFIX_LENGTH)
        batch = self._columns(cursor)
        valid = cursor.finish()
        if not valid.all():
            batch = batch.take(valid)
            reading.failures.update((row, self._explain(payloads[row])) for row in rows[~valid].tolist())
        reading.batches.append(batch)
        reading.places.append(rows[valid])

    def _read_alone(self, rows: NDArray[np.intp], payloads: Sequence[bytes], reading: ReadResult) -> None:
        together: dict[int, Any] = {}
        for row in rows.tolist():
            try:
                record = self._decode(payloads[row][PREFIX_LENGTH:])
            except DecodeError as error:
                reading.failures[row] = self._reason(error)
                continue
            if len(payloads[row]) < LARGE:
                together[row] = record
            else:
                self._add({row: record}, reading)
        if together:
            self._add(together, reading)

    def _add(self, records: Mapping[int, Any], reading: ReadResult) -> None:
        reading.batches.append(projection.record_batch([*records.values()], self._wanted))
        reading.places.append(np.array([*records], np.intp))

    @cached_property
    def _decode(self) -> Callable[[bytes], Any]:
        try:
            check = resolver(self._schema, self._schema)
            read = resolver(self._schema, self._read_as, bounded=True)
        except DecodeError as error:
            problem = error

            def refuse(_: bytes) -> Any:
                raise problem

            return refuse

        def decode(body: bytes) -> Any:
            check(body)  # the whole record: the projection skips other fields without decoding them
            return read(body)

        return decode

    def _explain(self, payload: bytes) -> str:
        """Why a row is bad, found by decoding it separately."""
        try:
            self._decode(payload[PREFIX_LENGTH:])
        except DecodeError as error:
            return self._reason(error)
        return f"does not decode with schema id {self._schema_id}"

    def _reason(self, error: DecodeError) -> str:
        if isinstance(error, BoundsError):
            return f"breaks its contract: {error}"
        return f"does not decode with schema id {self._schema_id}: {error}"


def _frame_error(value: bytes | None) -> str:
    try:
        split(value)
    except WireError as error:
        return str(error)
    raise AssertionError(f"columns refuse a value that is framed well: {value!r}")

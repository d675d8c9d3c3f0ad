"""Avro: one model of a schema, and what is made from it.

`parse` reads a schema as Avro's Java library does. `encoder` and `decoder` make a function for one event, and
`ColumnReader` reads a batch of messages into columns.

>>> from tributary import avro
>>> schema = avro.parse('{"type": "record", "name": "Click", "fields": [{"name": "page", "type": "string"}]}')
>>> print(schema, [f"{field.name}: {field.type}" for field in schema.fields])
record Click ['page: string']
>>> avro.parse('{"type": "record", "name": "Click", "fields": [{"name": "page", "type": "text"}]}')
Traceback (most recent call last):
tributary.avro.schema.SchemaError: undefined name: "text" in field page of Click

Every name is imported when it is first used: a command that needs `varint` alone does not load numpy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tributary import imports

if TYPE_CHECKING:
    from tributary.avro.columns.batch import RecordBatch
    from tributary.avro.columns.reader import ColumnReader
    from tributary.avro.parser import parse
    from tributary.avro.rows.decoder import BoundsError, DecodeError, decoder
    from tributary.avro.rows.encoder import EncodeError, column_encoder, encoder
    from tributary.avro.schema import Schema, SchemaError

__all__ = [
    "BoundsError",
    "ColumnReader",
    "DecodeError",
    "EncodeError",
    "RecordBatch",
    "Schema",
    "SchemaError",
    "column_encoder",
    "decoder",
    "encoder",
    "parse",
]

__getattr__ = imports.lazy(
    __name__,
    {
        "columns.batch": ("RecordBatch",),
        "columns.reader": ("ColumnReader",),
        "parser": ("parse",),
        "rows.decoder": ("BoundsError", "DecodeError", "decoder"),
        "rows.encoder": ("EncodeError", "column_encoder", "encoder"),
        "schema": ("Schema", "SchemaError"),
    },
)

"""Decode with fastavro and the writer schema, parsed once per id."""

from __future__ import annotations

import io
import json
from typing import Any

import fastavro
from confluent_kafka.schema_registry import SchemaRegistryClient


class Decoder:
    """Decodes a message's value to a dictionary."""

    def __init__(self, registry_url: str) -> None:
        self._registry = SchemaRegistryClient({"url": registry_url})
        self._schemas: dict[bytes, Any] = {}

    def __call__(self, value: Any) -> Any:
        schema = self._schemas.get(value[:5]) or self._parsed(value[:5])
        body = io.BytesIO(value)
        body.seek(5)
        return fastavro.schemaless_reader(body, schema, None)

    def _parsed(self, prefix: bytes) -> Any:
        schema = json.loads(str(self._registry.get_schema(int.from_bytes(prefix[1:], "big")).schema_str))
        self._schemas[prefix] = fastavro.parse_schema(_plain(schema))
        return self._schemas[prefix]


def _plain(schema: Any) -> Any:
    """The schema without logical types: a uuid stays a string and a time a number, which saves creating objects."""
    if isinstance(schema, dict):
        return {key: _plain(value) for key, value in schema.items() if key != "logicalType"}
    return [_plain(each) for each in schema] if isinstance(schema, list) else schema

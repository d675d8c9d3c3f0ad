"""Confluent's wire format: the magic byte 0, the writer schema's id as 4 bytes big-endian, then the Avro body.

https://docs.confluent.io/platform/current/schema-registry/fundamentals/serdes-develop/index.html#wire-format
"""

from __future__ import annotations

import struct

MAGIC = 0
PREFIX_LENGTH = 5
"""Bytes before the Avro body."""

_PREFIX = struct.Struct(">BI")


class WireError(ValueError):
    """A message's value is not in Confluent's wire format; the error says what was found."""


def prefix(schema_id: int) -> bytes:
    """The 5 bytes before every body that was written with the schema with this id.

    Raises WireError if the id does not fit in 4 bytes.
    """
    try:
        return _PREFIX.pack(MAGIC, schema_id)
    except struct.error:
        raise WireError(f"schema id {schema_id!r} does not fit in the wire format: expected 0 to 4294967295") from None


def frame(schema_id: int, body: bytes) -> bytes:
    """A message's value: the prefix and the Avro body."""
    return prefix(schema_id) + body


def split(value: bytes | None) -> tuple[int, bytes]:
    """The id of the writer schema and the Avro body of a message's value.

    Raises WireError for a value that is missing, too short, or does not start with the magic byte.
    """
    try:
        magic, schema_id = _PREFIX.unpack_from(value)  # type: ignore[arg-type]  # TypeError for None
    except (struct.error, TypeError):
        magic = None
    if value is None or magic != MAGIC:
        raise WireError(_seen(value))
    return schema_id, value[PREFIX_LENGTH:]


def _seen(value: bytes | None) -> str:
    if not value:
        return "the value is null (a tombstone)" if value is None else "the value is empty"
    if value[0] != MAGIC:
        return f"the value begins with byte 0x{value[0]:02x}, expected the magic byte 0x{MAGIC:02x}"
    return f"the value has {len(value)} bytes, expected at least the {PREFIX_LENGTH} of the prefix"

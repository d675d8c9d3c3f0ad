"""Confluent's framing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tributary.avro.wire import WireError, frame, prefix, split


@given(st.integers(0, (1 << 32) - 1), st.binary())
def test_a_frame_splits_into_what_was_framed(schema_id: int, body: bytes) -> None:
    value = frame(schema_id, body)
    assert value == b"\0" + schema_id.to_bytes(4, "big") + body
    assert split(value) == (schema_id, body)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (None, "the value is null"),
        (b"", "the value is empty"),
        (b"{", "begins with byte 0x7b, expected the magic byte 0x00"),
        (b"\0\0\0\1", "has 4 bytes, expected at least the 5 of the prefix"),
    ],
)
def test_another_value_is_refused_and_says_what_was_seen(value: bytes | None, message: str) -> None:
    with pytest.raises(WireError, match=message):
        split(value)


@pytest.mark.parametrize("schema_id", [-1, 1 << 32])
def test_an_id_has_four_bytes(schema_id: int) -> None:
    with pytest.raises(WireError, match=f"schema id {schema_id} does not fit"):
        prefix(schema_id)

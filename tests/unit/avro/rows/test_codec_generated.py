"""Encoders and decoders of schemas that nobody wrote, against fastavro."""

from __future__ import annotations

import io
from typing import Any

import fastavro
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.support.avro import avro_data
from tests.support.avro.reading import resolved
from tributary.avro.rows.decoder import DecodeError, decoder
from tributary.avro.rows.encoder import encoder


def written(schema: Any, datum: Any) -> bytes:
    body = io.BytesIO()
    fastavro.schemaless_writer(body, fastavro.parse_schema(schema), datum)
    return body.getvalue()


def read(body: bytes, writer: Any, reader: Any) -> Any:
    """What fastavro reads, with uuids as text, as we have them."""
    source = io.BytesIO(body)
    by_writer, by_reader = (fastavro.parse_schema(without_uuids(schema)) for schema in (writer, reader))
    datum = resolved(source, by_writer, by_reader)
    assert source.tell() == len(body)
    return datum


def without_uuids(schema: Any) -> Any:
    if isinstance(schema, list):
        return [without_uuids(branch) for branch in schema]
    if isinstance(schema, dict):
        if schema.get("logicalType") == "uuid":
            return "string"
        return {key: without_uuids(value) for key, value in schema.items()}
    return schema


def has_text_and_bytes(schema: Any) -> bool:
    """Whether some union has both: fastavro then reads one as the other, where we and Java prefer the very type."""
    if isinstance(schema, list):
        kinds = [branch["type"] if isinstance(branch, dict) else branch for branch in schema]
        return ("bytes" in kinds and "string" in kinds) or any(map(has_text_and_bytes, schema))
    return isinstance(schema, dict) and any(map(has_text_and_bytes, schema.values()))


@given(st.data())
def test_we_write_and_read_as_fastavro_does(data: st.DataObject) -> None:
    schema = data.draw(avro_data.schemas())
    datum = data.draw(avro_data.data(schema))
    body = encoder(schema, keys=True)(datum)
    assert body == written(schema, datum)
    assert decoder(schema)(body) == read(body, schema, schema)


@given(st.data())
def test_we_resolve_a_reader_schema_as_fastavro_does(data: st.DataObject) -> None:
    writer = data.draw(avro_data.records())
    reader = data.draw(avro_data.readers(writer))
    assume(not has_text_and_bytes(reader))
    body = written(writer, data.draw(avro_data.data(writer)))
    try:
        ours = decoder(writer, reader)(body)
    except DecodeError:
        with pytest.raises((fastavro.read.SchemaResolutionError, ValueError, IndexError, KeyError, TypeError)):
            read(body, writer, reader)
    else:
        assert ours == read(body, writer, reader)


@given(st.data())
def test_a_cut_payload_is_refused(data: st.DataObject) -> None:
    schema = data.draw(avro_data.schemas())
    body = encoder(schema, keys=True)(data.draw(avro_data.data(schema)))
    decode = decoder(schema)
    for length in range(len(body)):
        with pytest.raises(DecodeError):
            decode(body[:length])
    with pytest.raises(DecodeError, match="of them after the event"):
        decode(body + b"\0")


@given(st.data())
def test_garbage_is_read_whole_or_refused(data: st.DataObject) -> None:
    schema = data.draw(avro_data.schemas())
    garbage = data.draw(st.binary(max_size=60) | st.lists(st.sampled_from([0, 1, 2, 255, 128])).map(bytes))
    try:
        ours = decoder(schema)(garbage)
    except DecodeError:
        return
    assert repr(ours) == repr(read(garbage, schema, schema))  # repr: a NaN equals nothing

"""The engine against fastavro's reader and Apache's Python checker, on generated pairs of schemas."""

from __future__ import annotations

import contextlib
import io
import json
from typing import Any

import fastavro
from avro.compatibility import ReaderWriterCompatibilityChecker, SchemaCompatibilityType
from avro.schema import parse as apache_parse
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.avro import avro_data
from tests.support.avro.reading import resolved
from tributary.avro.parser import parse
from tributary.registry.compatibility import incompatibilities

SLOW = settings(max_examples=60)


@st.composite
def versions(draw: Any) -> tuple[Any, Any, Any]:
    """A writer's schema, a reader's made from it, and a datum of the writer's."""
    writer = draw(avro_data.records())
    return writer, draw(avro_data.readers(writer)), draw(avro_data.data(writer))


def reasons(reader: Any, writer: Any) -> list[str]:
    return [reason.rule for reason in incompatibilities(parse(json.dumps(reader)), parse(json.dumps(writer)))]


@SLOW
@given(versions())
def test_what_it_calls_compatible_fastavro_reads(drawn: tuple[Any, Any, Any]) -> None:
    writer, reader, datum = drawn
    if reasons(reader, writer):
        return
    out = io.BytesIO()
    fastavro.schemaless_writer(out, fastavro.parse_schema(writer), datum)
    written, read = fastavro.parse_schema(writer), fastavro.parse_schema(reader)
    # The one break that the rules let through: bytes may be read as a string, but not all bytes are UTF-8.
    with contextlib.suppress(UnicodeDecodeError):
        resolved(io.BytesIO(out.getvalue()), written, read)


@SLOW
@given(versions())
def test_it_agrees_with_apaches_python_checker(drawn: tuple[Any, Any, Any]) -> None:
    writer, reader, _ = drawn
    verdict = ReaderWriterCompatibilityChecker().get_compatibility(  # type: ignore[no-untyped-call]
        apache_parse(json.dumps(reader)), apache_parse(json.dumps(writer))
    )
    assert (not reasons(reader, writer)) == (verdict.compatibility is SchemaCompatibilityType.compatible)


@SLOW
@given(avro_data.records())
def test_every_schema_reads_itself(schema: Any) -> None:
    assert reasons(schema, schema) == []


@SLOW
@given(avro_data.schemas())
def test_the_stored_text_means_the_same_and_stays(schema: Any) -> None:
    first = parse(json.dumps(schema))
    again = parse(first.canonical)
    assert again.canonical == first.canonical
    assert fastavro.schema.to_parsing_canonical_form(fastavro.parse_schema(json.loads(first.canonical))) == (
        fastavro.schema.to_parsing_canonical_form(fastavro.parse_schema(schema))
    )

"""Payloads become events, resolved to the reader's schema, or a DecodeError."""

from __future__ import annotations

import decimal
import io
import json
from typing import Any

import attrs
import fastavro
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.events import CartUpdated, Event, ProductViewed, PurchaseCompleted, Segment
from tests.support.avro import event_data
from tests.support.avro.event_data import ENCODERS, PARSED, PURCHASE, SCHEMAS, VIEW
from tributary.avro.codec import codec_schema
from tributary.avro.rows.decoder import DecodeError, decoder, resolver
from tributary.avro.rows.encoder import encoder

DECODERS: dict[type[Any], Any] = {cls: decoder(schema, schema, cls) for cls, schema in SCHEMAS.items()}


@given(event_data.events)
def test_an_event_comes_back_as_it_was(event: Event) -> None:
    body = io.BytesIO()
    fastavro.schemaless_writer(body, PARSED[type(event)], attrs.asdict(event))
    decoded = DECODERS[type(event)](body.getvalue())
    assert decoded == event
    assert type(decoded) is type(event)
    assert type(decoded.segment) is Segment
    assert hash(decoded) == hash(event)


def test_an_event_is_frozen_however_it_was_made() -> None:
    decoded = DECODERS[PurchaseCompleted](ENCODERS[PurchaseCompleted](PURCHASE))
    for frozen in (decoded, decoded.items[0]):
        with pytest.raises(attrs.exceptions.FrozenInstanceError):
            frozen.price_minor = 1


@given(event_data.events)
def test_every_cut_is_refused(event: Event) -> None:
    body = ENCODERS[type(event)](event)
    for length in range(len(body)):
        with pytest.raises(DecodeError):
            DECODERS[type(event)](body[:length])


@given(st.sampled_from([ProductViewed, CartUpdated, PurchaseCompleted]), st.binary(max_size=300))
def test_garbage_is_refused_or_is_an_event(cls: type[Event], garbage: bytes) -> None:
    try:
        event = DECODERS[cls](garbage)
    except DecodeError:
        return
    read = fastavro.schemaless_reader(io.BytesIO(garbage), json.loads(cls.SCHEMA.replace('"logicalType"', '"_"')), None)
    if "items" in read:
        read["items"] = tuple(read["items"])
    assert attrs.asdict(event) == read


@given(event_data.purchases, st.data())
def test_a_flipped_bit_never_escapes_as_another_error(event: PurchaseCompleted, data: st.DataObject) -> None:
    body = bytearray(ENCODERS[PurchaseCompleted](event))
    body[data.draw(st.integers(0, len(body) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    try:
        DECODERS[PurchaseCompleted](bytes(body))
    except DecodeError as error:
        assert str(error).startswith("PurchaseCompleted")


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "PurchaseCompleted.event_id: the payload of 0 bytes ends too early"),
        (b"\x01", "PurchaseCompleted.event_id: a length is negative"),
        (b"\x02\xff\0", "PurchaseCompleted.event_id: not UTF-8: b'\\xff'"),
        (b"\0" + b"\xff" * 9 + b"\x02", "PurchaseCompleted.occurred_at: a number does not fit in 64 bits"),
        (b"\0" + b"\xff" * 20, "PurchaseCompleted.occurred_at: a number does not fit in 64 bits"),
        (b"\0\0\0\0\x0a", "PurchaseCompleted.segment: enum tributary.events.Segment has no symbol with the number 5"),
        (b"\0\0\0\0\x01", "PurchaseCompleted.segment: enum tributary.events.Segment has no symbol with the number -1"),
        (b"\0\0\0\0\0\0\0\xfe\x01\0", "PurchaseCompleted.items: a block has more items than the payload has bytes"),
        (b"\0\0\0\0\0\0\0\x03\xff\x01\0", "PurchaseCompleted.items: a length is negative"),
        (b"\0\0\0\0\0\0\0\x03\x50\0\0", "PurchaseCompleted.items: a block is longer than the payload"),
        (
            b"\0\0\0\0\0\0\0\x02\0\xfe\xff\xff\xff\x1f\0",
            "PurchaseCompleted.items[].quantity: a number does not fit in 32",
        ),
        (ENCODERS[PurchaseCompleted](PURCHASE) + b"\0\0", "bytes, 2 of them after the event"),
    ],
)
def test_damage_is_named_with_its_place(body: bytes, message: str) -> None:
    with pytest.raises(DecodeError) as caught:
        resolver(*[codec_schema(SCHEMAS[PurchaseCompleted])] * 2)(body)
    assert message in str(caught.value)


def test_blocks_with_their_size_and_several_blocks_are_read() -> None:
    decode = decoder({"type": "array", "items": "long"})
    assert decode(b"\x03\x04\x02\x04" + b"\x02\x06" + b"\0") == [1, 2, 3]


def test_the_longest_lengths_do_not_loop() -> None:
    huge = b"\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01"
    for schema in (
        "string",
        {"type": "array", "items": "null"},
        {"type": "array", "items": "long"},
        {"type": "map", "values": "null"},
    ):
        with pytest.raises(DecodeError):
            decoder(schema)(huge)
    empties = {"type": "array", "items": {"type": "record", "name": "Empty", "fields": []}}
    assert decoder(empties)(b"\xd0\x0f\0") == [{}] * 1000
    with pytest.raises(DecodeError, match="more than 1,000 items that take no bytes"):
        decoder(empties)(b"\xd0\x0f\x02\0")


def test_a_payload_that_nests_too_deep_is_refused() -> None:
    tree = {"type": "record", "name": "Tree", "fields": [{"name": "below", "type": ["null", "Tree"]}]}
    assert decoder(tree)(b"\x02\x02\0") == {"below": {"below": {"below": None}}}
    with pytest.raises(DecodeError, match="nests too deep"):
        decoder(tree)(b"\x02" * 100_000)


def without(schema: dict[str, Any], *names: str) -> dict[str, Any]:
    return schema | {"fields": [field for field in schema["fields"] if field["name"] not in names]}


def with_field(schema: dict[str, Any], **field: Any) -> dict[str, Any]:
    return schema | {"fields": [field, *schema["fields"]]}


def test_a_reader_keeps_its_class_when_the_writer_is_older_or_newer() -> None:
    older = without(SCHEMAS[ProductViewed], "category")
    values = {name: value for name, value in attrs.asdict(VIEW).items() if name != "category"}
    assert decoder(older, SCHEMAS[ProductViewed], ProductViewed)(encoder(older, keys=True)(values)) == VIEW
    newer = with_field(SCHEMAS[ProductViewed], name="tags", type={"type": "map", "values": ["null", "string"]})
    body = encoder(newer, keys=True)({"tags": {"a": None, "b": "c"}, **attrs.asdict(VIEW)})
    assert decoder(newer, SCHEMAS[ProductViewed], ProductViewed)(body) == VIEW


def test_an_unknown_symbol_is_read_as_the_enums_default() -> None:
    newer = json.loads(ProductViewed.SCHEMA.replace('"VIP"]', '"VIP", "STAFF"]'))
    body = encoder(newer, keys=True)(attrs.asdict(VIEW) | {"segment": "STAFF"})
    assert decoder(newer, SCHEMAS[ProductViewed], ProductViewed)(body) == attrs.evolve(VIEW, segment=Segment.UNKNOWN)
    strict = json.loads(ProductViewed.SCHEMA.replace('"default": "UNKNOWN", ', ""))
    with pytest.raises(DecodeError, match=r"\.segment: the reader knows no symbol STAFF, and its enum has no default"):
        decoder(newer, strict, ProductViewed)(body)


def record(*fields: dict[str, Any], name: str = "R") -> dict[str, Any]:
    return {"type": "record", "name": name, "fields": [*fields]}


def test_a_union_prefers_the_very_type_to_a_promotion() -> None:
    assert decoder("string", ["bytes", "string"])(b"\x02a") == "a"
    assert decoder("string", ["null", "bytes"])(b"\x02a") == b"a"


def test_a_branch_that_the_reader_has_not_is_an_error_only_when_met() -> None:
    decode = decoder(["null", "string", record()], ["null", "long", "string"])
    assert decode(b"\0") is None
    assert decode(b"\x02\x02a") == "a"
    with pytest.raises(DecodeError, match="the writer's record R cannot be read as union of null, long, string"):
        decode(b"\x04")


def test_an_alias_and_a_field_of_that_name_read_the_same_bytes() -> None:
    writer = record({"name": "old", "type": "int"})
    reader = record({"name": "new", "type": "double", "aliases": ["old"]}, {"name": "old", "type": "long"})
    assert repr(decoder(writer, reader)(b"\x0e")) == "{'new': 7.0, 'old': 7}"


def test_a_decimal_keeps_its_value_where_the_reader_has_another_scale() -> None:
    cents = {"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 2}
    assert decoder(cents, cents | {"scale": 4})(b"\x04\x04\xd2") == decimal.Decimal("12.34")
    assert decoder("bytes", cents)(b"\x04\x04\xd2") == decimal.Decimal("12.34")
    assert decoder(cents, "bytes")(b"\x04\x04\xd2") == b"\x04\xd2"


def test_types_nested_deeper_than_python_compiles() -> None:
    schema: Any = "long"
    value: Any = 7
    for _ in range(40):
        schema, value = {"type": "array", "items": schema}, [value]
    body = b"\x02" * 40 + b"\x0e" + b"\0" * 40
    assert decoder(schema)(body) == value
    outer = record({"name": "f", "type": schema}, {"name": "g", "type": "int"})
    assert decoder(outer, record({"name": "g", "type": "int"}))(body + b"\x02") == {"g": 1}


def test_a_default_of_bytes_is_text_of_one_character_a_byte_and_a_mutable_one_is_not_shared() -> None:
    reader = record(
        {"name": "raw", "type": "bytes", "default": "\u00ff"},
        {"name": "tags", "type": {"type": "array", "items": "string"}, "default": []},
    )
    decode = decoder(record(), reader)
    assert decode(b"") == {"raw": b"\xff", "tags": []}
    decode(b"")["tags"].append("x")
    assert decode(b"") == {"raw": b"\xff", "tags": []}


@pytest.mark.parametrize(
    ("writer", "reader", "message"),
    [
        (record(), record({"name": "f", "type": "int"}), r"R\.f: the writer has no such field, and it has no default"),
        (record(), record(name="S"), "R: the writer's record R cannot be read as record S"),
        (
            record({"name": "f", "type": {"type": "array", "items": "string"}}),
            record({"name": "f", "type": {"type": "array", "items": "int"}}),
            r"R\.f\[\]: the writer's string cannot be read as int",
        ),
        (record(), record({"name": "f", "type": "int", "default": "x"}), r"R\.f: the default 'x' is not a int"),
    ],
)
def test_a_pair_that_cannot_be_resolved_is_refused_at_once(writer: Any, reader: Any, message: str) -> None:
    with pytest.raises(DecodeError, match=message):
        decoder(writer, reader)


def test_a_record_that_recurs_in_a_branch_that_cannot_be_read() -> None:
    node = record({"name": "next", "type": ["null", "R"]}, {"name": "value", "type": "string"})
    reader = record({"name": "next", "type": ["null", "R"]}, {"name": "value", "type": "long"})
    decode = decoder(["null", node], ["null", reader])
    assert decode(b"\0") is None
    with pytest.raises(DecodeError, match="the writer's string cannot be read as long"):
        decode(b"\x02\0\x02a")


def test_two_records_in_each_other_of_which_one_cannot_be_read() -> None:
    def outer(kind: str) -> dict[str, Any]:
        inner = record({"name": "a", "type": ["null", "A"]}, name="B")
        broken = record({"name": "b", "type": inner}, {"name": "value", "type": kind}, name="A")
        return record({"name": "first", "type": ["null", broken]}, {"name": "second", "type": "B"})

    decode = decoder(outer("string"), outer("long"))
    assert decode(b"\0\0") == {"first": None, "second": {"a": None}}
    for body in (b"\x02", b"\0\x02"):
        with pytest.raises(DecodeError, match="the writer's string cannot be read as long"):
            decode(body)


def test_records_that_cannot_be_read_are_tried_once_each() -> None:
    def chain(kind: str) -> dict[str, Any]:
        below: dict[str, Any] = record(name="R0")
        for level in range(1, 30):  # if each use tried again, the lowest would be tried half a billion times
            uses = ({"name": "a", "type": ["null", below]}, {"name": "b", "type": ["null", f"R{level - 1}"]})
            below = record(*uses, {"name": "c", "type": kind}, name=f"R{level}")
        return record({"name": "top", "type": ["null", below]})

    assert decoder(chain("string"), chain("long"))(b"\0") == {"top": None}


def test_a_loop_in_a_branch_that_cannot_be_read_leaves_no_trace() -> None:
    decode = decoder(["null", {"type": "array", "items": "string"}], ["null", {"type": "array", "items": "long"}])
    assert decode(b"\0") is None
    with pytest.raises(DecodeError, match="the writer's string cannot be read as long"):
        decode(b"\x02\0")


@attrs.frozen(weakref_slot=False)
class Hooked:
    f: int

    def __attrs_post_init__(self) -> None:
        if self.f < 1:
            raise ValueError("f is too small")


@attrs.frozen(weakref_slot=False)
class Validated:
    f: int = attrs.field(validator=attrs.validators.ge(1))


@attrs.frozen(weakref_slot=False)
class Initialised:
    f: int

    def __init__(self, f: int) -> None:
        if f < 1:
            raise ValueError("f is too small")
        self.__attrs_init__(f)  # type: ignore[attr-defined]


@pytest.mark.parametrize("cls", [Hooked, Validated, Initialised])
def test_a_class_that_checks_its_values_still_does(cls: type[Any]) -> None:
    decode = decoder(record({"name": "f", "type": "long"}), None, cls)
    assert decode(b"\x0e") == cls(f=7)
    with pytest.raises(DecodeError, match="f"):
        decode(b"\0")


def test_a_class_without_a_field_of_the_reader_is_refused_at_once() -> None:
    with pytest.raises(TypeError, match="Hooked has no attribute g, which the schema's record R has"):
        decoder(record({"name": "f", "type": "long"}, {"name": "g", "type": "int"}), None, Hooked)

"""Events become the bytes that Avro prescribes, or an error that a person can act on."""

from __future__ import annotations

import decimal
import io
from typing import Any

import attrs
import fastavro
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from schemas import events
from schemas.events import Event, ProductViewed, PurchaseCompleted
from tests.support.avro import event_data
from tests.support.avro.event_data import ENCODERS, PARSED, PURCHASE, SCHEMAS, VIEW
from tributary.avro.rows.decoder import decoder
from tributary.avro.rows.encoder import EncodeError, column_encoder, encoder
from tributary.avro.schema import SchemaError


@given(event_data.events)
def test_our_bytes_are_fastavros(event: Event) -> None:
    body = io.BytesIO()
    fastavro.schemaless_writer(body, PARSED[type(event)], attrs.asdict(event))
    assert ENCODERS[type(event)](event) == body.getvalue()


@given(st.lists(event_data.events))
def test_columns_become_the_bytes_of_their_rows(sent: list[Event]) -> None:
    for contract, encode in ENCODERS.items():
        rows = [event for event in sent if type(event) is contract]
        plain = [attrs.asdict(event) for event in rows]
        columns = {field.name: [row[field.name] for row in plain] for field in attrs.fields(contract)}
        assert list(column_encoder(SCHEMAS[contract])(columns)) == [encode(event) for event in rows]


@given(st.lists(event_data.product_views, min_size=1), st.data())
def test_columns_with_a_bad_value_give_what_stands_before_it_and_name_it(
    sent: list[ProductViewed], data: st.DataObject
) -> None:
    name, value = data.draw(
        st.sampled_from(
            [("price_minor", -1), ("price_minor", True), ("price_minor", 2**63), ("user_id", 1), ("region", "EU")]
        )
    )
    bad = data.draw(st.integers(0, len(sent) - 1))
    columns = {field.name: [getattr(event, field.name) for event in sent] for field in attrs.fields(ProductViewed)}
    columns[name][bad] = value
    bodies = []
    with pytest.raises(EncodeError, match=f"^ProductViewed.{name} is {value!r}, expected"):
        bodies.extend(column_encoder(SCHEMAS[ProductViewed])(columns))
    assert bodies == [ENCODERS[ProductViewed](event) for event in sent[:bad]]


def test_columns_take_what_is_longer_than_the_table_of_lengths() -> None:
    encode = column_encoder({"type": "record", "name": "R", "fields": [{"name": "s", "type": "string"}]})
    texts = ["x" * 10_000, "é"]
    assert list(encode({"s": texts})) == [encoder("string")(text) for text in texts]


@pytest.mark.parametrize(
    ("columns", "error"), [({"s": ["a"], "t": []}, ValueError), ({"s": ["a"]}, KeyError), ({}, KeyError)]
)
def test_columns_of_different_lengths_or_missing_ones_are_refused(
    columns: dict[str, list[str]], error: type[Exception]
) -> None:
    fields = [{"name": name, "type": "string"} for name in "st"]
    encode = column_encoder({"type": "record", "name": "R", "fields": fields})
    with pytest.raises(error):
        list(encode(columns))


def test_columns_are_of_a_record() -> None:
    with pytest.raises(TypeError, match="string has none"):
        column_encoder("string")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"event_id": "7"}, "ProductViewed.event_id is '7', expected a uuid of 32 hexadecimal digits, 8-4-4-4-12"),
        ({"event_id": None}, "ProductViewed.event_id is None, expected a str"),
        (
            {"occurred_at": 1.5},
            f"ProductViewed.occurred_at is 1.5, expected an int from {-(1 << 63)} to {(1 << 63) - 1}",
        ),
        ({"occurred_at": True}, "ProductViewed.occurred_at is True, expected an int from"),
        ({"price_minor": 1 << 63}, "ProductViewed.price_minor is 9223372036854775808, expected an int from"),
        ({"price_minor": -1}, "ProductViewed.price_minor is -1, expected at least 0"),
        ({"user_id": b"u"}, "ProductViewed.user_id is b'u', expected a str"),
        ({"user_id": "\ud800"}, "ProductViewed.user_id is '\\ud800', expected text that UTF-8 can carry"),
        ({"segment": "GOLD"}, "ProductViewed.segment is 'GOLD', expected one of UNKNOWN, NEW, REGULAR, LOYAL, VIP"),
        ({"segment": 4}, "ProductViewed.segment is 4, expected one of UNKNOWN, NEW, REGULAR, LOYAL, VIP"),
        ({"region": "EU"}, "ProductViewed.region is 'EU', expected text that matches ^[a-z]+(-[a-z]+)*$"),
        ({"currency": "EUR\n"}, "ProductViewed.currency is 'EUR\\n', expected text that matches ^[A-Z]{3}$"),
        ({"currency": ["EUR"]}, "ProductViewed.currency is ['EUR'], expected a str"),
        ({"category": 7}, "ProductViewed.category is 7, expected a str"),
    ],
)
def test_a_bad_field_is_named_with_its_value_and_what_was_expected(change: dict[str, Any], message: str) -> None:
    with pytest.raises(EncodeError) as caught:
        ENCODERS[ProductViewed](attrs.evolve(VIEW, **change))
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize(
    ("items", "message"),
    [
        ("ab", "PurchaseCompleted.items is 'ab', expected a list or tuple"),
        (
            (PURCHASE.items[0], attrs.evolve(PURCHASE.items[1], quantity=0)),
            ".items[1].quantity is 0, expected at least 1",
        ),
        (
            (attrs.evolve(PURCHASE.items[0], quantity=1 << 31),),
            ".items[0].quantity is 2147483648, expected an int from",
        ),
        ((VIEW,), "PurchaseCompleted.items[0] has no quantity, expected a PurchaseItem, got ProductViewed("),
    ],
)
def test_a_bad_item_is_named_by_its_place(items: Any, message: str) -> None:
    with pytest.raises(EncodeError) as caught:
        ENCODERS[PurchaseCompleted](attrs.evolve(PURCHASE, items=items))
    assert message in str(caught.value)


def test_another_event_is_refused() -> None:
    cart = events.CartUpdated(
        event_id=VIEW.event_id,
        occurred_at=VIEW.occurred_at,
        user_id=VIEW.user_id,
        session_id=VIEW.session_id,
        segment=VIEW.segment,
        region=VIEW.region,
        product_id=VIEW.product_id,
        price_minor=VIEW.price_minor,
        currency=VIEW.currency,
        action=events.CartAction.ADD,
        quantity=1,
    )
    with pytest.raises(EncodeError, match="ProductViewed has no category, expected a ProductViewed, got CartUpdated"):
        ENCODERS[ProductViewed](cart)


def test_a_refusal_leaves_the_encoder_as_it_was() -> None:
    before = ENCODERS[ProductViewed](VIEW)
    with pytest.raises(EncodeError):
        ENCODERS[ProductViewed](attrs.evolve(VIEW, region="EU"))
    with pytest.raises(EncodeError):
        ENCODERS[ProductViewed](attrs.evolve(VIEW, region="EU"))
    assert ENCODERS[ProductViewed](VIEW) == before


def test_what_a_pattern_remembers_has_a_bound() -> None:
    schema = {"type": "record", "name": "R", "fields": [{"name": "f", "type": "string", "pattern": "^[0-9]*$"}]}
    encode = encoder(schema, keys=True)
    for number in range(10_000):
        text = str(number)
        assert encode({"f": text}) == bytes((len(text) * 2,)) + text.encode()
    remembered = [constant for name, constant in encode.__globals__.items() if name.startswith("F_")]
    assert [0 < len(texts) <= 4096 for texts in remembered] == [True]


def field(**attributes: Any) -> dict[str, Any]:
    return {"type": "record", "name": "R", "fields": [{"name": "f", **attributes}]}


@given(st.integers(-(1 << 33), 1 << 33))
def test_an_int_has_32_bits(number: int) -> None:
    encode = encoder(field(type="int"), keys=True)
    if -(1 << 31) <= number < 1 << 31:
        assert len(encode({"f": number})) <= 5
    else:
        with pytest.raises(EncodeError, match=f"R.f is {number}, expected an int from -2147483648 to 2147483647"):
            encode({"f": number})


@given(st.floats() | st.integers(-(1 << 70), 1 << 70), st.sampled_from(["int", "long", "float", "double"]))
def test_limits_hold_for_numbers_of_every_type(number: float, kind: str) -> None:
    encode = encoder(field(type=kind, minimum=-2, maximum=2.5), keys=True)
    fits = -2 <= number <= 2.5 and (kind in ("float", "double") or isinstance(number, int))
    if fits:
        encode({"f": number})
    else:
        with pytest.raises(EncodeError, match=r"R\.f is "):
            encode({"f": number})


def test_limits_hold_within_an_optional_field() -> None:
    encode = encoder(field(type=["null", "long"], minimum=1), keys=True)
    assert encode({"f": None}) == b"\0"
    with pytest.raises(EncodeError, match=r"R\.f is 0, expected at least 1"):
        encode({"f": 0})


@given(st.integers(-(10**7), 10**7), st.integers(-3, 6))
@example(0, 999_999)
def test_a_decimal_fits_its_precision_and_scale_without_rounding(coefficient: int, exponent: int) -> None:
    number = decimal.Decimal(f"{coefficient}e{exponent}")
    decimals = {"type": "bytes", "logicalType": "decimal", "precision": 5, "scale": 2}
    encode = encoder(field(type=decimals), keys=True)
    if abs(number) < 1000 and coefficient % 10 ** max(0, -exponent - 2) == 0:
        body = encode({"f": number})
        assert fastavro.schemaless_reader(io.BytesIO(body), field(type=decimals), None) == {"f": number}
    else:
        with pytest.raises(EncodeError, match="expected a Decimal of up to 5 digits, 2 of them after the dot"):
            encode({"f": number})


@pytest.mark.parametrize("number", [*map(decimal.Decimal, ("NaN", "sNaN", "Infinity", "1e999999")), 1, 1.5, None])
def test_what_is_no_decimal_is_refused(number: Any) -> None:
    decimals = {"type": "fixed", "name": "D", "size": 4, "logicalType": "decimal", "precision": 5, "scale": 2}
    with pytest.raises(EncodeError, match="expected a Decimal of up to 5 digits"):
        encoder(decimals)(number)


def test_a_value_in_a_union_takes_the_first_branch_that_it_fits() -> None:
    encode = encoder(["int", "long", "double", {"type": "enum", "name": "E", "symbols": ["A"]}, "string"])
    assert [encode(value)[0] >> 1 for value in (1, 1 << 40, 1.5, "A", "B")] == [0, 1, 2, 3, 4]
    with pytest.raises(EncodeError, match="is None, expected int or long or double or enum E or string"):
        encode(None)


@pytest.mark.parametrize("number", [1, 1 << 13, 1 << 27, 1 << 41])
@pytest.mark.parametrize("count", [0, 1, 2, 3])
def test_the_number_of_the_branch_comes_before_all_that_is_in_it(number: int, count: int) -> None:
    names = ["a", "b", "c"][:count]
    inner = {"type": "record", "name": "R", "fields": [{"name": name, "type": "long"} for name in names]}
    value = dict.fromkeys(names, number)
    assert encoder(["null", inner], keys=True)(value) == b"\x02" + encoder(inner, keys=True)(value)


def test_instances_in_a_union_of_records_are_told_apart_by_class() -> None:
    items, views = SCHEMAS[PurchaseCompleted]["fields"][7]["type"]["items"], SCHEMAS[ProductViewed]
    encode = encoder([items, views])
    assert encode(VIEW) == b"\x02" + ENCODERS[ProductViewed](VIEW)
    with pytest.raises(EncodeError):
        encode(PURCHASE)


def test_a_value_within_itself_is_refused() -> None:
    tree = {"type": "record", "name": "Tree", "fields": [{"name": "below", "type": {"type": "array", "items": "Tree"}}]}
    value: dict[str, Any] = {"below": []}
    assert encoder(tree, keys=True)({"below": [value, value]}) == b"\x04\0\0\0"
    value["below"].append(value)
    with pytest.raises(EncodeError, match="Tree nests too deep"):
        encoder(tree, keys=True)(value)


@given(st.integers(8150, 8250), st.integers(8150, 8250), st.integers(8150, 8250))
def test_long_texts_bytes_and_arrays(text: int, raw: int, items: int) -> None:
    schema = {
        "type": "record",
        "name": "Long",
        "fields": [
            {"name": "text", "type": ["null", "string"]},
            {"name": "raw", "type": "bytes"},
            {"name": "items", "type": {"type": "array", "items": "int"}},
        ],
    }
    value = {"text": "x" * text, "raw": b"y" * raw, "items": [7] * items}
    body = io.BytesIO()
    fastavro.schemaless_writer(body, fastavro.parse_schema(schema), value)
    encode = encoder(schema, keys=True)
    assert encode(value) == body.getvalue()
    with pytest.raises(EncodeError, match=r"Long\.items\[8000\] is '7', expected an int"):
        encode(value | {"items": [7] * 8000 + ["7"] * 200})


def test_types_nested_deeper_than_python_compiles() -> None:
    schema: Any = "long"
    value: Any = 7
    for _ in range(40):
        schema, value = {"type": "array", "items": schema}, [value]
    assert encoder(schema)(value) == b"\x02" * 40 + b"\x0e" + b"\0" * 40


def nested(levels: int) -> Any:
    """Unions in records, which take the most of Python's stack."""
    schema: Any = "long"
    for level in range(levels):
        schema = {"type": "record", "name": f"R{level}", "fields": [{"name": "f", "type": ["null", schema]}]}
    return schema


def test_a_schema_nests_so_deep_and_no_deeper() -> None:
    assert encoder(nested(30))
    assert decoder(nested(30))
    for codec in (encoder, decoder):
        for levels, limit in ((60, 100), (10_000, 150)):  # the codec's own limit, and before it the parser's
            with pytest.raises(SchemaError, match=f"types are nested more than {limit} deep"):
                codec(nested(levels))


@pytest.mark.parametrize(
    ("schema", "message"),
    [
        (field(type="string", pattern="["), "f: pattern '\\[' is not a regular expression"),
        (field(type="long", minimum="0"), "f: minimum is '0', expected a number"),
        (field(type="lnog"), 'undefined name: "lnog" in field f of'),
        (
            field(type={"type": "enum", "name": "E", "symbols": ["A);import os"]}),
            r'symbol of enum E "A\);import os" has an illegal character',
        ),
        (
            {"type": "record", "name": "R", "fields": [{"name": "f); x(", "type": "int"}]},
            r'"f\); x\(" has an illegal',
        ),
        ({"type": "record", "name": "R'", "fields": []}, 'name "R\'" has an illegal character'),
        (
            {"type": "record", "name": "R", "fields": [{"name": "größe", "type": "int"}]},
            "the name 'größe' has letters",
        ),
    ],
)
def test_a_schema_that_cannot_be_used_is_refused(schema: Any, message: str) -> None:
    with pytest.raises(SchemaError, match=message):
        encoder(schema)

"""What a contract allows: columns, rows and a check by hand of what fastavro reads agree on every message."""

from __future__ import annotations

import io
import json
import re
from typing import Any

import fastavro
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tributary.avro import wire
from tributary.avro.columns.reader import LARGE, ColumnReader
from tributary.avro.rows.decoder import BoundsError, decoder
from tributary.avro.rows.encoder import EncodeError, encoder

LINE: dict[str, Any] = {
    "type": "record",
    "name": "Line",
    "fields": [
        {"name": "product", "type": "string", "pattern": "^p"},
        {"name": "pieces", "type": "int", "minimum": 1, "maximum": 3},
        {"name": "price", "type": "long", "minimum": 0},
    ],
}
READER: dict[str, Any] = {
    "type": "record",
    "name": "R",
    "fields": [
        {"name": "a", "type": "long", "minimum": -5, "maximum": 1000.5},
        {"name": "b", "type": "int", "minimum": 0.5},
        {"name": "c", "type": "string", "pattern": "^[a-z]{1,12}$"},
        {"name": "d", "type": ["null", "string"], "pattern": "^é?x*$", "default": None},
        {"name": "n", "type": ["null", "long"], "minimum": 1, "default": None},
        {"name": "natural", "type": "long", "minimum": 0},
        {"name": "ratio", "type": "double", "minimum": -0.1, "maximum": 2**53 + 1},
        {"name": "share", "type": "float", "maximum": 1},
        {"name": "rate", "type": ["double", "null"], "minimum": -0.1, "maximum": 2**53 + 1, "default": 1},
        {"name": "one", "type": ["long"], "minimum": 0, "maximum": 1000},
        {"name": "maybe", "type": ["null", "long", "string"], "maximum": 7, "pattern": "^m", "default": None},
        {"name": "within", "type": {"type": "record", "name": "W", "fields": [LINE["fields"][1]]}},
        {"name": "lines", "type": {"type": "array", "items": LINE}},
        {"name": "free", "type": "string"},
        {"name": "later", "type": "long", "minimum": 0, "default": 3},
    ],
}
WANTED = (
    "a",
    "b",
    "c",
    "d",
    "n",
    "natural",
    "ratio",
    "share",
    "rate",
    "one",
    "free",
    "later",
    "lines.product",
    "lines.pieces",
    "lines.price",
)


def without(*names: str, **types: Any) -> dict[str, Any]:
    """The reader's schema as another version has it, without limits."""
    fields = [
        {"name": field["name"], "type": types.get(field["name"], field["type"])}
        for field in READER["fields"]
        if field["name"] not in names
    ]
    return {"type": "record", "name": "R", "fields": fields}


WRITERS = {
    "the contract": READER,
    "an older version": without("later", "d", "rate", a="int", natural="int", ratio="float", maybe=["string", "null"]),
    "other unions": without(
        a=["int", "long"], ratio=["long", "double"], rate=["null", "long"], d=["string", "null"], maybe="long"
    ),
    "numbers promoted": without("later", ratio="long", share="int", rate="float", one="int", maybe="null", c="bytes"),
}
LONGS = st.sampled_from([-(2**63), -6, -5, -1, 0, 1, 2, 3, 4, 7, 8, 1000, 1001, 2**53 + 1, 2**53 + 2, 2**63 - 1])
DOUBLES = st.sampled_from([float("nan"), float("-inf"), -0.11, -0.1, 0.0, 1.0, 1.5, 2.0**53, 2.0**53 + 2])
TEXTS = st.sampled_from(["", "a", "a\0", "ab\n", "abcdefgh", "abcdefghi", "A", "x", "é", "éx", "m", "p", "pé", "ß" * 9])
GOOD = {"long": 1, "int": 1, "double": 0.5, "float": 0.5, "string": "x"}


def values(schema: Any, name: str = "") -> st.SearchStrategy[Any]:
    if isinstance(schema, list):
        return st.one_of(*(values(branch, name) for branch in schema))
    if isinstance(schema, dict) and schema["type"] == "record":
        return st.fixed_dictionaries({f["name"]: values(f["type"], f["name"]) for f in schema["fields"]})
    if isinstance(schema, dict) and schema["type"] == "array":
        return st.lists(values(schema["items"]), max_size=3)
    kind = schema if isinstance(schema, str) else schema["type"]
    # Mostly good values: else hardly any message would be.
    good = {"product": "p", "c": "abc", "maybe": "m", "share": 1, "ratio": 1}.get(name, GOOD.get(kind))
    if kind in ("long", "int"):
        good = good if isinstance(good, int) else 1
        some: st.SearchStrategy[Any] = LONGS if kind == "long" else LONGS.filter(lambda n: abs(n) < 2**31)
    elif kind in ("double", "float"):
        some = DOUBLES
    elif kind == "bytes":
        return st.just(b"abc") | TEXTS.map(str.encode)
    else:
        return st.none() if kind == "null" else st.just(good).flatmap(lambda g: st.sampled_from([g] * 30) | TEXTS)
    return st.sampled_from([good] * 15) | some


def allowed(schema: Any, value: Any, limits: Any = ()) -> bool:
    """By hand: whether a value is within the limits of the fields of a schema."""
    if isinstance(schema, list):
        return all(allowed(branch, value, limits) for branch in schema if not isinstance(branch, dict))
    if isinstance(schema, dict) and schema["type"] == "record":
        return all(allowed(field["type"], value[field["name"]], field) for field in schema["fields"])
    if isinstance(schema, dict) and schema["type"] == "array":
        return all(allowed(schema["items"], item) for item in value)
    if isinstance(value, str):
        return "pattern" not in limits or bool(re.search(limits["pattern"].replace("$", r"\Z"), value))
    if value is None:
        return True
    return not ("minimum" in limits and not value >= limits["minimum"]) and not (
        "maximum" in limits and not value <= limits["maximum"]
    )


def message(writer: Any, value: Any) -> bytes:
    buffer = io.BytesIO()
    fastavro.schemaless_writer(buffer, fastavro.parse_schema(writer), value)
    return wire.frame(1, buffer.getvalue())


@pytest.mark.parametrize("writer", WRITERS.values(), ids=WRITERS)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_columns_rows_and_a_check_by_hand_agree(writer: Any, data: st.DataObject) -> None:
    records = data.draw(st.lists(values(fastavro.schema.expand_schema(writer)), min_size=1, max_size=12))
    large = data.draw(st.sets(st.integers(0, len(records) - 1), max_size=2))
    for row in large:
        records[row]["free"] = "f" * LARGE
    wanted = data.draw(st.lists(st.sampled_from(WANTED), min_size=1, unique=True))
    payloads: list[bytes | None] = [message(writer, record) for record in records]
    resolve = decoder(writer, READER)
    good, bad_rows, bad_by_hand = 0, set(), set()
    for row, payload in enumerate(payloads):
        body = (payload or b"")[wire.PREFIX_LENGTH :]
        read: Any = fastavro.schemaless_reader(
            io.BytesIO(body), fastavro.parse_schema(writer), fastavro.parse_schema(READER)
        )
        if not allowed(READER, read):
            bad_by_hand.add(row)
        try:
            resolve(body)
            good += 1
        except BoundsError:
            bad_rows.add(row)
    assert bad_rows == bad_by_hand
    reader = ColumnReader(READER, wanted, lambda _: json.dumps(writer))
    for _ in range(2):  # the second time with texts that are known by then
        reading = reader.read(payloads)
        assert set(reading.failures) == bad_by_hand
        assert sum(batch.rows for batch in reading.batches) == good
        assert all(reason.startswith("breaks its contract: R.") for reason in reading.failures.values())


@settings(max_examples=200, deadline=None)
@given(record=values(READER))
def test_what_a_writer_refuses_a_reader_refuses(record: Any) -> None:
    try:
        encoder(READER, keys=True)(record)
        refused = ""
    except EncodeError as error:
        refused = str(error)
    body = message(READER, record)[wire.PREFIX_LENGTH :]
    try:
        decoder(READER)(body)
        assert not refused
    except BoundsError as error:
        assert str(error).partition(" ")[0].replace("[]", "") == re.sub(r"\[\d\]", "", refused.partition(" ")[0])


ONE = {"type": "record", "name": "R", "fields": [{"name": "n", "type": "long", "minimum": 0}]}


def test_one_row_outside_disturbs_no_other() -> None:
    reader = ColumnReader(ONE, ("n",), lambda _: json.dumps(ONE))
    reading = reader.read([message(ONE, {"n": n}) for n in (5, -1, 7)])
    assert reading.failures == {1: "breaks its contract: R.n is -1, expected at least 0"}
    assert [batch.integers("n").tolist() for batch in reading.batches] == [[5, 7]]


@pytest.mark.parametrize("wanted", ["n", "text"])
@pytest.mark.parametrize(
    ("bounds", "good"),
    [
        ({"minimum": 2**63 - 1}, {2**63 - 1}),
        ({"minimum": 2.0**63}, set()),
        ({"maximum": -(2**63)}, {-(2**63)}),
        ({"minimum": 0.2, "maximum": 0.8}, set()),
        ({"minimum": -1e300, "maximum": 10**300}, {-(2**63), -1, 0, 1, 2**63 - 1}),
        ({"minimum": -0.5}, {0, 1, 2**63 - 1}),
        ({"minimum": -1}, {-1, 0, 1, 2**63 - 1}),
        ({"minimum": 0, "maximum": 2**63 - 2}, {0, 1}),
    ],
)
def test_bounds_that_a_long_cannot_reach(bounds: dict[str, Any], good: set[int], wanted: str) -> None:
    fields = [{"name": "text", "type": "string"}, {"name": "n", "type": "long", **bounds}]
    schema = {"type": "record", "name": "R", "fields": fields}
    numbers = [-(2**63), -1, 0, 1, 2**63 - 1]
    reader = ColumnReader(schema, (wanted,), lambda _: json.dumps(schema))
    failures = reader.read([message(schema, {"text": "", "n": n}) for n in numbers]).failures
    assert {n for row, n in enumerate(numbers) if row not in failures} == good


@pytest.mark.parametrize(("bound", "last"), [(2**53 + 1, 2.0**53), (2**53 + 3, 2.0**53 + 2)])
def test_a_bound_that_is_no_double_is_exact(bound: int, last: float) -> None:
    fields = [{"name": "n", "type": "long"}, {"name": "x", "type": "double", "maximum": bound}]
    schema = {"type": "record", "name": "R", "fields": fields}
    reader = ColumnReader(schema, ("n",), lambda _: json.dumps(schema))
    assert set(reader.read([message(schema, {"n": 1, "x": x}) for x in (last, last + 2)]).failures) == {1}


@pytest.mark.parametrize("wanted", ["n", "t"])
def test_damage_in_text_with_a_pattern_stays_in_its_row(wanted: str) -> None:
    fields = [{"name": "n", "type": "long"}, {"name": "t", "type": "string", "pattern": "^[a-z]+$"}]
    schema = {"type": "record", "name": "R", "fields": fields}
    good = message(schema, {"n": 1, "t": "good"})
    reader = ColumnReader(schema, (wanted,), lambda _: json.dumps(schema))
    broken = good[:-2] + b"\xff\xfe"
    failures = reader.read([good, broken, good[:-1], good[:6], good + b"\xff", good]).failures
    assert set(failures) == {1, 2, 3, 4}
    assert not any("breaks its contract" in reason for reason in failures.values())


def test_more_texts_than_are_remembered_are_told_apart() -> None:
    schema = {"type": "record", "name": "R", "fields": [{"name": "t", "type": "string", "pattern": "[02468]$"}]}
    reader = ColumnReader(schema, ("t",), lambda _: json.dumps(schema))
    payloads: list[bytes | None] = [message(schema, {"t": str(n)}) for n in range(6000)]
    for _ in range(2):
        assert set(reader.read(payloads).failures) == set(range(1, 6000, 2))


def test_an_older_message_is_read_by_the_limits_of_the_contract_in_use() -> None:
    """A limit that came later makes older messages unreadable, and one that went makes them readable."""
    older = {**ONE, "fields": [{"name": "n", "type": "long"}]}
    payload = message(older, {"n": -1})
    assert set(ColumnReader(ONE, ("n",), lambda _: json.dumps(older)).read([payload]).failures) == {0}
    assert not ColumnReader(older, ("n",), lambda _: json.dumps(ONE)).read([payload]).failures


def test_decimals_with_limits_are_read_row_by_row() -> None:
    kind = {"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 2}
    fields = [{"name": "n", "type": "long"}, {"name": "price", "type": kind, "minimum": 0}]
    schema = {"type": "record", "name": "R", "fields": fields}
    bodies = [b"\0\0\0\0\1" + bytes([2 * n, 2]) + price for n, price in enumerate((b"\x05", b"\xfb"))]
    reading = ColumnReader(schema, ("n",), lambda _: json.dumps(schema)).read(list(bodies))
    assert reading.failures == {1: "breaks its contract: R.price is Decimal('-0.05'), expected at least 0"}
    assert [batch.integers("n").tolist() for batch in reading.batches] == [[0]]

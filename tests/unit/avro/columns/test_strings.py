"""Columns of text and the numbering of their values, against plain lists and dictionaries."""

from __future__ import annotations

import json
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from tributary.avro import wire
from tributary.avro.columns import strings as text
from tributary.avro.columns.factorize import factorize, factorize_integers
from tributary.avro.columns.reader import ColumnReader
from tributary.avro.columns.strings import StringColumn
from tributary.avro.rows.encoder import encoder

STRINGS = st.lists(st.one_of(st.none(), st.sampled_from(["", "a", "a\0", "ab", "ß", "p" * 9]), st.text(max_size=20)))
INTEGERS = st.lists(st.one_of(st.integers(-3, 3), st.integers(-(2**63), 2**63 - 1)))


def assert_numbered(codes: NDArray[np.int64], rows: NDArray[np.int64], values: Sequence[object]) -> None:
    """Two values have the same code exactly when they are equal, and each code has a row with its value."""
    assert [values[row] for row in rows.tolist()] == list(dict.fromkeys(values[row] for row in rows.tolist()))
    assert len(rows) == len(set(values))
    assert [values[row] for row in rows[codes].tolist()] == list(values)


@given(STRINGS)
def test_strings_come_back(strings: list[str | None]) -> None:
    assert text.from_strings(strings).tolist() == strings


@given(STRINGS)
def test_equal_strings_have_equal_codes(strings: list[str | None]) -> None:
    assert_numbered(*text.from_strings(strings).factorize(), strings)


@given(
    st.integers(0, 20).flatmap(
        lambda size: st.lists(st.tuples(st.text("ab", min_size=size, max_size=size), st.integers(0, 99)), min_size=1)
    )
)
def test_strings_that_are_read_are_equal_whatever_follows_them(rows: list[tuple[str, int]]) -> None:
    fields = [{"name": "s", "type": "string"}, {"name": "n", "type": "int"}]
    schema = {"type": "record", "name": "R", "fields": fields}
    encode = encoder(schema, keys=True)
    payloads = [wire.frame(1, encode({"s": s, "n": n})) for s, n in rows]
    (batch,) = ColumnReader(schema, ("s",), lambda _: json.dumps(schema)).read(payloads).batches
    assert_numbered(*batch.strings("s").factorize(), [s for s, _ in rows])


@pytest.mark.parametrize("hashes", [1, 3])
@given(strings=STRINGS)
def test_strings_that_share_a_hash_are_told_apart(hashes: int, strings: list[str | None]) -> None:
    def few(column: StringColumn) -> NDArray[np.uint64]:
        return (column.length % hashes).astype(np.uint64)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(text, "_hash", few)
        assert_numbered(*text.from_strings(strings).factorize(), strings)


@given(STRINGS)
def test_the_order_is_that_of_the_bytes(strings: list[str | None]) -> None:
    encoded = [(string or "").encode().rstrip(b"\0") for string in strings]
    order = text.from_strings(strings).order().tolist()
    assert sorted(order) == list(range(len(strings)))
    assert [encoded[row] for row in order] == sorted(encoded)


@given(st.lists(STRINGS, max_size=4))
def test_columns_of_any_width_go_one_below_the_other(parts: list[list[str | None]]) -> None:
    assert text.concat([text.from_strings(part) for part in parts]).tolist() == [s for part in parts for s in part]


@given(INTEGERS)
def test_equal_numbers_have_equal_codes(numbers: list[int]) -> None:
    assert_numbered(*factorize_integers(np.array(numbers, np.int64)), numbers)


@given(st.lists(st.integers(0, 2**64 - 1).map(lambda n: n % 5 if n % 2 else n)))
def test_hashes_that_meet_in_a_bucket_are_told_apart(hashes: list[int]) -> None:
    """Small hashes have the same high bits, so they all meet in one bucket at first."""
    assert_numbered(*factorize(np.array(hashes, np.uint64)), hashes)

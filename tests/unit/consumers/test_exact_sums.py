"""Sums of any size are exact, in every split and order, and so is everything that shows them."""

from __future__ import annotations

import json
import random
import sqlite3
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import cycle
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from consumers.analytics import __main__ as analytics
from consumers.analytics import queries
from consumers.analytics.api import to_json
from consumers.analytics.figures import CARTS, PURCHASES, SHOP, VIEWS
from consumers.analytics.metrics import metrics
from schemas.events import CartAction
from tests.support.figures.stores import no_waiting, write
from tributary.avro.columns import strings as text
from tributary.avro.columns.batch import ListColumn, RecordBatch
from tributary.currency import amount, major
from tributary.figures import exact
from tributary.figures.store import Store
from tributary.views import prometheus

TOPICS = {VIEWS: "views", CARTS: "carts", PURCHASES: "purchases"}
ACTIONS = list(CartAction)
EDGES = [0, 1, 2**31, 2**32 - 1, 2**53 + 1, 2**62, 2**63 - 1]
LONGS = st.sampled_from([sign * edge for edge in EDGES for sign in (1, -1)] + [-(2**63)]) | st.integers(
    -(2**63), 2**63 - 1
)
SESSIONS = st.sampled_from(["s1", "s2"])
Cart = tuple[str, CartAction, int, int]
"""Session, action, quantity, price."""
Order = tuple[str, int]
"""Session, total."""
CART = st.tuples(SESSIONS, st.sampled_from(ACTIONS), LONGS, LONGS)
ORDER = st.tuples(st.just("buyer"), LONGS)


def frames(events: Sequence[Cart | Order], first_order: int) -> dict[str, RecordBatch]:
    """The events as the columns that the merge takes, and a late view that ends all sessions."""
    carts = [event for event in events if len(event) == 4]
    orders = [event for event in events if len(event) == 2]

    def rows(some: Sequence[Any], at: int, **columns: Any) -> RecordBatch:
        envelope: dict[str, Any] = {
            "occurred_at": np.full(len(some), at),
            "session_id": text.from_strings([one[0] for one in some]),
            "segment": np.zeros(len(some), np.int64),
            "region": text.constant("eu", len(some)),
            "currency": text.constant("EUR", len(some)),
        }
        return RecordBatch(len(some), envelope | columns)

    made = {
        VIEWS: rows([("late",)], 10**12, product_id=text.constant("p", 1)),
        CARTS: rows(
            carts,
            0,
            action=np.array([ACTIONS.index(cart[1]) for cart in carts], np.int64),
            quantity=np.array([cart[2] for cart in carts], np.int64),
            price_minor=np.array([cart[3] for cart in carts], np.int64),
            product_id=text.constant("p", len(carts)),
        ),
        PURCHASES: rows(
            orders,
            0,
            order_id=text.from_strings([f"o{first_order + n}" for n in range(len(orders))]),
            total_minor=np.array([order[1] for order in orders], np.int64),
            items=ListColumn(np.empty(0, np.int64), RecordBatch(0, {})),
        ),
    }
    return {event: frame for event, frame in made.items() if frame.rows}


@contextmanager
def stored(events: Sequence[Cart | Order], sizes: Sequence[int]) -> Iterator[Path]:
    """A store to which the events were written in batches of these sizes."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "store.sqlite"
        store = Store(path, SHOP, no_waiting)
        at = 0
        for size in cycle(sizes):
            part = frames(events[at : at + size], at)
            write(store, {}, [part], TOPICS)
            at += size
            if at >= len(events):
                break
        store.close()
        yield path


def by_hand(events: Sequence[Cart | Order]) -> tuple[int, dict[str, tuple[int, int]]]:
    """Revenue, and for each session the units and the value of its cart."""
    carts: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for event in events:
        if len(event) == 4:
            session, action, quantity, price = event
            units = {CartAction.ADD: 1, CartAction.REMOVE: -1}.get(action, 0) * quantity
            carts[session][0] += units
            carts[session][1] += units * price
    revenue = sum(event[1] for event in events if len(event) == 2)
    return revenue, {session: (units, value) for session, (units, value) in carts.items()}


WRAPS: list[Cart | Order] = [("buyer", 2**63 - 1), ("buyer", 2**63 - 1), ("buyer", 2)]
PRODUCTS: list[Cart | Order] = [("s1", CartAction.ADD, 2**31 - 1, 2**63 - 1), ("s2", CartAction.REMOVE, -(2**63), 3)]


@settings(max_examples=100, deadline=None)
@given(st.lists(CART | ORDER, max_size=12), st.lists(st.integers(1, 5), min_size=1), st.randoms(use_true_random=False))
@example(WRAPS, [1], random.Random(1))
@example(WRAPS, [3], random.Random(1))
@example(PRODUCTS, [2], random.Random(1))
@example([("s1", CartAction.REMOVE, 2**63 - 1, 1)] * 2, [1], random.Random(1))
def test_any_split_and_order_of_any_amounts_is_exact(
    events: list[Cart | Order], sizes: list[int], shuffle: random.Random
) -> None:
    shuffle.shuffle(events)
    revenue, carts = by_hand(events)
    abandoned = {session: value for session, (units, value) in carts.items() if units > 0}
    with stored(events, sizes) as path:
        reader = queries.Reader(path)
        figures = queries.as_json(reader, 30)
        rows = sqlite3.connect(path).execute("SELECT session_id, cart_units, cart_minor, revenue_minor FROM sessions")
        sessions = {session: tuple(map(int, sums)) for session, *sums in rows}
        reader.close()
    assert figures["revenue_minor"].get("EUR", 0) == revenue
    assert {session: sums[:2] for session, sums in sessions.items() if session in carts} == carts
    assert figures["abandoned_carts"]["count"] == len(abandoned)
    assert figures["abandoned_carts"]["value_minor"] == ({"EUR": sum(abandoned.values())} if abandoned else {})
    if "buyer" in sessions:
        assert sessions["buyer"][2] == revenue


@given(st.lists(LONGS, min_size=1), st.lists(LONGS, min_size=1), st.data())
def test_columns_are_multiplied_and_summed_as_by_hand(left: list[int], right: list[int], data: st.DataObject) -> None:
    rows = min(len(left), len(right))
    products = exact.product(np.array(left[:rows], np.int64), np.array(right[:rows], np.int64))
    assert products.tolist() == [a * b for a, b in zip(left, right, strict=False)]
    codes = data.draw(st.lists(st.integers(0, 3), min_size=rows, max_size=rows))
    expected = [sum(n for n, code in zip(products.tolist(), codes, strict=True) if code == group) for group in range(4)]
    assert exact.sums(products, np.array(codes, np.int64), 4) == expected


@given(st.lists(st.integers(-(2**70), 2**70) | LONGS, min_size=1, max_size=20))
def test_sqlite_adds_as_by_hand(numbers: list[int]) -> None:
    db = sqlite3.connect(":memory:")
    db.create_function("exact_sum", 2, exact.add, deterministic=True)
    total: Any = 0
    for number in numbers:
        (total,) = db.execute(
            f"SELECT {exact.sql_sum(':total', ':number')}", {"total": total, "number": exact.storable(number)}
        ).fetchone()
        assert isinstance(total, int | str)
    assert int(total) == sum(numbers)
    db.execute("CREATE TABLE numbers (n)")
    db.executemany("INSERT INTO numbers VALUES (?)", [(exact.storable(number),) for number in numbers])
    assert exact.total(*db.execute(f"SELECT {exact.SQL_PARTS.format('n')} FROM numbers").fetchone()) == sum(numbers)


@given(st.integers(-(10**40), 10**40))
def test_amounts_of_any_size_keep_their_digits(minor: int) -> None:
    assert f"{major(minor, 'EUR'):f}".replace(".", "").replace("-", "").lstrip("0") == str(abs(minor)).lstrip("0")
    assert major(minor, "JPY") == minor


def test_each_view_shows_the_exact_sum(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    units, price = 2, 2**63 - 1
    with stored([("buyer", 2**63 - 1)] * 4 + [("s1", CartAction.ADD, units, price)], [2]) as path:
        reader = queries.Reader(path)
        shop = reader.figures(30)
        reader.close()
        monkeypatch.setenv("STORE_PATH", str(path))
        assert analytics.main(["report", "--json"]) == 0
        machine = json.loads(capsys.readouterr().out)
        assert analytics.main(["report"]) == 0
        people = capsys.readouterr().out
    revenue, cart = 4 * (2**63 - 1), units * price
    assert (machine["revenue_minor"], machine["abandoned_carts"]["value_minor"]) == ({"EUR": revenue}, {"EUR": cart})
    page = to_json(shop)
    for minor, shown in ((revenue, page["revenue"]), (cart, page["abandoned_carts"]["value"])):
        digits = f"{minor // 100:,}.{minor % 100:02d}"
        assert shown == {"EUR": digits} and amount(minor, "EUR") == digits
        assert digits.replace(",", "") in prometheus.text(metrics(shop))
        assert digits in people

"""The shop's figures: any split and order of the same events comes to the figures of one plain pass."""

from __future__ import annotations

import itertools
import json
import random
import sqlite3
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumers.analytics import queries
from consumers.analytics.figures import SHOP
from tests.support.figures.shop_events import (
    EVENTS,
    NAMES,
    VIEW,
    Event,
    columns,
    new_store,
    plain_pass,
    report,
    same_orders,
    write,
)
from tests.support.figures.stores import no_waiting
from tributary.figures.merge import merge
from tributary.figures.store import Fenced, Store
from tributary.kafka.batch import OffsetRange


@given(
    st.lists(EVENTS, max_size=40).map(same_orders),
    st.lists(st.integers(1, 12), min_size=1),
    st.randoms(use_true_random=False),
)
def test_any_split_and_order_comes_to_the_same(events: list[Event], sizes: list[int], shuffle: random.Random) -> None:
    shuffled = list(events)
    shuffle.shuffle(shuffled)
    with new_store() as (store, path):
        at = 0
        for size in itertools.cycle(sizes):
            if at >= len(shuffled):
                break
            some = shuffled[at : at + size]
            write(store, some, {("t", 0): OffsetRange(at or None, at + len(some))})
            at += len(some)
        figures = report(path)
    expected = plain_pass(events)
    assert {key: figures[key] for key in expected} == expected


@given(st.lists(EVENTS, min_size=1, max_size=30).map(same_orders))
def test_abandoned_carts_and_session_times(events: list[Event]) -> None:
    with new_store() as (store, path):
        write(store, events, {})
        figures = report(path)
    sessions: dict[str, list[Event]] = {}
    for event in events:
        sessions.setdefault(event[1]["session_id"], []).append(event)
    watermark = max(fields["occurred_at"] for _, fields in events)
    assert figures["watermark_ms"] == watermark
    abandoned = 0
    value = 0
    for some in sessions.values():
        units = minor = 0
        for name, fields in some:
            sign = {"ADD": 1, "REMOVE": -1}.get(fields.get("action", ""), 0)
            if name == "CartUpdated":
                units += sign * fields["quantity"]
                minor += sign * fields["quantity"] * fields["price_minor"]
        last = max(fields["occurred_at"] for _, fields in some)
        if units > 0 and last < watermark - 30 * 60_000 and all(name != "PurchaseCompleted" for name, _ in some):
            abandoned += 1
            value += minor
    assert figures["abandoned_carts"]["count"] == abandoned
    assert sum(figures["abandoned_carts"]["value_minor"].values()) == value


def test_a_batch_that_begins_elsewhere_writes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    mine, zombie = Store(path, SHOP, no_waiting), Store(path, SHOP, no_waiting)
    write(mine, [VIEW], {("a", 0): OffsetRange(None, 5), ("b", 1): OffsetRange(None, 9)})
    before = report(path)
    for stale in (
        {("a", 0): OffsetRange(None, 5)},
        {("a", 0): OffsetRange(4, 6)},
        {("b", 1): OffsetRange(9, 10), ("a", 0): OffsetRange(3, 6)},
    ):
        with pytest.raises(Fenced):
            write(zombie, [VIEW], stale)
    assert report(path) == before
    assert queries.Reader(path).offsets() == {("a", 0): 5, ("b", 1): 9}
    write(zombie, [VIEW], {("a", 0): OffsetRange(5, 6)})
    assert report(path)["events"] == 2


def test_money_beyond_floating_point_stays_exact(tmp_path: Path) -> None:
    store = Store(tmp_path / "store.sqlite", SHOP, no_waiting)
    purchase = {
        **{key: value for key, value in VIEW[1].items() if key not in ("product_id", "category", "price_minor")},
        "items": [],
    }
    amounts = [2**60 + 1, 2**53 + 1, 3]
    orders: list[Event] = [
        ("PurchaseCompleted", {**purchase, "order_id": str(n), "total_minor": amount})
        for n, amount in enumerate(amounts)
    ]
    write(store, orders, {})
    assert report(tmp_path / "store.sqlite")["revenue_minor"] == {"EUR": sum(amounts)}


def test_an_sqlite_of_few_parameters_writes_the_same(tmp_path: Path) -> None:
    store = Store(tmp_path / "store.sqlite", SHOP, no_waiting)
    store._db.setlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER, 999)
    write(store, [(VIEW[0], {**VIEW[1], "session_id": f"s{n}", "product_id": f"p{n}"}) for n in range(1_200)], {})
    figures = report(tmp_path / "store.sqlite")
    assert (figures["sessions"]["count"], len(figures["products"])) == (1_200, 1_200)


def test_carts_that_need_more_than_64_bits_together_are_summed_exactly(tmp_path: Path) -> None:
    store = Store(tmp_path / "store.sqlite", SHOP, no_waiting)
    add = {key: value for key, value in VIEW[1].items() if key != "category"} | {"action": "ADD", "quantity": 1}
    prices = [2**63 - 1, 2**63 - 5, 2**32 + 7, 2**40 + 3]
    carts: list[Event] = [
        ("CartUpdated", {**add, "session_id": f"s{n}", "price_minor": price}) for n, price in enumerate(prices)
    ]
    late: Event = ("ProductViewed", {**VIEW[1], "session_id": "other", "occurred_at": 10**9})
    write(store, [*carts, late], {})
    abandoned = report(tmp_path / "store.sqlite")["abandoned_carts"]
    assert abandoned == {"count": len(prices), "value_minor": {"EUR": sum(prices)}}


@pytest.mark.parametrize("moment", [-(2**63), -1, 2**63 - 1])
def test_any_time_that_an_event_can_name_is_counted(moment: int, tmp_path: Path) -> None:
    store = Store(tmp_path / "store.sqlite", SHOP, no_waiting)
    write(store, [(VIEW[0], {**VIEW[1], "occurred_at": moment})], {})
    figures = report(tmp_path / "store.sqlite")
    assert (figures["events"], figures["watermark_ms"]) == (1, moment)


def test_an_order_counts_once_in_all_parts() -> None:
    purchase = {key: value for key, value in VIEW[1].items() if key not in ("product_id", "category", "price_minor")}
    parts = [
        columns([("PurchaseCompleted", {**purchase, "order_id": order, "total_minor": 1, "items": []})])
        for order in ("o1", "o2", "o1", "o3")
    ]
    merged = merge(SHOP, parts, NAMES, {"o3"})
    assert (merged.claims, merged.duplicates) == (["o1", "o2"], 2)


def test_of_what_is_produced_twice_only_orders_count_once(tmp_path: Path) -> None:
    """As README and `python -m producers.replay --help` say."""
    envelope = {key: value for key, value in VIEW[1].items() if key not in ("product_id", "category", "price_minor")}
    cart = {**envelope, "action": "ADD", "product_id": "p", "quantity": 1, "price_minor": 1}
    events: list[Event] = [
        VIEW,
        ("CartUpdated", cart),
        ("PurchaseCompleted", {**envelope, "order_id": "o1", "total_minor": 1, "items": []}),
    ]
    store = Store(tmp_path / "store.sqlite", SHOP, no_waiting)
    write(store, events, {})
    write(store, events, {})
    figures = report(tmp_path / "store.sqlite")
    assert figures["by_type"] == {"view": 2, "add_to_cart": 2, "remove_from_cart": 0, "purchase": 1}
    assert figures["duplicate_purchases"] == 1


def test_currencies_that_meet_in_one_session_are_told_as_mixed(tmp_path: Path) -> None:
    store = Store(tmp_path / "store.sqlite", SHOP, no_waiting)
    add = {key: value for key, value in VIEW[1].items() if key != "category"} | {"action": "ADD", "quantity": 1}
    late: Event = ("ProductViewed", {**VIEW[1], "session_id": "other", "occurred_at": 10**9})
    write(store, [("CartUpdated", add), late], {})
    assert report(tmp_path / "store.sqlite")["abandoned_carts"] == {"count": 1, "value_minor": {"EUR": 1}}
    write(store, [("CartUpdated", {**add, "currency": "USD"})], {})
    assert report(tmp_path / "store.sqlite")["abandoned_carts"] == {"count": 1, "value_minor": {"XXX": 2}}


def test_the_report_is_json() -> None:
    with new_store() as (_, path):
        assert json.loads(json.dumps(report(path)))["events"] == 0

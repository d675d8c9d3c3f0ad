"""The simulated world: the same for a seed, whole across the topics, and like a shop."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from itertools import islice
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from producers import __main__ as together
from producers.product_events import product_views
from producers.purchases import purchases
from producers.simulator.sessions import Session, session, sessions
from producers.simulator.world import CURRENCIES, DATA, load
from producers.user_events import cart_updates
from schemas.events import CartAction, Segment
from tributary import catalog
from tributary.avro.rows.encoder import encoder
from tributary.settings import Settings

WORLD = load()
SEED = 7
EVENTS = {"product-events": product_views, "user-events": cart_updates, "purchases": purchases}


@pytest.fixture(scope="module")
def visits() -> list[Session]:
    return [visit for user in range(4) for visit in islice(sessions(WORLD, SEED, user), 1500)]


@given(st.integers(), st.integers(0, 500), st.integers(0, 10_000))
def test_a_session_is_a_function_of_seed_virtual_user_and_number(seed: int, user: int, number: int) -> None:
    assert session(WORLD, seed, user, number) == session(load(), seed, user, number)


def test_interleaving_virtual_users_changes_nothing() -> None:
    alone = [list(islice(sessions(WORLD, SEED, user), 20)) for user in range(3)]
    users = [sessions(WORLD, SEED, user) for user in range(3)]
    mixed = [[next(user) for user in users] for _ in range(20)]
    assert [list(column) for column in zip(*mixed, strict=True)] == alone


def test_other_seeds_and_virtual_users_have_other_sessions(visits: list[Session]) -> None:
    others = list(islice(sessions(WORLD, SEED + 1, 0), 500))
    keys = [visit.key for visit in [*visits, *others]]
    assert len(set(keys)) == len(keys)


def test_ids_are_uuids_and_never_repeat(visits: list[Session]) -> None:
    events = [event for make in EVENTS.values() for event in make(visits)]
    ids = [event.event_id for event in events] + [visit.session_id for visit in visits]
    assert len(set(ids)) == len(ids)
    assert {str(UUID(value)) for value in ids} == set(ids)
    orders = [event.order_id for event in purchases(visits)]
    assert len(set(orders)) == len(orders)


def test_a_purchase_is_the_cart_of_its_session_at_the_catalogues_price(visits: list[Session]) -> None:
    catalogue = {p["product_id"]: p for p in json.loads((DATA / "products.json").read_text())}
    seen, carts = defaultdict(set), defaultdict(Counter)
    for view in product_views(visits):
        seen[view.session_id].add(view.product_id)
    for change in cart_updates(visits):
        assert change.product_id in seen[change.session_id]
        pieces = change.quantity if change.action is CartAction.ADD else -change.quantity
        carts[change.session_id][change.product_id] += pieces
        assert carts[change.session_id][change.product_id] >= 0
    bought = list(purchases(visits))
    assert len(bought) > 500
    for purchase in bought:
        items = {item.product_id: item.quantity for item in purchase.items}
        assert items == +carts[purchase.session_id]
        assert purchase.total_minor == sum(
            catalogue[product]["price_minor"] * pieces for product, pieces in items.items()
        )
        assert {catalogue[product]["currency"] for product in items} == {purchase.currency}
        assert purchase.currency == CURRENCIES[purchase.region]


def test_events_of_the_same_session_agree_on_who_it_is(visits: list[Session]) -> None:
    who = defaultdict(set)
    for make in EVENTS.values():
        for event in make(visits):
            who[event.session_id].add((event.user_id, event.segment, event.region))
    assert {len(users) for users in who.values()} == {1}


@pytest.mark.parametrize("contract", EVENTS)
def test_events_fit_their_contract(contract: str, visits: list[Session]) -> None:
    encode = encoder(catalog.load(Settings()).topic(contract).schema)
    assert all(encode(event) for event in EVENTS[contract](visits))


def test_an_event_happens_when_it_is_asked_for(visits: list[Session]) -> None:
    ticks = iter(range(10))
    views = product_views(visits, clock=lambda: next(ticks))
    assert [view.occurred_at for view in islice(views, 3)] == [0, 1, 2]
    assert next(ticks) == 3


def test_the_three_kinds_keep_their_shares(visits: list[Session]) -> None:
    counts = {contract.replace("-", "_"): sum(1 for _ in make(visits)) for contract, make in EVENTS.items()}
    total = sum(counts.values())
    assert counts.keys() == together.SHARES.keys()
    for module, share in together.SHARES.items():
        assert counts[module] / total == pytest.approx(share, abs=0.01)
    assert sum(together.SHARES.values()) == pytest.approx(1)


@given(st.integers(0, 10**7))
def test_the_three_share_a_count_without_rest(count: int) -> None:
    parts = together.shares_of(count)
    assert sum(parts.values()) == count
    for producer, part in parts.items():
        assert abs(part - count * together.SHARES[producer]) <= 1


def test_loyal_segments_buy_more_often(visits: list[Session]) -> None:
    visited, bought = Counter(), Counter()
    for visit in visits:
        visited[visit.user.segment] += 1
        bought[visit.user.segment] += visit.order is not None
    rates = [bought[segment] / visited[segment] for segment in Segment if segment is not Segment.UNKNOWN]
    assert rates == sorted(rates)
    assert rates[0] < rates[-1] / 2


def test_few_products_get_most_views(visits: list[Session]) -> None:
    views = Counter(view.product_id for view in product_views(visits))
    ranked = [count for _, count in views.most_common()]
    assert sum(ranked[: len(ranked) // 10]) > 0.35 * sum(ranked)
    assert len(ranked) == sum(len(shelf.products) for shelf in WORLD.shelves.values()), "but all are found by somebody"


def test_the_data_is_a_shop() -> None:
    products = json.loads((DATA / "products.json").read_text())
    users = json.loads((DATA / "users.json").read_text())
    assert len({p["product_id"] for p in products}) == len(products) >= 300
    assert all("." in p["category"] and p["price_minor"] > 0 and p["name"] and p["brand"] for p in products)
    assert {p["currency"] for p in products} == set(CURRENCIES.values())
    assert len({u["user_id"] for u in users}) == len(users) >= 2000
    assert {u["region"] for u in users} == set(CURRENCIES)

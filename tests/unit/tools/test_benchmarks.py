"""What the benchmarks stand on: the same events every time, peers that count rightly, and a check that sees."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from attrs import asdict, evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks import check
from benchmarks.load import events
from benchmarks.measure import BenchmarkError
from benchmarks.peers import counting
from schemas.events import CartAction
from tests.support.avro.event_data import events as any_event
from tests.support.figures import oracle

TOPICS = {"ProductViewed": "views", "CartUpdated": "carts", "PurchaseCompleted": "purchases"}


def test_a_seed_gives_the_same_events_and_another_gives_other_sessions() -> None:
    once, again, other = list(events(500, 1)), list(events(500, 1)), list(events(500, 2))
    assert once == again
    assert not {event.session_id for event in once} & {event.session_id for event in other}


def test_four_of_five_events_are_views_and_popularity_falls_with_the_rank() -> None:
    some = list(events(20_000, 1))
    shares = Counter(type(event).__name__ for event in some)
    assert 0.78 < shares["ProductViewed"] / len(some) < 0.82
    assert 0.04 < shares["PurchaseCompleted"] / len(some) < 0.06
    products = Counter(event.product_id for event in some if not hasattr(event, "items"))
    (first, most), *_ = products.most_common()
    assert first == "product-1"
    assert most > 100 * products.total() / len(products)


@given(st.lists(any_event, max_size=30), st.integers(0, 30))
@settings(max_examples=60, deadline=None)
def test_the_peers_count_what_the_oracle_counts(tmp_path_factory: Any, some: list[Any], cut: int) -> None:
    # An action that no contract has yet is counted by ours alone, and SQLite has no sums above 64 bits.
    known = [_cheap(event) for event in some if getattr(event, "action", None) is not CartAction.UNKNOWN]
    rows = [(TOPICS[type(event).__name__], asdict(event)) for event in known]
    expected = oracle.figures(rows)
    store = counting.Store(str(tmp_path_factory.mktemp("store") / "store"))
    orders: set[str] = set()
    for part in (rows[:cut], rows[cut:]):
        counted = counting.Counted(orders)
        for topic, row in part:
            counted.add(topic, row, row["occurred_at"])
        store.write(counted, {("views", 0): len(part)})
    figures = store.figures()
    store.close()
    assert {key: figures[key] for key in expected} == expected


def _cheap(event: Any) -> Any:
    field = "total_minor" if hasattr(event, "items") else "price_minor"
    return evolve(event, **{field: getattr(event, field) % 1_000_000})


def test_one_cent_too_much_fails_a_run(tmp_path: Path) -> None:
    figures = oracle.figures([])
    path = tmp_path / "expected.json"
    path.write_text(json.dumps(figures))
    check.compare("exact", figures, path)
    with pytest.raises(BenchmarkError, match="revenue_minor"):
        check.compare("wrong", figures | {"revenue_minor": {"EUR": 1}}, path)
    with pytest.raises(BenchmarkError, match="no figures for sessions"):
        check.compare("silent", {key: value for key, value in figures.items() if key != "sessions"}, path)

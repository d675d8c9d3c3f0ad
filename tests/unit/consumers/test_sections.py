"""The sections of the shop show what the store holds."""

from __future__ import annotations

import re
from pathlib import Path

import attrs
import pytest

from consumers.analytics.arrangement import ARRANGEMENT
from consumers.analytics.figures import MIXED
from consumers.analytics.labels import product_name
from consumers.analytics.queries import AbandonedCarts, Figures, Reader
from tests.support.figures.stores import Writer
from tests.support.views.screen import SIZES, busy_view, drawn, words
from tributary.settings import Settings
from tributary.views import terminal
from tributary.views.arrangement import View


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with 400 sessions and three dead letters."""
    path = tmp_path_factory.mktemp("store") / "analytics.sqlite"
    Writer(path).write(400, {"user-events": 3})
    return path


@pytest.fixture(scope="module")
def view(store: Path) -> View[Figures]:
    return busy_view(Settings(store_path=store))


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_the_dashboard_shows_every_kind_of_figure(view: View[Figures], width: int, height: int) -> None:
    figures, shown = view.figures, words(drawn(view, width, height))
    numbers = [
        figures.events,
        *figures.by_type.values(),
        figures.sessions.viewed,
        figures.sessions.carted,
        figures.sessions.purchased,
        figures.orders,
        figures.abandoned_carts.count,
        *(sum(by_type.values()) for by_type in figures.by_segment.values()),
        max(sum(by_type.values()) for by_type in figures.by_region.values()),
        1234,
        view.figures.top_products[0][1]["view"],
    ]
    assert {f"{number:,}" for number in numbers} <= set(shown)
    assert {f"{minor / 100:,.2f}" for minor in figures.revenue_minor.values()} <= set(shown)
    assert {f"{minor / 100:,.2f}" for minor in figures.abandoned_carts.value_minor.values()} <= set(shown)
    assert shown[shown.index("letters") + 1] == "3"
    assert f"{figures.sessions.purchased / figures.sessions.count:.1%}" in shown


@pytest.mark.parametrize(("width", "height"), SIZES[1:])
def test_all_of_a_large_dashboard_is_there(view: View[Figures], width: int, height: int) -> None:
    text = "\n".join(drawn(view, width, height))
    for title in ("Events per second", "Segments", "Regions", "Lag", "Time by stage", "Top products", "Health"):
        assert title in text
    for region in view.figures.by_region:
        assert region in text
    assert product_name(view.figures.top_products[0][0])[:18] in text


def test_top_products_are_those_with_most_views(store: Path) -> None:
    """In this store, these are not those with most events."""
    reader = Reader(store)
    try:
        products, top = reader.products(), reader.figures(30).top_products
    finally:
        reader.close()
    wanted = sorted(products, key=lambda product: (-products[product].get("view", 0), product))[:30]
    assert [product for product, _ in top] == wanted
    assert wanted != sorted(products, key=lambda product: (-sum(products[product].values()), product))[:30]


@pytest.mark.parametrize(("width", "height"), SIZES[2:])
def test_each_list_says_what_it_is_sorted_by(view: View[Figures], width: int, height: int) -> None:
    headings = [line for line in drawn(view, width, height) if "─" in line]
    for title, sorted_by in (
        ("Revenue, abandoned carts", "by currency"),
        ("Segments", "most events first"),
        ("Regions", "most events first"),
        ("Top products", "most views first"),
    ):
        assert any(re.search(f"{title} ─* ?{sorted_by}", line) for line in headings), title


def test_an_unknown_product_is_shown_by_its_id(view: View[Figures]) -> None:
    unknown = attrs.evolve(view, figures=attrs.evolve(view.figures, top_products=[("sku-77", {"view": 5})]))
    assert "sku-77" in "\n".join(drawn(unknown, 120, 40))


def test_amounts_have_their_currencys_decimals(view: View[Figures]) -> None:
    figures = attrs.evolve(
        view.figures,
        revenue_minor={"JPY": 123456, "KWD": 1234567, "EUR": 5},
        abandoned_carts=AbandonedCarts(2, {"JPY": 100, MIXED: 999}),
    )
    shown = words(drawn(attrs.evolve(view, figures=figures), 120, 40))
    assert shown[shown.index("JPY") + 1] == "123,456"
    assert shown[shown.index("KWD") + 1] == "1,234.567"
    assert shown[shown.index("EUR") + 1] == "0.05"
    assert shown[shown.index("several") + 2] == "mixed"


def test_a_piped_report_is_plain(store: Path, view: View[Figures], capsys: pytest.CaptureFixture[str]) -> None:
    terminal.report(ARRANGEMENT, Settings(store_path=store))
    text = capsys.readouterr().out
    assert "\x1b" not in text
    assert "█" not in text
    assert text.splitlines()[0].endswith(f"events counted in {store}")
    # The same figures in the order of the report, each line with one section's.
    assert f"views {view.figures.by_type['view']:,}" in " ".join(text.split())
    assert f"purchased {view.figures.sessions.purchased:,}" in " ".join(text.split())
    assert "Lag" not in text

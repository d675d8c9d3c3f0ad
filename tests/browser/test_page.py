"""The live page in a real browser."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, ViewportSize, expect

from consumers.analytics.labels import product_names
from consumers.analytics.queries import Figures, Reader
from tests.browser.viewing import CONTRASTS, SIZES
from tests.support.figures.stores import Writer
from tests.support.paths import ROOT
from tributary.currency import amount


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """Where the store is, or will be."""
    return tmp_path / "analytics.sqlite"


@pytest.fixture
def url(store: Path) -> Iterator[str]:
    command = [sys.executable, "-m", "consumers.web", "--port", "0"]
    environment = {**os.environ, "STORE_PATH": str(store)}
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT, env=environment)
    assert server.stdout is not None
    yield server.stdout.readline().split()[0]
    server.terminate()
    assert server.wait(30) == 0


def shows(page: Page, figures: Figures) -> None:
    """Wait until the page shows these figures."""
    expect(page.locator("#events")).to_have_text(f"{figures.events:,}")
    for name, count in figures.by_type.items():
        expect(page.locator(f'#types tr[data-key="{name}"] td').nth(1)).to_have_text(f"{count:,}")
    for name, by_type in figures.by_segment.items():
        expect(page.locator(f'#segments tr[data-key="{name}"] td').nth(1)).to_have_text(f"{sum(by_type.values()):,}")
    for name, by_type in figures.by_region.items():
        expect(page.locator(f'#regions tr[data-key="{name}"] td').nth(1)).to_have_text(f"{sum(by_type.values()):,}")
    for currency, minor in figures.revenue_minor.items():
        expect(page.locator(f'#money tr[data-key="{currency}"] td').first).to_have_text(amount(minor, currency))
    sessions = figures.sessions
    expect(page.locator('#funnel tr[data-key="purchased"] td').nth(2)).to_have_text(
        f"{sessions.purchased / sessions.count:.1%}"
    )
    expect(page.locator("#carts")).to_have_text(f"{figures.abandoned_carts.count:,}")
    expect(page.locator("#dead")).to_have_text(f"{sum(figures.dead_letters.values()):,}")


def test_the_page_follows_the_store(page: Page, url: str, store: Path) -> None:
    page.goto(url)
    expect(page.locator("#notice")).to_contain_text("no store yet")
    writer = Writer(store)
    writer.write(100)
    reader = Reader(store)
    shows(page, reader.figures(30))
    expect(page.locator("#notice")).to_be_hidden()
    expect(page.locator("#dead-tile")).to_have_class("good")
    writer.write(200, {"purchases": 2})
    shows(page, reader.figures(30))
    expect(page.locator("#dead-tile")).to_have_class("bad")
    expect(page.locator("#rate-chart")).to_have_attribute("aria-label", re.compile("events per second, peak"))
    product, _ = reader.figures(30).top_products[0]
    expect(page.locator("#products tbody th").first).to_have_text(product_names()[product])


def test_the_figures_are_fetched_where_no_stream_comes_through(page: Page, url: str, store: Path) -> None:
    Writer(store).write(50)
    # A proxy that holds the stream back: the request is never answered.
    page.route("**/api/stream", lambda _: None)
    page.goto(url)
    shows(page, Reader(store).figures(30))
    expect(page.locator("#state")).to_have_class("live")


def test_a_bar_is_as_long_as_its_share(page: Page, url: str, store: Path) -> None:
    Writer(store).write(100)
    by_type = Reader(store).figures(30).by_type
    page.emulate_media(reduced_motion="reduce")
    page.goto(url)
    shows(page, Reader(store).figures(30))

    def length(name: str) -> float:
        bar = page.locator(f'#types tr[data-key="{name}"] rect').bounding_box()
        assert bar is not None
        return bar["width"]

    for name, count in by_type.items():
        assert length(name) / length("view") == pytest.approx(count / by_type["view"], abs=0.01)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES, ids=lambda s: str(s["width"]))
def test_it_fits_and_can_be_read(page: Page, url: str, store: Path, scheme: str, size: ViewportSize) -> None:
    Writer(store).write(100, {"a-topic-with-a-name-that-is-rather-long-for-a-phone": 1})
    page.set_viewport_size(size)
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    page.goto(url)
    shows(page, Reader(store).figures(30))
    assert page.evaluate("document.documentElement.scrollWidth") == size["width"]
    cut = page.evaluate(
        "[...document.querySelectorAll('section, .tiles > div')]"
        ".filter((box) => box.scrollWidth > box.clientWidth).map((box) => box.textContent)"
    )
    assert cut == []
    assert page.evaluate(CONTRASTS) >= 4.5

"""The event catalogue in a real browser."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, ViewportSize, expect

from tests.browser.viewing import CONTRASTS, SIZES
from tributary.cli.main import main


@pytest.fixture
def url(tmp_path: Path) -> str:
    assert main(["docs", "--output", str(tmp_path)]) == 0
    return (tmp_path / "events.html").as_uri()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES, ids=lambda s: str(s["width"]))
def test_it_fits_and_can_be_read(page: Page, url: str, scheme: str, size: ViewportSize) -> None:
    page.set_viewport_size(size)
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    page.goto(url)
    for details in page.locator("summary").all():
        details.click()
    assert page.evaluate("document.documentElement.scrollWidth") == size["width"]
    cut = page.evaluate(
        "[...document.querySelectorAll('section, dl, dt, dd')]"
        ".filter((box) => box.scrollWidth > box.clientWidth).map((box) => box.textContent)"
    )
    assert cut == []
    assert page.evaluate(CONTRASTS) >= 4.5


def test_the_contents_and_the_fields_lead_to_their_places(page: Page, url: str) -> None:
    page.goto(url)
    page.get_by_role("navigation").get_by_role("link", name="PurchaseCompleted").click()
    expect(page.get_by_role("heading", name="PurchaseCompleted", exact=True)).to_be_in_viewport()
    page.get_by_role("link", name="items[].quantity").click()
    assert page.url.endswith("#purchases.items-.quantity")
    expect(page.locator(":target")).to_contain_text("How many pieces were bought.")

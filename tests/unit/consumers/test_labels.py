"""Names of products."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from consumers.analytics.labels import PRODUCTS, product_name, product_names


def test_a_known_product_has_its_name_and_another_its_id() -> None:
    first = json.loads(PRODUCTS.read_text("utf-8"))[0]
    assert product_name(first["product_id"]) == first["name"]
    assert product_name("sku-77") == "sku-77"


def test_names_are_printable(tmp_path: Path) -> None:
    path = tmp_path / "products.json"
    path.write_text(json.dumps([{"product_id": "p", "name": "a\x1b[2Jb"}]))
    assert product_names(path) == {"p": "a\\u001b[2Jb"}


@pytest.mark.parametrize("content", [None, "", "[1]", '[{"product_id": "p"}]'])
def test_without_a_file_that_is_understood_there_are_no_names(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "products.json"
    if content is not None:
        path.write_text(content)
    assert product_names(path) == {}

"""docs/guarantees.md names tests and faults that exist, and every fault of the campaign."""

from __future__ import annotations

import re

from tests.chaos.campaign import faults
from tests.support.paths import ROOT

PAGE = (ROOT / "docs" / "guarantees.md").read_text(encoding="utf-8")


def test_the_tests_that_the_page_names_exist() -> None:
    named = set(re.findall(r"`(test_\w+)`", PAGE))
    written = {
        name
        for folder in ("unit", "integration")
        for path in (ROOT / "tests" / folder).rglob("test_*.py")
        for name in re.findall(r"^def (test_\w+)", path.read_text(encoding="utf-8"), re.MULTILINE)
    }
    assert named
    assert named <= written


def test_the_page_names_every_fault_of_the_campaign_and_no_other() -> None:
    faults.load()
    named = set(re.findall(r"(?<!\*)\*([a-z][^*]*)\*(?!\*)", PAGE))
    assert named == faults.ALL.keys()

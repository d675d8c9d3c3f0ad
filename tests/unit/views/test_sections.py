"""Sections of the terminal where the figures are beyond what events should say."""

from __future__ import annotations

import attrs
import pytest

from consumers.terminal.sections import health
from consumers.terminal.view import NOTHING, View


@pytest.mark.parametrize(
    ("moment", "shown"),
    [
        (None, "–"),
        (-1, "1969-12-31 23:59:59"),
        (1_700_000_000_000, "2023-11-14 22:13:20"),
        (1_700_000_000_000_000, "1,700,000,000,000,000 ms"),
        (-(2**63), "-9,223,372,036,854,775,808 ms"),
        (2**63 - 1, "9,223,372,036,854,775,807 ms"),
    ],
)
def test_any_moment_is_shown(moment: int | None, shown: str) -> None:
    lines = [line.plain for line in health(View(attrs.evolve(NOTHING, watermark_ms=moment)), 80)]
    assert [line for line in lines if "latest event" in line and line.rstrip().endswith(shown)]

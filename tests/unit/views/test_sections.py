"""Sections of any project where its figures are beyond what events should have."""

from __future__ import annotations

import pytest

from tributary.views.sections import moment


@pytest.mark.parametrize(
    ("milliseconds", "shown"),
    [
        (None, "–"),
        (-1, "1969-12-31 23:59:59"),
        (1_700_000_000_000, "2023-11-14 22:13:20"),
        (1_700_000_000_000_000, "1,700,000,000,000,000 ms"),
        (-(2**63), "-9,223,372,036,854,775,808 ms"),
        (2**63 - 1, "9,223,372,036,854,775,807 ms"),
    ],
)
def test_any_time_is_shown(milliseconds: int | None, shown: str) -> None:
    assert moment(milliseconds) == shown

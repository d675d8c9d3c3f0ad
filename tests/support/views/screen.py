"""The dashboard of a terminal as text."""

from __future__ import annotations

import io
from typing import Any

from rich.console import Console

from consumers.analytics.arrangement import ARRANGEMENT
from consumers.analytics.queries import Figures
from tributary.figures.status import MemberProgress, MemberStatus
from tributary.settings import Settings
from tributary.views.arrangement import View
from tributary.views.terminal.dashboard import Dashboard

SIZES = [(80, 24), (120, 40), (200, 60)]


def busy_view(settings: Settings) -> View[Figures]:
    """The figures of a store, and a member with lag, duplicates and dead letters."""
    done = MemberProgress(events=2500, dead_letters=3, duplicates=7, seconds={"fetch": 12.0, "write": 6.0})
    status = MemberStatus(done, 9, {"product-events": 1234, "purchases": 0}, "", 754.0)
    source = ARRANGEMENT.open(settings)
    try:
        return View(ARRANGEMENT, source.read(), status)
    finally:
        source.close()


def drawn(view: View[Any], width: int, height: int) -> list[str]:
    """The lines of the screen."""
    console = Console(width=width, height=height, record=True, file=io.StringIO())
    console.print(Dashboard(view), end="")
    return console.export_text().split("\n")


def words(lines: list[str]) -> list[str]:
    """Words and numbers of all lines, in order."""
    return " ".join(lines).split()

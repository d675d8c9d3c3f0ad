"""Serve the shop's figures as a page, as JSON and for Prometheus: `python -m consumers.web --help`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from tributary.views.web import command

if TYPE_CHECKING:
    from consumers.analytics.queries import Figures
    from tributary.views import Arrangement


def arrangement() -> Arrangement[Figures]:
    """How the shop shows its figures."""
    from consumers.analytics.arrangement import ARRANGEMENT

    return ARRANGEMENT


if __name__ == "__main__":
    sys.exit(command.main("python -m consumers.web", arrangement))

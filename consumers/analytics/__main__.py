"""Run a member of the shop's consumer group, or report its figures: `python -m consumers.analytics --help`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from tributary.cli import group

if TYPE_CHECKING:
    from consumers.analytics.queries import Figures
    from tributary.figures.declaration import Declaration
    from tributary.views import Arrangement


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command. Returns the exit code."""
    description = "Merge the three topics into live figures, exactly once."
    return group.main("python -m consumers.analytics", description, _shop, argv)


def _shop() -> tuple[Declaration, Arrangement[Figures]]:
    from consumers.analytics.arrangement import ARRANGEMENT
    from consumers.analytics.figures import SHOP

    return SHOP, ARRANGEMENT


if __name__ == "__main__":
    sys.exit(main())

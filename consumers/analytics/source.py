"""What the shop's views read of the store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import attrs

from consumers.analytics.queries import Figures, Reader
from tributary.settings import Settings

_PRODUCTS = 30


@attrs.frozen(eq=False)
class Shown:
    """The figures at one moment."""

    figures: Figures
    products: Sequence[tuple[str, Mapping[str, int]]] = ()
    """The products with most events, and their events by type."""


class Source(Reader):
    """The store, open for the views."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings.store_path)
        self._abandoned_after_minutes = settings.abandoned_after_minutes

    def read(self) -> Shown:
        """The figures, and the products with most events."""
        return Shown(self.figures(self._abandoned_after_minutes), self.top_products(_PRODUCTS))

"""Live figures on the terminal, as a web page, as JSON and for Prometheus.

The views know nothing about the figures of a project: an `Arrangement` says what to read of the store and how to show
it. Its sections and metrics are data:

>>> from tributary.views import Metric, Panel, Table, by_label
>>> from tributary.views import prometheus
>>> from tributary.views.terminal import drawing

>>> searches = {"eu-west": 1520, "us-east": 733}

>>> table = Table(("", "searches"), [(region, f"{count:,}") for region, count in searches.items()])
>>> for line in drawing.panel(Panel("Searches by region", table), width=32, with_bars=True):
...     print(line.plain)
Searches by region ─────────────
                        searches
eu-west                    1,520
us-east                      733

>>> metric = Metric("searches_total", "counter", "Searches.", by_label("region", searches))
>>> print(prometheus.text([metric]), end="")
# HELP tributary_searches_total Searches.
# TYPE tributary_searches_total counter
tributary_searches_total{region="eu-west"} 1520
tributary_searches_total{region="us-east"} 733

`tributary.views.web.command` serves an arrangement as a page, `tributary.cli.group` shows it on the terminal.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tributary import imports

if TYPE_CHECKING:
    from tributary.views.arrangement import Arrangement, FiguresReader, Section, Totals, View
    from tributary.views.panels import Bar, Bars, Fact, Facts, Panel, Table
    from tributary.views.prometheus import Labels, Metric, by_label

__all__ = [
    "Arrangement",
    "Bar",
    "Bars",
    "Fact",
    "Facts",
    "FiguresReader",
    "Labels",
    "Metric",
    "Panel",
    "Section",
    "Table",
    "Totals",
    "View",
    "by_label",
]

__getattr__ = imports.lazy(
    __name__,
    {
        "arrangement": ("Arrangement", "FiguresReader", "Section", "Totals", "View"),
        "panels": ("Bar", "Bars", "Fact", "Facts", "Panel", "Table"),
        "prometheus": ("Labels", "Metric", "by_label"),
    },
)

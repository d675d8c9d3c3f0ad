"""Live figures on the terminal, as a web page, as JSON and for Prometheus.

The views know nothing about the figures of a project: an `Arrangement` says what to read of the store and how to show
it. Its sections and metrics are data:

>>> from tributary.views.prometheus import Metric, by_label, text
>>> from tributary.views.panels import Panel, Table
>>> from tributary.views.terminal.drawing import panel

>>> searches = {"eu-west": 1520, "us-east": 733}

>>> table = Table(("", "searches"), [(region, f"{count:,}") for region, count in searches.items()])
>>> for line in panel(Panel("Searches by region", table), width=32, with_bars=True):
...     print(line.plain)
Searches by region ─────────────
                        searches
eu-west                    1,520
us-east                      733

>>> print(text([Metric("searches_total", "counter", "Searches.", by_label("region", searches))]), end="")
# HELP tributary_searches_total Searches.
# TYPE tributary_searches_total counter
tributary_searches_total{region="eu-west"} 1520
tributary_searches_total{region="us-east"} 733
"""

"""The parts of the dashboard and of the report: each shows one kind of figure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

import attrs
from rich.text import Text

from consumers.analytics.figures import MIXED
from consumers.analytics.queries import TYPES, totals
from consumers.analytics.rows import EventType
from consumers.terminal.view import View
from tributary.currency import amount
from tributary.views.terminal.drawing import Bar, Part, bars, heading, spread, table

STYLES: Mapping[str, str] = {
    EventType.view.name: "blue",
    EventType.add_to_cart.name: "green",
    EventType.remove_from_cart.name: "yellow",
    EventType.purchase.name: "magenta",
    EventType.other_cart_change.name: "cyan",
}
LABELS: Mapping[str, str] = {
    EventType.view.name: "views",
    EventType.add_to_cart.name: "added to cart",
    EventType.remove_from_cart.name: "removed",
    EventType.purchase.name: "purchases",
    EventType.other_cart_change.name: "other changes",
}

Draw = Callable[[View, int], list[Text]]
"""The lines of a section, its heading the first, in the width given."""


@attrs.frozen
class Section:
    """A part of the picture."""

    draw: Draw
    least: int
    """It is left out where not so many lines, heading included, can be had."""
    priority: int
    """The lowest are the last to give way."""


def types(view: View, width: int) -> list[Text]:
    """Events by type."""
    rows = [
        Bar(LABELS[name], count, [(count, STYLES[name])], _percent(count, view.figures.events))
        for name, count in view.figures.by_type.items()
    ]
    return [heading("Events", "", width), *bars(rows, width, view.bars)]


def funnel(view: View, width: int) -> list[Text]:
    """How far sessions came, as parts of all of them."""
    sessions = view.figures.sessions
    steps = {"viewed": sessions.viewed, "carted": sessions.carted, "purchased": sessions.purchased}
    rows = [Bar(name, count, [(count, "cyan")], _percent(count, sessions.count)) for name, count in steps.items()]
    return [heading("Funnel", f"{sessions.count:,} sessions", width), *bars(rows, width, view.bars)]


def money(view: View, width: int) -> list[Text]:
    """Revenue and what lies in abandoned carts, per currency."""
    revenue, carts = view.figures.revenue_minor, view.figures.abandoned_carts
    currencies = sorted(set(revenue) | {currency for currency in carts.value_minor if currency})
    rows = [
        (
            "several" if currency == MIXED else currency,
            _amount(revenue.get(currency), currency),
            _amount(carts.value_minor.get(currency), currency),
        )
        for currency in currencies
    ]
    header = ("", f"{view.figures.orders:,} orders", f"{carts.count:,} carts left")
    return [heading("Revenue, abandoned carts", "", width), *table(header, rows, width)]


def segments(view: View, width: int) -> list[Text]:
    """Activity by customer segment, each bar made of event types."""
    return [heading("Segments", "", width), *_activity(view, view.figures.by_segment, width)]


def regions(view: View, width: int) -> list[Text]:
    """Activity by region."""
    return [heading("Regions", "", width), *_activity(view, view.figures.by_region, width)]


def products(view: View, width: int) -> list[Text]:
    """The products most often met."""
    shown = [name for name in TYPES if width >= 50 or name in (EventType.view.name, EventType.purchase.name)]
    short = {"view": "views", "add_to_cart": "added", "remove_from_cart": "removed", "purchase": "bought"}
    rows = [
        (view.names.get(product, product), *(f"{by_type.get(name, 0):,}" for name in shown))
        for product, by_type in view.products
    ]
    return [heading("Top products", "", width), *table(("", *(short[name] for name in shown)), rows, width)]


def lag(view: View, width: int) -> list[Text]:
    """How many messages of each topic are still to be counted."""
    waiting = (view.status.lag if view.status else None) or {}
    rows = [Bar(topic, behind, [(behind, "red")]) for topic, behind in waiting.items()]
    return [heading("Lag", "", width), *bars(rows, width, view.bars)]


def health(view: View, width: int) -> list[Text]:
    """What went wrong, and how far event time has come."""
    figures, status = view.figures, view.status
    dead = sum(figures.dead_letters.values())
    facts = {
        "dead letters": Text(f"{dead:,}", "bold red" if dead else "bold green"),
        "duplicate purchases": Text(f"{figures.duplicate_purchases:,}", "bold"),
        "latest event": Text(_moment(figures.watermark_ms)),
    }
    facts |= {f"unreadable in {topic}": Text(f"{count:,}", "red") for topic, count in figures.dead_letters.items()}
    if status is not None:
        facts |= {f"not read: {topic}": Text("see the log", "bold red") for topic in status.refused}
    if status is not None and status.progress.fenced:
        facts["batches left to others"] = Text(f"{status.progress.fenced:,}", "bold yellow")
    return [heading("Health", "", width), *(spread(name, value, width) for name, value in facts.items())]


def stages(view: View, width: int) -> list[Text]:
    """Where this member's time went."""
    seconds = view.status.progress.seconds if view.status else {}
    rows = [Bar(name, round(spent), [(round(spent), "cyan")]) for name, spent in seconds.items()]
    return [heading("Time by stage", "seconds", width), *bars(rows, width, view.bars)]


def _activity(view: View, by_type: Mapping[str, Mapping[str, int]], width: int) -> list[Text]:
    rows = [Bar(name, total, _parts(by_type[name])) for name, total in totals(by_type).items()]
    return bars(rows, width, view.bars)


def _parts(by_type: Mapping[str, int]) -> Sequence[Part]:
    return [(by_type.get(name, 0), style) for name, style in STYLES.items()]


def _percent(part: int, whole: int) -> str:
    return f"{part / whole:.1%}" if whole else "–"


def _amount(minor: int | None, currency: str) -> str:
    if minor is None:
        return "–"
    return "mixed" if currency == MIXED else amount(minor, currency)


def _moment(milliseconds: int | None) -> str:
    if milliseconds is None:
        return "–"
    try:
        return f"{datetime.fromtimestamp(milliseconds / 1000, UTC):%Y-%m-%d %H:%M:%S}"
    except (ValueError, OverflowError, OSError):
        return f"{milliseconds:,} ms"  # in no year of the calendar: perhaps an event that tells microseconds

"""Sections that any project's terminal has: lag, health, and where a member's time goes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from tributary.views.arrangement import Section, View
from tributary.views.panels import Bar, Bars, Fact, Facts, Panel


def _lag(view: View[Any]) -> Panel:
    lag = (view.status.lag if view.status else None) or {}
    return Panel("Lag", Bars([Bar(topic, behind, [(behind, "red")]) for topic, behind in lag.items()]))


def _health(view: View[Any]) -> Panel:
    totals, status = view.totals, view.status
    dead = sum(totals.dead_letters.values())
    facts = [
        Fact("dead letters", f"{dead:,}", "bold red" if dead else "bold green"),
        Fact(view.arrangement.duplicates, f"{totals.duplicates:,}", "bold"),
        Fact("latest event", moment(totals.watermark_ms)),
    ]
    facts += [Fact(f"unreadable in {topic}", f"{count:,}", "red") for topic, count in totals.dead_letters.items()]
    if status is not None:
        facts += [Fact(f"not read: {topic}", "see the log", "bold red") for topic in status.refused]
    if status is not None and status.progress.fenced:
        facts.append(Fact("batches left to others", f"{status.progress.fenced:,}", "bold yellow"))
    return Panel("Health", Facts(facts))


def _stages(view: View[Any]) -> Panel:
    seconds = view.status.progress.seconds if view.status else {}
    bars: Sequence[Bar] = [Bar(stage, round(spent), [(round(spent), "cyan")]) for stage, spent in seconds.items()]
    return Panel("Time by stage", Bars(bars), note="seconds")


LAG: Section[Any] = Section(_lag, of_member=True)
"""The messages of each topic that are not counted yet."""
HEALTH: Section[Any] = Section(_health)
"""Dead letters, duplicates, refused topics, and the time of the latest event."""
STAGES: Section[Any] = Section(_stages, min_height=5, of_member=True)
"""How long this member has fetched, decoded, merged and written."""


def moment(milliseconds: int | None) -> str:
    """A time of an event, UTC, for people."""
    if milliseconds is None:
        return "–"
    try:
        return f"{datetime.fromtimestamp(milliseconds / 1000, UTC):%Y-%m-%d %H:%M:%S}"
    except (ValueError, OverflowError, OSError):
        return f"{milliseconds:,} ms"  # beyond the calendar: perhaps the event has microseconds

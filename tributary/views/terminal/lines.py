"""The figures as plain lines, for logs and for the last word."""

from __future__ import annotations

from datetime import datetime

from consumers.terminal.sections import LABELS
from consumers.terminal.view import View
from tributary import printable
from tributary.figures.status import Status


def progress(view: View) -> str:
    """One line on how far it is: time of day, events, rate, lag, events by type, dead letters."""
    figures = view.figures
    facts = [f"{figures.events:,} events", f"{view.rate.now():,.0f}/s"]
    if view.status is not None and view.status.lag is not None:
        facts.append(f"lag {sum(view.status.lag.values()):,}")
    facts += [f"{LABELS[name]} {count:,}" for name, count in figures.by_type.items()]
    facts.append(f"dead letters {sum(figures.dead_letters.values()):,}")
    if view.status is not None and view.status.refused:
        facts.append(f"not read any more: {', '.join(view.status.refused)}")
    if view.status is not None and view.status.waiting_for:
        facts.append(f"waiting for {view.status.waiting_for}")
    return printable.printable(f"{datetime.now():%H:%M:%S}  " + "  ".join(facts))


def summary(status: Status) -> str:
    """What a member did, in a few lines."""
    done, seconds = status.progress, status.running_s
    rate = done.events / max(seconds, 1e-9)
    lag = "not known: the broker did not say"
    if status.lag is not None:
        lag = ", ".join(f"{topic} {behind:,}" for topic, behind in status.lag.items() if behind) or "none"
    stages = ", ".join(f"{name} {spent:.1f} s" for name, spent in done.seconds.items())
    events = f"{done.events:,} event{'' if done.events == 1 else 's'}"
    facts = {
        "written by this member": f"{events} in {seconds:,.1f} s ({rate:,.0f}/s)",
        "dead letters": f"{done.dead_letters:,}",
        "duplicate purchases": f"{done.duplicates:,}",
        "lag left": lag,
        "time by stage": stages,
    }
    facts |= {f"not read: {topic}": reason for topic, reason in status.refused.items()}
    if done.fenced:
        facts["taken over by others"] = f"{done.fenced:,} times, nothing lost"
    return printable.lines(f"{name:<24}{value}" for name, value in facts.items())

"""The figures as plain lines: the progress of a member in a log, and the summary at its end."""

from __future__ import annotations

from datetime import datetime

from tributary.figures.status import MemberStatus
from tributary.printable import lines, printable
from tributary.views.arrangement import F, View


def progress_line(view: View[F]) -> str:
    """The progress on one line: time of day, events, rate, lag, the arrangement's counts, dead letters."""
    totals, status = view.totals, view.status
    facts = [f"{totals.events:,} events", f"{view.rate.now():,.0f}/s"]
    if status is not None and status.lag is not None:
        facts.append(f"lag {sum(status.lag.values()):,}")
    facts += [f"{name} {count:,}" for name, count in view.arrangement.counts(view.figures).items()]
    facts.append(f"dead letters {sum(totals.dead_letters.values()):,}")
    if status is not None and status.refused:
        facts.append(f"not read any more: {', '.join(status.refused)}")
    if status is not None and status.waiting_for:
        facts.append(f"waiting for {status.waiting_for}")
    return printable(f"{datetime.now():%H:%M:%S}  " + "  ".join(facts))


def summary(status: MemberStatus, duplicates: str) -> str:
    """What a member did, in a few lines. `duplicates` is the arrangement's name for them."""
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
        duplicates: f"{done.duplicates:,}",
        "lag left": lag,
        "time by stage": stages,
    }
    facts |= {f"not read: {topic}": reason for topic, reason in status.refused.items()}
    if done.fenced:
        facts["taken over by others"] = f"{done.fenced:,} times, nothing lost"
    return lines(f"{name:<24}{value}" for name, value in facts.items())

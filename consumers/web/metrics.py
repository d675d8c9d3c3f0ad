"""The figures for Prometheus, in its text format, version 0.0.4.

https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping

from consumers.analytics.figures import MIXED
from consumers.feed import Snapshot
from tributary.currency import major
from tributary.printable import printable

MEDIA_TYPE = "text/plain; version=0.0.4"


def text(snapshot: Snapshot | None) -> str:
    """All metrics. Without a store there is only `tributary_store_up`, and that is 0."""
    return "".join(f"{line}\n" for line in _lines(snapshot))


def _lines(snapshot: Snapshot | None) -> Iterator[str]:
    yield from _family("store_up", "gauge", "Whether there is a store to read.", {(): snapshot is not None})
    if snapshot is None:
        return
    figures, age_s = snapshot.figures, time.monotonic() - snapshot.at
    sessions, carts = figures.sessions, figures.abandoned_carts
    yield from _family("figures_age_seconds", "gauge", "How old these figures are.", {(): round(age_s, 3)})
    yield from _family("members", "gauge", "Members that run.", {(): len(snapshot.members)})
    yield from _family(
        "member_waiting",
        "gauge",
        "Whether something keeps a member from going on.",
        _labelled("member", {member.client_id: int(bool(member.waiting_for)) for member in snapshot.members}),
    )
    yield from _family(
        "topic_refused",
        "gauge",
        "Topics that a member does not read any more, because too much of them is unreadable.",
        {(("member", m.client_id), ("topic", topic)): 1 for m in snapshot.members for topic in m.refused},
    )
    yield from _family("events_total", "counter", "Events counted.", _labelled("type", figures.by_type))
    yield from _family(
        "dead_letters_total", "counter", "Messages that could not be read.", _labelled("topic", figures.dead_letters)
    )
    yield from _family(
        "duplicate_purchases_total",
        "counter",
        "Purchases left out because their order was counted.",
        {(): figures.duplicate_purchases},
    )
    yield from _family("orders_total", "counter", "Orders counted.", {(): figures.orders})
    yield from _family("revenue_total", "counter", "Revenue, in units of the currency.", _money(figures.revenue_minor))
    reached = {"any": sessions.count, "viewed": sessions.viewed, "carted": sessions.carted}
    yield from _family(
        "sessions_total",
        "counter",
        "Sessions, by how far they came.",
        _labelled("reached", reached | {"purchased": sessions.purchased}),
    )
    yield from _family("abandoned_carts", "gauge", "Carts left with something in them.", {(): carts.count})
    yield from _family(
        "abandoned_carts_value", "gauge", "What they hold, in units of the currency.", _money(carts.value_minor)
    )
    if figures.watermark_ms is not None:
        yield from _family(
            "watermark_timestamp_seconds",
            "gauge",
            "Time of the latest event, since the epoch.",
            {(): figures.watermark_ms / 1000},
        )
    yield from _family(
        "next_offset",
        "gauge",
        "The next offset to count.",
        {
            (("topic", topic), ("partition", str(number))): offset
            for (topic, number), offset in snapshot.offsets.items()
        },
    )


Labels = tuple[tuple[str, str], ...]

_LIKE_ESCAPE = re.compile(r"\\(?=[rtu])")


def _family(name: str, kind: str, explained: str, values: Mapping[Labels, object]) -> Iterator[str]:
    yield f"# HELP tributary_{name} {explained}"
    yield f"# TYPE tributary_{name} {kind}"
    for labels, value in values.items():
        inside = ",".join(f'{label}="{_escaped(text)}"' for label, text in labels)
        number = int(value) if isinstance(value, bool) else value
        yield f"tributary_{name}{{{inside}}} {number}" if inside else f"tributary_{name} {number}"


def _labelled(label: str, values: Mapping[str, int]) -> dict[Labels, object]:
    return {((label, text),): value for text, value in values.items()}


def _money(minor: Mapping[str, int]) -> dict[Labels, object]:
    return {
        (("currency", currency),): f"{major(n, currency):f}"
        for currency, n in minor.items()
        if currency not in ("", MIXED)
    }


def _escaped(text: str) -> str:
    # A backslash before what would look like an escape becomes one itself: two texts never have the same label.
    distinct = _LIKE_ESCAPE.sub(r"\\u005c", text)
    shown = "\n".join(map(printable, distinct.split("\n")))
    return shown.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")

"""The metrics that any project has: the store, the members, and how far they are."""

from __future__ import annotations

import time
from collections.abc import Iterator

from tributary.views.arrangement import Arrangement, F
from tributary.views.feed import Snapshot
from tributary.views.prometheus import Labels, Metric, by_label

_ALONE: Labels = ()
"""For a metric with one sample."""


def all_metrics(arrangement: Arrangement[F], snapshot: Snapshot[F] | None) -> Iterator[Metric]:
    """All metrics, the project's among them. Without a store there is only `tributary_store_up`, which is 0."""
    yield Metric("store_up", "gauge", "Whether there is a store to read.", {_ALONE: snapshot is not None})
    if snapshot is None:
        return
    members, totals = snapshot.members, arrangement.totals(snapshot.figures)
    age_s = round(time.monotonic() - snapshot.at, 3)
    yield Metric("figures_age_seconds", "gauge", "The age of these figures.", {_ALONE: age_s})
    yield Metric("members", "gauge", "Members that are running.", {_ALONE: len(members)})
    yield Metric(
        "member_waiting",
        "gauge",
        "Whether a member is waiting for something and cannot go on.",
        by_label("member", {member.client_id: bool(member.waiting_for) for member in members}),
    )
    yield Metric(
        "topic_refused",
        "gauge",
        "Topics that a member does not read any more, because too much of them is unreadable.",
        {(("member", member.client_id), ("topic", topic)): 1 for member in members for topic in member.refused},
    )
    yield Metric(
        "dead_letters_total", "counter", "Messages that could not be read.", by_label("topic", totals.dead_letters)
    )
    yield from arrangement.metrics(snapshot.figures)
    if totals.watermark_ms is not None:
        yield Metric(
            "watermark_timestamp_seconds",
            "gauge",
            "Time of the latest event, since the epoch.",
            {_ALONE: totals.watermark_ms / 1000},
        )
    yield Metric(
        "next_offset",
        "gauge",
        "The next offset to count.",
        {
            (("topic", topic), ("partition", str(number))): offset
            for (topic, number), offset in snapshot.offsets.items()
        },
    )

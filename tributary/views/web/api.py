"""The figures as JSON, for the page and for scripts."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import attrs

from tributary.kafka.admin import Partition
from tributary.views.arrangement import Arrangement, F
from tributary.views.feed import Snapshot
from tributary.views.rate import Rate

_POINTS = 60


def to_json(arrangement: Arrangement[F], snapshot: Snapshot[F] | None, rate: Rate) -> dict[str, Any]:
    """The figures of the arrangement, and what every project has; `{"store": false}` while there is no store.

    Rates are events per second, `rates` those of the last minute; `offsets` are the next ones to count, by topic and
    partition.
    """
    if snapshot is None:
        return {"store": False}
    totals = arrangement.totals(snapshot.figures)
    return {
        "store": True,
        "age_s": round(time.monotonic() - snapshot.at, 1),
        "events": totals.events,
        "rate": round(rate.now(), 1),
        "rates": [round(one, 1) for one in rate.series(_POINTS)],
        **arrangement.to_json(snapshot.figures),
        "dead_letters": totals.dead_letters,
        "watermark_ms": totals.watermark_ms,
        "offsets": _by_topic(snapshot.offsets),
        "members": [attrs.asdict(member) for member in snapshot.members],
    }


def _by_topic(offsets: Mapping[Partition, int]) -> dict[str, dict[int, int]]:
    nested: dict[str, dict[int, int]] = {}
    for (topic, partition), offset in offsets.items():
        nested.setdefault(topic, {})[partition] = offset
    return nested

"""The rate at which a count grows, from samples of the count."""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from itertools import pairwise

_SMOOTH_S = 3.0
"""Writes come in bursts, some a second apart: a rate over less time than this would show the bursts."""


class Rate:
    """Keeps samples for `span_s` seconds. Times are seconds of one monotonic clock."""

    def __init__(self, span_s: float = 60.0) -> None:
        self._span_s = span_s
        self._samples: deque[tuple[float, int]] = deque()

    def add(self, at: float, count: int) -> None:
        """Add a sample: the count at a time. A count below the one before means that counting started again."""
        if self._samples and count < self._samples[-1][1]:
            self._samples.clear()
        self._samples.append((at, count))
        while len(self._samples) > 2 and self._samples[1][0] < at - self._span_s - _SMOOTH_S:
            self._samples.popleft()

    def now(self) -> float:
        """The rate of the last seconds, per second; 0 with fewer than two samples."""
        samples = tuple(self._samples)
        return _rate(samples, samples[-1][0], _SMOOTH_S) if samples else 0.0

    def series(self, points: int) -> list[float]:
        """The rates at `points` times of the span, the latest last; 0 before the first sample."""
        samples = tuple(self._samples)
        if not samples:
            return [0.0] * points
        step = self._span_s / points
        moments = [samples[-1][0] - step * back for back in range(points - 1, -1, -1)]
        return [_rate(samples, moment, max(step, _SMOOTH_S)) for moment in moments]


_Samples = tuple[tuple[float, int], ...]


def _rate(samples: _Samples, moment: float, over_s: float) -> float:
    since = max(moment - over_s, samples[0][0])
    return (_at(samples, moment) - _at(samples, since)) / (moment - since) if moment > since else 0.0


def _at(samples: _Samples, moment: float) -> float:
    """The count at a time, interpolated between the samples around it."""
    after = bisect_right(samples, moment, key=lambda sample: sample[0])
    if after == 0:
        return samples[0][1]
    for (t0, n0), (t1, n1) in pairwise(samples[after - 1 : after + 1]):
        return n0 + (n1 - n0) * (moment - t0) / (t1 - t0)
    return samples[after - 1][1]

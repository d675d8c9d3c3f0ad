"""How fast a count grows, from samples of it."""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from itertools import pairwise

_SMOOTH_S = 3.0
"""Writes come in bursts, some a second apart: a rate over less time than this would show the bursts."""


class Rate:
    """Remembers samples for `span_s` seconds. Times are seconds of any one clock, and never go back."""

    def __init__(self, span_s: float = 60.0) -> None:
        self._span_s = span_s
        self._samples: deque[tuple[float, int]] = deque()

    def add(self, at: float, count: int) -> None:
        """The count was this at that time. A smaller count than before means that counting began anew."""
        if self._samples and count < self._samples[-1][1]:
            self._samples.clear()
        self._samples.append((at, count))
        while len(self._samples) > 2 and self._samples[1][0] < at - self._span_s - _SMOOTH_S:
            self._samples.popleft()

    def now(self) -> float:
        """The rate of the last seconds, per second; 0 when there is too little to tell."""
        return self._rates(1)[0] if self._samples else 0.0

    def series(self, points: int) -> list[float]:
        """The rates at so many moments of the span, the latest last. 0 before the first sample."""
        return self._rates(points) if self._samples else [0.0] * points

    def _rates(self, points: int) -> list[float]:
        samples = tuple(self._samples)
        first, last = samples[0][0], samples[-1][0]
        step = self._span_s / points
        rates = []
        for moment in (last - step * (points - 1 - number) for number in range(points)):
            since = max(moment - max(_SMOOTH_S, step), first)
            grown = _at(samples, moment) - _at(samples, since)
            rates.append(grown / (moment - since) if moment > since else 0.0)
        return rates


def _at(samples: tuple[tuple[float, int], ...], moment: float) -> float:
    """The count at a moment, on a straight line between the samples around it."""
    after = bisect_right(samples, moment, key=lambda sample: sample[0])
    if after == 0:
        return samples[0][1]
    for (t0, n0), (t1, n1) in pairwise(samples[after - 1 : after + 1]):
        return n0 + (n1 - n0) * (moment - t0) / (t1 - t0)
    return samples[after - 1][1]

"""The summary of a campaign, in lines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import attrs

from tests.chaos.campaign.monitor import ALLOWED_SILENCE_S
from tests.chaos.campaign.truth import Comparison


@attrs.frozen
class Summary:
    """The result of a campaign."""

    seed: int
    seconds: float
    faults: Counter[str]
    acknowledged: int
    comparison: Comparison
    deleted: int
    longest_silence_s: float
    recovery_s: Mapping[str, float]
    problems: Sequence[str]
    silences: Sequence[str]

    @property
    def beyond_s(self) -> float:
        """Silence beyond the limit, in seconds."""
        return max(self.longest_silence_s - ALLOWED_SILENCE_S, 0)

    @property
    def wrong(self) -> bool:
        """Whether an event is lost or counted twice, or another check failed that no slow machine explains."""
        found = self.comparison
        return bool(found.lost or found.twice or found.differences or self.problems)

    @property
    def failed(self) -> bool:
        """Whether something is wrong, or a member was silent for too long."""
        return bool(self.wrong or self.beyond_s)

    def __str__(self) -> str:
        found = self.comparison
        facts = {
            "seed": f"{self.seed}",
            "faults injected": f"{self.faults.total():,} of {len(self.faults)} kinds in {self.seconds:,.0f} s",
            "acknowledged": f"{self.acknowledged:,} events, by producers with a regular end",
            "in the topics": f"{found.events:,} events, {found.duplicates:,} duplicates of orders among them",
            "counted": f"{found.counted:,}",
            "letters": f"{found.letters:,}",
            "deleted unread": f"{self.deleted:,} messages, by the campaign",
            "lost": f"{found.lost:,}",
            "twice": f"{found.twice:,}",
            "longest silence": f"{self.longest_silence_s:.1f} s; beyond ten: {self.beyond_s:.1f} s",
            "other problems": f"{len(self.problems) + len(self.silences) + len(found.differences)}",
        }
        lines = [f"{name:<18}{value}" for name, value in facts.items()]
        lines += ["", f"{'fault':<44}{'times':>6}{'recovered within':>18}"]
        for name, times in sorted(self.faults.items()):
            lines.append(f"{name:<44}{times:>6}{self.recovery_s.get(name, 0):>16.1f} s")
        lines += ["", *(f"DIFFERENCE: {text}" for text in found.differences)]
        lines += [f"PROBLEM: {text}" for text in (*self.problems, *self.silences)]
        if self.failed:
            lines.append(f"The campaign failed. Again: make chaos SEED={self.seed}")
        return "\n".join(lines).rstrip()

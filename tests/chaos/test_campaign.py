"""A short campaign: members are killed at every stage, frozen and stopped, messages are damaged; figures stay exact."""

from __future__ import annotations

from tests.chaos.campaign import bed, faults
from tests.chaos.campaign.running import Campaign

SEED = 20
"""Every run injects the same faults; `make chaos` draws others."""
SECONDS = 40.0
LONGEST_S = 5.0
"""Seconds. Longer faults do not fit into a short campaign; `make chaos` includes them."""


def test_a_short_campaign_finds_nothing() -> None:
    faults.load()
    names = [name for name, fault in faults.ALL.items() if fault.seconds <= LONGEST_S and not fault.alone]
    with bed.made(SEED, members=2, rate=400) as made:
        summary = Campaign(made, SEED, print).run(names, SECONDS)
    assert not summary.wrong, str(summary)  # `make chaos` also fails for a silence, which a busy machine prolongs
    assert summary.faults.total() > 3
    assert summary.comparison.counted > 0

"""What all tests share: fixtures, and a profile of Hypothesis without time limits."""

from __future__ import annotations

import signal
from pathlib import Path

import hypothesis
import pytest

from tests.support.contracts import Contracts
from tests.support.kafka.cluster import cluster, fresh, guest, registered
from tests.support.kafka.secured import secured

__all__ = ["cluster", "fresh", "guest", "registered", "secured"]

# Machines may be slow, and in a fresh clone the first text that Hypothesis draws takes a second.
hypothesis.settings.register_profile(
    "patient", hypothesis.settings(), deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("patient")

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell ignores SIGINT for background commands, and processes that tests start would inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def contracts(tmp_path: Path) -> Contracts:
    return Contracts.copy(tmp_path / "schemas")

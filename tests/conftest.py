"""What all tests share: the fixtures, and Hypothesis without a watch in its hand."""

from __future__ import annotations

import signal
from pathlib import Path

import hypothesis
import pytest

from tests.support.contracts import Contracts
from tests.support.kafka.cluster import cluster, fresh, guest, registered
from tests.support.kafka.secured import secured

__all__ = ["cluster", "fresh", "guest", "registered", "secured"]

# A machine may be slow, and the first text that Hypothesis draws costs it a second in a fresh clone.
hypothesis.settings.register_profile(
    "patient", hypothesis.settings(), deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("patient")

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # So a shell starts what it runs in the background, and what tests start would inherit it.
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def contracts(tmp_path: Path) -> Contracts:
    return Contracts.copy(tmp_path / "schemas")

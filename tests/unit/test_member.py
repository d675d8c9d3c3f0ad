"""A member without a broker waits for one, says so, and can be stopped."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from consumers import group, terminal
from consumers.analytics.member import Analytics, Status
from registry.client import RegistryClient
from schemas import catalog
from settings import Settings


@pytest.mark.parametrize("until_caught_up", [False, True])
def test_a_broker_that_is_away_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, until_caught_up: bool
) -> None:
    monkeypatch.setattr(group, "_REQUEST_S", 0.1)
    # Nothing can listen on port 0.
    settings = Settings(bootstrap_servers="127.0.0.1:0", store_path=tmp_path / "store.sqlite")
    member = Analytics(settings, catalog.load(settings), RegistryClient.from_settings(settings))
    stop = threading.Event()
    seen: list[Status] = []

    def observe(status: Status) -> None:
        seen.append(status)
        # Some calls later it is still running.
        if [s for s in seen if s.waiting_for][15:]:
            stop.set()

    try:
        member.run(stop, until_caught_up=until_caught_up, observe=observe)
    finally:
        member.close()
    assert seen[-1].waiting_for.startswith("the broker: ")
    assert seen[-1].partitions == 0
    assert seen[-1].lag is None
    assert "lag left                not known" in terminal.summary(seen[-1])
    assert sum("waiting for the broker" in record.message for record in caplog.records) == 1

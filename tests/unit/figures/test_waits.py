"""What a member says about its waits: once when one begins, when its reason changes, and when it ends."""

from __future__ import annotations

import time

import pytest

from tributary.figures.waits import Waits


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time on the clock, which the test moves."""
    clock = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    return clock


def noted(waits: Waits, at: list[float], seconds: int, reason: str) -> None:
    for _ in range(seconds):
        waits.note({"store": reason})
        at[0] += 1


def test_a_wait_is_logged_when_it_begins_and_when_it_ends(at: list[float], caplog: pytest.LogCaptureFixture) -> None:
    waits = Waits()
    noted(waits, at, 60, "the store: locked")
    assert waits.text == "the store: locked"
    waits.note({"store": ""})
    assert waits.text == ""
    assert caplog.messages == [
        "waiting for the store: locked",
        "no longer waiting for the store: locked (waited 60 s)",
    ]


def test_a_reason_that_changes_is_logged_within_ten_seconds(at: list[float], caplog: pytest.LogCaptureFixture) -> None:
    waits = Waits()
    noted(waits, at, 5, "the registry: no answer yet")
    noted(waits, at, 10, "the registry: status 500")
    assert caplog.messages == ["waiting for the registry: no answer yet", "waiting for the registry: status 500"]


def test_a_reason_that_changes_all_the_time_does_not_flood_the_log(
    at: list[float], caplog: pytest.LogCaptureFixture
) -> None:
    waits = Waits()
    for letters in range(80, 0, -1):
        noted(waits, at, 1, f"the broker to take {letters} dead letters")
    assert 2 <= len(caplog.messages) <= 10


def test_what_passes_at_once_is_not_logged(at: list[float], caplog: pytest.LogCaptureFixture) -> None:
    waits = Waits()
    noted(waits, at, 1, "the group")
    noted(waits, at, 1, "")
    assert caplog.messages == []

"""The command of a consumer group."""

from __future__ import annotations

from pathlib import Path

import pytest

from consumers.analytics.__main__ import main


def test_settings_that_cannot_be_used_are_wrong_usage(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("BATCH_SIZE", "none")
    assert main(["report"]) == 2
    assert "BATCH_SIZE" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["report"], ["report", "--json"]])
def test_a_report_without_a_store_says_so(
    arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("STORE_PATH", str(tmp_path / "none.sqlite"))
    assert main(arguments) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith(f"error: {tmp_path / 'none.sqlite'}: no store yet")

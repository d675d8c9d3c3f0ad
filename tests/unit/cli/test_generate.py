"""`tributary generate`: the module that the project names."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.contracts import Contracts
from tributary.cli.main import main
from tributary.project import FILE


@pytest.fixture
def module(contracts: Contracts, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A module of a project, in a folder that does not exist yet."""
    file = contracts.folder / FILE
    lines = [line for line in file.read_text().splitlines() if not line.startswith("events")]
    file.write_text("\n".join(['events = "app/deep/events.py"', *lines]))
    monkeypatch.setenv("TRIBUTARY_PROJECT", str(contracts.folder))
    monkeypatch.chdir(contracts.folder)
    return contracts.folder / "app" / "deep" / "events.py"


def test_the_module_is_written_with_its_folder(module: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["generate"]) == 0
    assert capsys.readouterr().out == "app/deep/events.py: written\n"
    assert main(["generate", "--check"]) == 0
    assert capsys.readouterr().out == "app/deep/events.py: up to date\n"
    module.write_bytes(b"\xff")
    assert main(["generate", "--check"]) == 1
    assert "is stale" in capsys.readouterr().err


def test_a_module_that_cannot_be_written_is_named(module: Path, capsys: pytest.CaptureFixture[str]) -> None:
    module.mkdir(parents=True)
    assert main(["generate"]) == 1
    error = capsys.readouterr().err
    assert f"error: {module} cannot be written: Is a directory; {module.parents[2] / FILE} names it as events" in error
    module.rmdir()
    module.parent.rmdir()
    module.parent.touch()
    assert main(["generate"]) == 1
    assert f"error: {module} cannot be written: " in capsys.readouterr().err

"""The examples of the rooms that need Kafka and a registry, run in another team's project."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support import examples
from tests.support.projects import copy_orders, online
from tests.support.registry.guest import Guest
from tributary import settings
from tributary.cli.main import main
from tributary.registry.apply import plan
from tributary.settings import Settings


@pytest.fixture
def orders(fresh: Settings, guest: Guest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The working directory is the project, its topics and contract are registered, and `events` can be imported."""
    folder = copy_orders(tmp_path / "orders")
    monkeypatch.chdir(folder)
    monkeypatch.syspath_prepend(str(folder))
    for variable, value in online(folder, fresh, guest).items():
        monkeypatch.setenv(variable, value)
    plan.apply(settings.load())
    assert main(["generate"]) == 0


@pytest.mark.usefixtures("orders")
@pytest.mark.parametrize("name", examples.modules(kafka=True))
def test_the_example_works(name: str) -> None:
    examples.run(name)

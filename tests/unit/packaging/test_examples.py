"""The examples of the rooms that need neither Kafka nor a registry, run in another team's project."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support import examples
from tests.support.projects import copy_orders, offline


@pytest.mark.parametrize("name", examples.modules(kafka=False))
def test_the_example_works(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = copy_orders(tmp_path / "orders")
    monkeypatch.chdir(folder)
    for variable, value in offline(folder).items():
        monkeypatch.setenv(variable, value)

    examples.run(name)


def test_every_room_has_an_example() -> None:
    named = {*examples.modules(kafka=False), *examples.modules(kafka=True)}

    assert {f"tributary.{room}" for room in ("avro", "figures", "kafka", "registry")} <= named

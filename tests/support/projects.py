"""A project other than the shop: one topic, its contract and the lock."""

from __future__ import annotations

import shutil
from pathlib import Path

import attrs

from tests.support.contracts import NOWHERE
from tests.support.kafka import running
from tests.support.paths import ROOT
from tests.support.registry.guest import Guest
from tributary.project import VARIABLE
from tributary.settings import Settings

_ORDERS = ROOT / "tests" / "projects" / "orders"


def copy_orders(folder: Path) -> Path:
    """A copy of the project in this folder, which must not exist."""
    return Path(shutil.copytree(_ORDERS, folder))


def offline(folder: Path) -> dict[str, str]:
    """The settings of a process that works in this project and reaches no registry."""
    return {VARIABLE: str(folder), "SCHEMA_REGISTRY_URL": NOWHERE}


def online(folder: Path, fresh: Settings, guest: Guest) -> dict[str, str]:
    """The settings of a process that works in this project with the tests' Kafka and registry."""
    topic = f"orders-{guest.word}"
    guest.remember(f"{topic}-value")
    names = {"KAFKA_TOPIC_ORDERS": topic, "KAFKA_TOPIC_DEAD_LETTERS": f"{topic}-dead-letters"}
    return running.environment(attrs.evolve(fresh, topic_names=names), **{VARIABLE: str(folder)})

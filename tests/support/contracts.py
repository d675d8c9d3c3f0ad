"""A project that tests may count on, and change in a folder of their own."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs

from tributary.catalog import Catalog
from tributary.catalog import load as load_catalog
from tributary.project import Project
from tributary.settings import Settings

NOWHERE = "http://127.0.0.1:1"
"""The URL of a registry that does not answer, whatever runs on this machine."""

CONTRACTS = Project.load(Path(__file__).parent.parent / "contracts")
"""A project that tests may count on: the shop's own contracts change."""

Edit = Callable[[dict[str, Any]], object]


@attrs.frozen
class Contracts:
    """A copy of the project in a folder of its own."""

    settings: Settings

    @classmethod
    def copy(cls, folder: Path) -> Contracts:
        """With a registry that does not answer."""
        shutil.copytree(CONTRACTS.folder, folder)
        return cls(Settings(project=Project.load(folder), registry_url=NOWHERE))

    @property
    def project(self) -> Project:
        return self.settings.project

    @property
    def folder(self) -> Path:
        return self.settings.folder

    def load(self) -> Catalog:
        return load_catalog(self.settings)

    def edit(self, contract: str, change: Edit) -> Catalog:
        """Change a contract in place and reload the catalogue."""
        topic = self.load().topic(contract)
        schema = json.loads(topic.path.read_text())
        change(schema)
        topic.path.write_text(json.dumps(schema, indent=2))
        return self.load()

    def add(self, contract: str, schema: Any, name: str = "") -> Catalog:
        """Add a topic, `name` in Kafka, with this contract, and load the catalogue."""
        (self.folder / f"{contract}.avsc").write_text(json.dumps(schema, indent=2))
        with (self.folder / "catalog.toml").open("a") as file:
            file.write(
                f"""
[topics.{name or contract}]
contract = "{contract}.avsc"
setting = "KAFKA_TOPIC_{contract.upper()}"
key = "user_id"
partitions = 6
retention_days = 7
compatibility = "FULL_TRANSITIVE"
owner = "tests"
"""
            )
        return self.load()

    def with_settings(self, settings: Settings) -> Contracts:
        """The same project, with other settings."""
        return Contracts(attrs.evolve(settings, project=self.project))


def field(schema: dict[str, Any], name: str) -> dict[str, Any]:
    """A top-level field of a schema."""
    found: dict[str, Any] = next(f for f in schema["fields"] if f["name"] == name)
    return found

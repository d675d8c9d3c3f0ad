"""Contracts to evolve, with their registered versions."""

from __future__ import annotations

from typing import Any

from tests.support.contracts import Contracts
from tributary.registry.evolve import evolve
from tributary.registry.evolve.edits import Edit
from tributary.registry.evolve.evolve import Evolution
from tributary.registry.lock import Version


class Workshop:
    """Contracts to evolve at a level; the initial contracts are registered, and versions can be added."""

    def __init__(self, contracts: Contracts, level: str) -> None:
        self.contracts = contracts
        catalog = contracts.folder / "catalog.toml"
        catalog.write_text(catalog.read_text().replace("FULL_TRANSITIVE", level))
        self.versions: dict[str, list[Version]] = {topic.subject: [] for topic in contracts.load().topics}
        self.register()

    def register(self) -> None:
        for topic in self.contracts.load().topics:
            known = self.versions[topic.subject]
            known.append(Version(len(known) + 1, 0, topic.text))

    def texts(self) -> dict[str, str]:
        return {topic.contract: topic.path.read_bytes().decode() for topic in self.contracts.load().topics}

    def evolve(self, contract: str, edit: Edit) -> Evolution:
        catalog = self.contracts.load()
        before = self.texts()
        made = evolve.evolve(catalog, self.versions, catalog.topic(contract), edit, self.contracts.project)
        assert self.texts() == before  # only write() writes
        if made.allowed:
            evolve.write(made)
        return made

    def schema(self, contract: str) -> dict[str, Any]:
        return self.contracts.load().topic(contract).schema

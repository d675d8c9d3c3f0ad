"""The examples in the engine's docstrings, which are run as tests."""

from __future__ import annotations

import doctest
import importlib

from tests.support.paths import ROOT

_ROOMS_WITH_KAFKA = ("tributary.kafka", "tributary.figures")


def modules(*, kafka: bool) -> list[str]:
    """The modules that have examples: those that need Kafka and a registry, or the others."""
    found = []
    for path in sorted((ROOT / "tributary").rglob("*.py")):
        if ">>> " in path.read_text(encoding="utf-8"):
            name = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
            found.append(name)
    return [name for name in found if name.startswith(_ROOMS_WITH_KAFKA) == kafka]


def run(name: str) -> None:
    """Run the examples of a module; fails with what they printed on standard output."""
    done = doctest.testmod(importlib.import_module(name), optionflags=doctest.ELLIPSIS)
    assert done.attempted
    assert not done.failed

"""The faults, by group. Each is a function that causes one fault in the bed and repairs it."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable
from random import Random

import attrs

from tests.chaos.campaign.bed import Bed

Act = Callable[[Bed, Random], None]


@attrs.frozen
class Fault:
    """One kind of fault: from its cause to its repair."""

    name: str
    act: Act
    touches: frozenset[str]
    """The part that it needs exclusively; empty if it may overlap with any other fault."""
    alone: bool
    """It overlaps with no other fault: it stops members and compares what they had counted."""
    seconds: float
    """Its approximate duration in seconds."""

    @property
    def text(self) -> str:
        return inspect.getdoc(self.act) or ""


ALL: dict[str, Fault] = {}
"""By name; filled by the modules of this package, which `load` imports."""


def fault(*touches: str, alone: bool = False, seconds: float = 8.0, name: str = "") -> Callable[[Act], Act]:
    """Register a function as a fault."""

    def note(act: Act) -> Act:
        title = name or act.__name__.replace("_", " ")
        ALL[title] = Fault(title, act, frozenset(touches), alone, seconds)
        return act

    return note


def load() -> None:
    """Import all faults."""
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")

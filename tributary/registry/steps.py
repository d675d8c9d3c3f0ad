"""The steps of a plan: what is, what should be, and how to get there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import attrs

StepKind = Literal["create", "change", "leave", "explain"]
"""leave: it is as it should be; explain: it is not, and a person has to decide."""


@attrs.frozen
class Step:
    """One line of a plan."""

    kind: StepKind
    target: str
    """What it is about: `topic purchases`, `subject purchases-value`."""
    text: str
    """What will be done, or why nothing is."""
    run: Callable[[], str] | None = None
    """Do it, and say what was done. None where there is nothing to do."""


@attrs.frozen
class Done:
    """A step that was carried out."""

    step: Step
    text: str

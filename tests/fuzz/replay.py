"""Check cases that fuzzing found: `python -m tests.fuzz.replay FILE …`. Needs no atheris."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.fuzz.__main__ import module


def replay(case: Path) -> None:
    """Check a case; the folder that it is in names its target. Raises what the target raises."""
    module(case.parent.name).replay(case.read_text(encoding="utf-8"))


if __name__ == "__main__":
    for argument in sys.argv[1:]:
        replay(Path(argument).resolve())

"""The expected figures of the loaded topics, by an independent pass, and the comparison of results with them."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from benchmarks.measure import BenchmarkError

_SHOWN = 5
_ALWAYS = ("events", "by_type", "sessions", "orders", "revenue_minor")


def compare(name: str, figures: Mapping[str, Any], expected: Path) -> None:
    """Raise BenchmarkError, naming the differences, unless the figures are as expected.

    A contestant that keeps only some figures is compared in those, and must have all of them.
    """
    right = json.loads(expected.read_text(encoding="utf-8"))
    missing = [key for key in _ALWAYS if key not in figures]
    if missing:
        raise BenchmarkError(f"{name} has no figures for {', '.join(missing)}")
    wrong = [key for key in figures if key in right and figures[key] != right[key]]
    if wrong:
        lines = [f"  {key}: {_short(figures[key])}, expected {_short(right[key])}" for key in wrong[:_SHOWN]]
        raise BenchmarkError("\n".join([f"{name} has wrong figures:", *lines]))


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) < 200 else text[:200] + "…"


def main(path: Path) -> int:
    """Count the topics named in the environment and write the figures to a file."""
    from tests.support.figures import oracle
    from tests.support.kafka.running import decoded
    from tributary.settings import load

    def events() -> Iterator[tuple[str, dict[str, Any]]]:
        for topic, event in decoded(load()):
            assert event is not None, f"{topic} has a message that cannot be decoded"
            yield topic, event

    path.write_text(json.dumps(oracle.figures(events())), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))

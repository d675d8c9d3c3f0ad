"""The documentation and the docstrings avoid some phrases that are hard to read."""

from __future__ import annotations

import re
from pathlib import Path

from tests.support.paths import ROOT

PHRASES = (
    "anew",
    "so many",
    "apart from",
    "held against",
    "as it is here",
    "whoever",
    "comes to the same",
    "that is none",
)
"""They have a plainer form: `again`, `a number of`, `except`, `compared with`, `unchanged`, `who`, `gives the same`."""


def _texts() -> list[Path]:
    pages = [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), ROOT / "benchmarks" / "README.md", ROOT / ".env.example"]
    return [*pages, *ROOT.glob("tributary/**/*.py")]


def test_no_text_has_one_of_the_phrases() -> None:
    pattern = re.compile(rf"\b({'|'.join(PHRASES)})\b", re.IGNORECASE)
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path in _texts()
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if pattern.search(line)
    ]
    assert found == []

"""The paths, modules and make targets that the documentation names exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support.paths import ROOT

PAGES = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "benchmarks/README.md")),
    *sorted((ROOT / "docs").glob("*.md")),
]
FOLDERS = {path.name for path in ROOT.iterdir() if path.is_dir() and not path.name.startswith(".")}
ON_DEMAND = {"schemas/exemptions.toml", "registry/exemptions.toml", "docs/events.html"}
"""Files that exist only once somebody writes them."""

page = pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))


def code(text: str) -> list[str]:
    """The text between backticks, in a line or in a block."""
    blocks = re.findall(r"^```.*?\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    return [*blocks, *re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL))]


def links(text: str) -> list[str]:
    """The targets of links to files of the repository, without the part after `#`."""
    targets = (target.partition("#")[0] for target in re.findall(r"\]\(([^)\s]+)\)", text))
    return [target for target in targets if target and "://" not in target]


def paths(text: str) -> list[str]:
    """What is written as a path from the repository's root, such as `tests/unit` or `schemas/*.avsc`."""
    return [
        written
        for part in code(text)
        for written in re.findall(r"(?<![\w./~…-])((?:[\w.*-]+/)+[\w.*-]*)", part)
        if written.partition("/")[0] in FOLDERS and written not in ON_DEMAND
    ]


def modules(text: str) -> list[str]:
    return [name for part in code(text) for name in re.findall(r"python -m ([a-z_.]+)", part)]


def targets(text: str) -> list[str]:
    """The targets of make; a word in capitals is a variable, as in `STACK=docker make up`."""
    return [name for part in code(text) for name in re.findall(r"(?<!\w)make ([a-z][a-z-]*)", part)]


@page
def test_links_lead_to_files(page: Path) -> None:
    missing = [target for target in links(page.read_text(encoding="utf-8")) if not (page.parent / target).exists()]
    assert missing == []


@page
def test_paths_exist(page: Path) -> None:
    missing = [path for path in paths(page.read_text(encoding="utf-8")) if not any(ROOT.glob(path.rstrip("/")))]
    assert missing == []


@page
def test_modules_can_be_run(page: Path) -> None:
    found = [ROOT / name.replace(".", "/") for name in modules(page.read_text(encoding="utf-8"))]
    missing = [path for path in found if not (path / "__main__.py").exists() and not path.with_suffix(".py").exists()]
    assert missing == []


@page
def test_targets_are_in_the_makefile(page: Path) -> None:
    known = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert set(targets(page.read_text(encoding="utf-8"))) - set(known) == set()


def test_the_patterns_find_what_they_look_for() -> None:
    text = "See [it](docs/a.md#b), `tests/unit/x.py`, `STACK=docker make up` and\n```\npython -m tools.edits --x\n```\n"
    assert (links(text), paths(text), targets(text)) == (["docs/a.md"], ["tests/unit/x.py"], ["up"])
    assert modules(text) == ["tools.edits"]

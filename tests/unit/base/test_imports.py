"""The distribution declares what the engine imports, and a missing extra is named."""

from __future__ import annotations

import ast
import importlib
import importlib.metadata
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

import tributary
from tests.support.paths import ROOT
from tributary import imports

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
ENGINE = Path(tributary.__file__).parent
OF_THE_CALLER = {"pytest"}
"""The fixture is for those who have it."""


def _distribution(requirement: str) -> str:
    return re.split(r"[\[<>=! ]", requirement)[0]


def _imports(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield node.module or ""


def test_the_distribution_declares_every_package_that_the_engine_imports() -> None:
    packages = {
        name.partition(".")[0]
        for path in ENGINE.rglob("*.py")
        for name in _imports(ast.parse(path.read_text(encoding="utf-8")))
    }
    providers = importlib.metadata.packages_distributions()
    imported = {
        providers.get(package, [package])[0]
        for package in packages - sys.stdlib_module_names - {"tributary"} - OF_THE_CALLER
    }

    groups = [PROJECT["dependencies"], *PROJECT["optional-dependencies"].values()]
    declared = {_distribution(requirement) for group in groups for requirement in group} - {imports.DISTRIBUTION}

    assert imported == declared


def test_the_extras_are_those_of_the_distribution() -> None:
    assert PROJECT["name"] == imports.DISTRIBUTION

    declared = {
        extra: {_distribution(requirement) for requirement in group} - {imports.DISTRIBUTION}
        for extra, group in PROJECT["optional-dependencies"].items()
    }

    assert declared == {extra: set(packages) for extra, packages in imports.EXTRAS.items()}


@pytest.mark.parametrize(("package", "extra"), [("starlette", "web"), ("jgo.maven", "stack")])
def test_a_missing_package_is_named_with_its_extra(package: str, extra: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, package, None)

    with pytest.raises(imports.MissingExtra) as raised, imports.extras_named():
        importlib.import_module(package)

    assert str(raised.value) == (
        f"{package.partition('.')[0]} is not installed; run: pip install 'tributary-events[{extra}]'"
    )


def test_a_missing_module_that_no_extra_brings_is_left_as_it_is() -> None:
    with pytest.raises(ModuleNotFoundError) as raised, imports.extras_named():
        importlib.import_module("tributary.no_such_module")

    assert not isinstance(raised.value, imports.MissingExtra)

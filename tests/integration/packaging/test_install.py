"""The wheel in an empty virtual environment and an empty folder: what someone has after `pip install`."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import textwrap
import zipfile
from importlib.metadata import version
from pathlib import Path

import pytest
import yaml

from tests.support.contracts import NOWHERE
from tests.support.paths import ROOT
from tests.support.projects import copy_orders, offline, online
from tests.support.registry.guest import Guest
from tributary.project import VARIABLE
from tributary.registry import testing
from tributary.settings import Settings

OF_EXTRAS = (
    "tributary.http_server",
    "tributary.registry.server.http",
    "tributary.registry.testing",
    "tributary.stack",
    "tributary.views.web",
)
"""What needs an extra, or pytest; all else is imported without."""

IMPORT_ALL = """
import importlib, json, pkgutil, tributary
missing = {}
for module in pkgutil.walk_packages(tributary.__path__, "tributary."):
    try:
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    except ModuleNotFoundError as error:
        missing[module.name] = error.name
print(json.dumps(missing))
"""

RUN_EXAMPLE = """
import doctest, tributary.kafka
done = doctest.testmod(tributary.kafka)
assert done.attempted and not done.failed
"""


class Installed:
    """The engine in a virtual environment of its own; commands run in an empty folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "empty"
        self.folder.mkdir()
        self._wheels, self._venv = folder / "wheels", folder / "tributary"
        self._pins = folder / "pins.txt"
        # Without the hashes: with any, pip asks for the wheel's too.
        locked = (ROOT / "requirements" / "development.txt").read_text(encoding="utf-8")
        self._pins.write_text("\n".join(re.findall(r"^[^\s#]+==[^\\\n]+", locked, re.MULTILINE)), encoding="utf-8")
        _run([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(self._wheels)], ROOT)
        _run([sys.executable, "-m", "venv", "--without-pip", str(self._venv)], ROOT)

    @property
    def wheel(self) -> Path:
        [wheel] = self._wheels.iterdir()
        return wheel

    def install(self, extras: str = "", *more: str) -> None:
        """Install the wheel with these extras, at the versions of requirements/development.txt."""
        pip = [sys.executable, "-m", "pip", "--python", str(self._venv / "bin" / "python"), "install", "--quiet"]
        _run([*pip, "--no-compile", "--constraint", str(self._pins), f"{self.wheel}{extras}", *more], self.folder)

    def run(self, *command: str, folder: Path | None = None, code: int = 0, **variables: str) -> str:
        """What a program of the virtual environment prints, on both streams. It must end with this code."""
        return _run([str(self._venv / "bin" / command[0]), *command[1:]], folder or self.folder, code=code, **variables)


def _run(command: list[str], folder: Path, *, code: int = 0, **variables: str) -> str:
    environment = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", VARIABLE)}
    ended = subprocess.run(
        command,
        cwd=folder,
        env=environment | variables,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=300,
        check=False,
    )
    assert ended.returncode == code, ended.stdout
    return ended.stdout


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """The engine without an extra."""
    engine = Installed(tmp_path_factory.mktemp("bare"))
    engine.install()
    return engine


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """The engine with the extra `web`, and pytest."""
    engine = Installed(tmp_path_factory.mktemp("web"))
    engine.install("[web]", f"pytest=={version('pytest')}")
    return engine


def test_the_wheel_holds_the_engine_and_nothing_else(bare: Installed) -> None:
    with zipfile.ZipFile(bare.wheel) as wheel:
        packed = {name for name in wheel.namelist() if ".dist-info/" not in name}

    files = (path for path in (ROOT / "tributary").rglob("*") if path.is_file() and path.parent.name != "__pycache__")
    assert packed == {path.relative_to(ROOT).as_posix() for path in files}
    assert {"tributary/py.typed", "tributary/stack/jgo.lock.toml"} < packed


def test_the_command_helps(bare: Installed) -> None:
    assert bare.run("tributary", "--help").startswith("usage: ")


def test_only_what_serves_and_the_stack_need_an_extra(bare: Installed) -> None:
    missing: dict[str, str] = json.loads(bare.run("python", "-c", IMPORT_ALL))

    assert {name: package for name, package in missing.items() if not name.startswith(OF_EXTRAS)} == {}


def test_serve_names_the_extra_that_it_lacks(bare: Installed) -> None:
    said = bare.run("tributary", "serve", "--port", "0", code=2)

    assert said == "error: uvicorn is not installed; run: pip install 'tributary-events[web]'\n"


def test_a_contract_that_is_not_ours_is_linted_and_checked(bare: Installed, tmp_path: Path) -> None:
    project = copy_orders(tmp_path / "orders")
    nowhere = {"SCHEMA_REGISTRY_URL": NOWHERE}

    assert bare.run("tributary", "lint", folder=project) == "1 contract, 0 findings\n"
    assert "orders-value: unchanged, v1\n" in bare.run("tributary", "check", folder=project, **nowhere)

    contract = project / "order_placed.avsc"
    contract.write_text(
        contract.read_text().replace('"total_minor", "type": "long"', '"total_minor", "type": "string"')
    )
    assert "total_minor" in bare.run("tributary", "lint", folder=project, code=1)
    assert "total_minor" in bare.run("tributary", "check", folder=project, code=1, **nowhere)


def test_events_are_published_and_a_topic_is_read_into_columns(
    bare: Installed, fresh: Settings, guest: Guest, tmp_path: Path
) -> None:
    """By the example of `tributary.kafka`, from a project's contract to the columns of its topic."""
    project = copy_orders(tmp_path / "orders")
    variables = online(project, fresh, guest)

    bare.run("tributary", "apply", folder=project, **variables)
    bare.run("tributary", "generate", folder=project, **variables)
    bare.run("python", "-c", RUN_EXAMPLE, folder=project, **variables)


def test_outside_of_a_project_lint_and_check_say_that_there_is_none(bare: Installed) -> None:
    for command in ("lint", "check"):
        assert bare.run("tributary", command, code=2).startswith("error: no tributary.toml in ")


def test_the_action_lints_and_checks_the_repository_that_uses_it(bare: Installed, tmp_path: Path) -> None:
    steps = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))["runs"]["steps"]
    project, summary = copy_orders(tmp_path / "orders"), tmp_path / "summary.md"
    variables = {"RUNNER_TEMP": str(bare.folder.parent), "GITHUB_STEP_SUMMARY": str(summary), "AGAINST": "lock"}

    for step in steps:
        if step.get("name") in ("Lint", "Check"):
            _run(["bash", "-eo", "pipefail", "-c", step["run"]], project, **offline(project), **variables)

    assert "1 contract, 0 findings" in summary.read_text()
    assert "orders-value" in summary.read_text()


def test_the_registry_is_a_fixture_for_pytest(web: Installed) -> None:
    example = re.search(r"\n\n    import pytest\n(?:(?:    .*)?\n)*", str(testing.__doc__))
    assert example
    (web.folder / "test_orders.py").write_text(textwrap.dedent(example[0]), encoding="utf-8")

    assert "1 passed" in web.run("python", "-m", "pytest", "test_orders.py")

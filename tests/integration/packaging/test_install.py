"""The wheel in an empty virtual environment and an empty folder: what someone has after `pip install`."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from tests.support.paths import ROOT

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

REGISTRY_TEST = """
import pytest
from confluent_kafka.schema_registry import Schema, SchemaRegistryClient, SchemaRegistryError

pytest_plugins = ["tributary.registry.testing"]
V1 = '{"type": "record", "name": "Order", "fields": [{"name": "id", "type": "string"}]}'
V2 = '{"type": "record", "name": "Order", "fields": [{"name": "number", "type": "long"}]}'


def test_an_incompatible_version_is_refused(schema_registry):
    client = SchemaRegistryClient({"url": schema_registry.url})
    client.register_schema("orders-value", Schema(V1, "AVRO"))
    with pytest.raises(SchemaRegistryError, match="READER_FIELD_MISSING_DEFAULT_VALUE"):
        client.register_schema("orders-value", Schema(V2, "AVRO"))
"""


class Installed:
    """The engine in a virtual environment of its own; commands run in an empty folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "empty"
        self.folder.mkdir()
        self._wheels, self._venv = folder / "wheels", folder / "venv"
        self._pins = folder / "pins.txt"
        # Without the hashes: with any, pip asks for the wheel's too.
        locked = (ROOT / "requirements" / "development.txt").read_text(encoding="utf-8")
        self._pins.write_text("\n".join(re.findall(r"^[^\s#]+==[^\\\n]+", locked, re.MULTILINE)), encoding="utf-8")
        _run([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(self._wheels)], ROOT)
        _run([sys.executable, "-m", "venv", "--without-pip", str(self._venv)], ROOT)

    def install(self, extras: str = "", *more: str) -> None:
        """Install the wheel with these extras, at the versions of requirements/development.txt."""
        [wheel] = self._wheels.iterdir()
        pip = [sys.executable, "-m", "pip", "--python", str(self._venv / "bin" / "python"), "install", "--quiet"]
        _run([*pip, "--no-compile", "--constraint", str(self._pins), f"{wheel}{extras}", *more], self.folder)

    def run(self, *command: str, code: int = 0) -> str:
        """What a program of the virtual environment prints, on both streams. It must end with this code."""
        return _run([str(self._venv / "bin" / command[0]), *command[1:]], self.folder, code)


def _run(command: list[str], folder: Path, code: int = 0) -> str:
    ended = subprocess.run(
        command,
        cwd=folder,
        env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
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


def test_the_command_helps(bare: Installed) -> None:
    assert bare.run("tributary", "--help").startswith("usage: ")


def test_only_what_serves_and_the_stack_need_an_extra(bare: Installed) -> None:
    missing: dict[str, str] = json.loads(bare.run("python", "-c", IMPORT_ALL))

    assert {name: package for name, package in missing.items() if not name.startswith(OF_EXTRAS)} == {}


def test_serve_names_the_extra_that_it_lacks(bare: Installed) -> None:
    said = bare.run("tributary", "serve", "--port", "0", code=2)

    assert said == "error: uvicorn is not installed; run: pip install 'tributary-events[web]'\n"


def test_the_registry_is_a_fixture_for_pytest(web: Installed) -> None:
    (web.folder / "test_orders.py").write_text(REGISTRY_TEST, encoding="utf-8")

    assert "1 passed" in web.run("python", "-m", "pytest", "test_orders.py")

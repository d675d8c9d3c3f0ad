"""The steps of README's "Change a schema" work on a copy of the repository, and all tests stay green."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.kafka import running
from tests.support.paths import ROOT
from tributary.settings import Settings

LEFT = (".*", "__pycache__", "node_modules", "*.html")
BOUND = (
    "avro/rows/test_encoder.py::test_another_event_is_refused",
    "avro/test_codegen.py",
    "registry/check/test_check.py",
    "registry/contract/test_diff.py",
    "registry/records/test_verify.py",
)
"""The unit tests that depend on the shop's contracts; they must pass with any contracts."""
OPTIONAL = """,
    {"name": "coupon", "type": ["null", "string"], "default": null, "doc": "The coupon that was shown."},
    {"name": "stock", "type": ["null", "long"], "default": null, "doc": "How many were left."}
  ]"""


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the repository."""
    folder = tmp_path / "repository"
    shutil.copytree(ROOT, folder, ignore=shutil.ignore_patterns(*LEFT))
    return folder


def steps() -> list[str]:
    """The make targets in the section's numbered steps, in order."""
    section = (
        (ROOT / "README.md").read_text(encoding="utf-8").partition("## Change a schema\n")[2].partition("\n## ")[0]
    )
    numbered = [line for line in section.splitlines() if re.match(r"\d\. ", line)]
    return re.findall(r"`make ([a-z-]+)`", "\n".join(numbered))


def recipe(target: str) -> str:
    """The shell commands that make runs for a target."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8").replace("\\\n", "")
    found = re.search(rf"^{target}:.*\n((?:\t.*\n)+)", makefile, re.MULTILINE)
    assert found, target
    lines = [line.removeprefix("\t@") for line in found[1].splitlines()]
    return "\n".join(lines).replace("$(BIN)/python", sys.executable)


def make(folder: Path, target: str, environment: dict[str, str]) -> str:
    """Run the commands of a target, which must succeed. Returns their output."""
    command = ["bash", "-e", "-c", recipe(target)]
    done = subprocess.run(
        command, cwd=folder, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    assert done.returncode == 0, f"make {target}: {done.stdout}"
    return done.stdout


def add_optional_fields(contract: Path) -> None:
    text = contract.read_text(encoding="utf-8")
    before, bracket, after = text.rpartition("\n  ]")
    assert bracket
    contract.write_text(before + OPTIONAL + after, encoding="utf-8")


def test_the_steps_of_the_readme_work_and_leave_the_tests_green(copy: Path, fresh: Settings) -> None:
    lock_path = copy / "registry" / "registry.lock.json"
    environment = running.environment(fresh, REGISTRY_LOCK_PATH=str(lock_path), TRIBUTARY_PROJECT=str(copy))
    make(copy, "register-schemas", environment)  # topics with names of this test's own, at v1
    add_optional_fields(copy / "schemas" / "product-events" / "product_viewed.avsc")

    said = {target: make(copy, target, environment) for target in steps()}

    assert list(said) == ["generate", "check-schemas", "register-schemas", "docs"]
    subject = f"{fresh.topic_names['KAFKA_TOPIC_PRODUCTS']}-value"
    assert f"{subject}: v2 is compatible at FULL_TRANSITIVE" in said["check-schemas"]
    assert f"subject {subject}: registered v2 (id " in said["register-schemas"]
    assert "nothing to do" in make(copy, "register-schemas", environment)
    make(copy, "generated", environment)

    tests = [f"tests/unit/{name}" for name in BOUND]
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *tests]
    ours = os.environ | {"PYTHONPATH": str(copy)}
    done = subprocess.run(command, cwd=copy, env=ours, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert done.returncode == 0, done.stdout[-4000:]

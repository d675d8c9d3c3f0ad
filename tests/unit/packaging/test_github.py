"""The files for GitHub and pre-commit: their structure, and that each command in them exists."""

from __future__ import annotations

import re
import shlex
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.paths import ROOT
from tributary.cli.main import parser

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
WORKFLOW, ACTION = Path(".github/workflows/ci.yml"), Path("action.yml")
CONFIG, HOOKS = Path(".pre-commit-config.yaml"), Path(".pre-commit-hooks.yaml")


def _yaml(path: Path) -> Any:
    return yaml.safe_load((ROOT / path).read_text(encoding="utf-8"))


def _job() -> dict[str, Any]:
    job: dict[str, Any] = _yaml(WORKFLOW)["jobs"]["test"]
    return job


def _steps() -> list[dict[str, Any]]:
    return [*_job()["steps"], *_yaml(ACTION)["runs"]["steps"]]


def _own_hooks() -> list[dict[str, Any]]:
    [repository] = _yaml(CONFIG)["repos"]
    assert repository["repo"] == "local"
    hooks: list[dict[str, Any]] = repository["hooks"]
    return hooks


def _require_command(words: list[str]) -> None:
    """Fail unless `tributary` takes these words."""
    assert words[0].endswith("tributary")
    parser().parse_args(words[1:])


def _require_target(words: list[str]) -> None:
    """Fail unless the Makefile has what `make` is asked for."""
    [target] = [word for word in words[1:] if not word.startswith("-") and "=" not in word]
    assert re.search(rf"^{target}:", MAKEFILE, re.MULTILINE), target


def test_the_workflow_runs_the_tests_on_every_python_that_the_distribution_names() -> None:
    classifiers = PROJECT["project"]["classifiers"]
    named = [one.rpartition(" ")[2] for one in classifiers if re.search(r"Python :: 3\.\d+$", one)]

    assert _job()["strategy"]["matrix"]["python"] == named
    assert {"run": "make test"} in _job()["steps"]


def test_the_workflow_runs_targets_that_make_has() -> None:
    runs = [step["run"] for step in _job()["steps"] if "run" in step]

    assert runs
    for run in runs:
        _require_target(shlex.split(run))


def test_a_step_either_runs_a_command_or_uses_an_action_of_one_version() -> None:
    for step in _steps():
        assert ("run" in step) != ("uses" in step), step
        if "uses" in step:
            assert re.fullmatch(r"[\w-]+/[\w-]+@v\d+\.\d+\.\d+", step["uses"])


def test_each_step_of_the_action_names_its_shell_and_only_inputs_that_the_action_has() -> None:
    action = _yaml(ACTION)

    assert action["runs"]["using"] == "composite"
    assert all(step["shell"] == "bash" for step in action["runs"]["steps"] if "run" in step)
    assert set(re.findall(r"inputs\.([\w-]+)", str(action["runs"]))) == set(action["inputs"])
    assert all(given["description"] and given["default"] for given in action["inputs"].values())


def test_the_action_lints_and_checks_with_options_that_the_commands_have() -> None:
    runs = [step["run"] for step in _yaml(ACTION)["runs"]["steps"] if step.get("name") in ("Lint", "Check")]
    commands = [shlex.split(run.partition(" | ")[0]) for run in runs]

    assert [words[1] for words in commands] == ["lint", "check"]
    for words in commands:
        _require_command([word.replace("$AGAINST", "lock") for word in words])


def test_the_hooks_for_other_repositories_run_commands_that_exist() -> None:
    hooks = _yaml(HOOKS)

    assert [hook["id"] for hook in hooks] == ["tributary-lint", "tributary-check"]
    for hook in hooks:
        assert hook["language"] == "python"
        assert hook["pass_filenames"] is False
        _require_command(shlex.split(hook["entry"]))


@pytest.mark.parametrize(
    "name", ["schemas/catalog.toml", "tributary.toml", "orders/placed.avsc", "registry/registry.lock.json"]
)
def test_the_hooks_run_when_a_file_of_a_project_changes(name: str) -> None:
    assert all(re.search(hook["files"], name) for hook in _yaml(HOOKS))


def test_our_own_hooks_run_the_programs_of_the_virtual_environment_or_make() -> None:
    hooks = _own_hooks()

    assert len({hook["id"] for hook in hooks}) == len(hooks)
    for hook in hooks:
        words = shlex.split(hook["entry"])
        assert hook["language"] == "system"
        if words[0] == "make":
            _require_target(words)
        else:
            assert Path(words[0]).parent == Path(".venv/bin")
            assert Path(sys.executable).with_name(Path(words[0]).name).is_file(), words[0]

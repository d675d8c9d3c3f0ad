"""A project: `tributary.toml`, found from the working directory upwards or named, and strictly read."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.contracts import CONTRACTS
from tests.support.paths import ROOT
from tributary import project, settings
from tributary.project import FILE, VARIABLE, Project, ProjectError
from tributary.registry.testing import serve


def run(folder: Path, *command: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """A command of the engine, run in a folder."""
    environment = {name: value for name, value in os.environ.items() if name != VARIABLE}
    environment |= {"PYTHONPATH": str(ROOT), **variables}
    words = [sys.executable, "-m", "tributary", *command]
    return subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture
def other(tmp_path: Path) -> Path:
    """A project with one contract, which has no docs."""
    folder = tmp_path / "other"
    folder.mkdir()
    (folder / FILE).write_text('contracts = "catalog.toml"\n')
    (folder / "payment.avsc").write_text('{"type": "record", "name": "Payment", "fields": []}')
    (folder / "catalog.toml").write_text(
        """
[topics.payments]
contract = "payment.avsc"
key = "payment_id"
partitions = 1
retention_days = 1
compatibility = "FULL"
owner = "payments"

[dead_letters]
topic = "dead"
partitions = 1
retention_days = 1
owner = "payments"
"""
    )
    return folder


# ---- which project -----------------------------------------------------------------------------


def test_lint_governs_the_contracts_of_the_folder_it_is_run_in(other: Path) -> None:
    below = other / "src" / "deep"
    below.mkdir(parents=True)
    for folder in (other, below):
        done = run(folder, "lint")
        assert done.returncode == 1
        assert "1 contract, " in done.stdout
        assert "key-present" in done.stdout


@pytest.mark.parametrize("command", ["lint", "check", "drift", "docs", "prove"])
def test_a_command_that_needs_a_project_says_so_and_what_to_do(tmp_path: Path, command: str) -> None:
    done = run(tmp_path, command)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"error: no {FILE} in {tmp_path} or in a folder above it")
    assert "--project DIR" in done.stderr
    assert VARIABLE in done.stderr


def test_what_asks_a_registry_alone_needs_no_project(tmp_path: Path) -> None:
    with serve() as registry:
        address = {"SCHEMA_REGISTRY_URL": registry.url}
        assert run(tmp_path, "export", "--output", "all.json", **address).returncode == 0
        assert run(tmp_path, "import", "all.json", **address).returncode == 0


@pytest.mark.parametrize("arguments", [["--help"], ["lint", "--help"], ["lint", "--explain", "docs-present"]])
def test_help_needs_no_project(tmp_path: Path, arguments: list[str]) -> None:
    assert run(tmp_path, *arguments).returncode == 0


def test_a_rule_is_explained_with_what_the_project_says_of_it(other: Path, tmp_path: Path) -> None:
    explain = ["lint", "--explain", "money-with-currency"]
    assert "default: off\nhere: no project\noption names: price, " in run(tmp_path, *explain).stdout
    with (other / FILE).open("a") as file:
        file.write('rules.money-with-currency = {severity = "warning", names = ["toll"]}\n')
    said = run(other, *explain).stdout
    assert "default: off\nhere: warning\n" in said
    assert said.endswith("option names here: toll\n")
    assert run(other, "lint", "--explain", "range-tightened").stdout.endswith("always on\n")


def test_the_variable_names_the_project_wherever_the_command_runs(other: Path, tmp_path: Path) -> None:
    done = run(tmp_path, "lint", **{VARIABLE: str(other)})
    assert "1 contract, " in done.stdout


def test_the_option_names_the_project_before_the_variable(other: Path, tmp_path: Path) -> None:
    done = run(tmp_path, "--project", "other", "lint", **{VARIABLE: str(tmp_path)})
    assert "1 contract, " in done.stdout
    done = run(other, "--project", "..", "lint")
    assert (done.returncode, done.stdout) == (2, "")
    assert f"{tmp_path} has no {FILE}; name a folder that has one" in done.stderr


def test_a_folder_that_is_named_must_be_a_project(other: Path) -> None:
    (other / "src").mkdir()
    done = run(other, "lint", **{VARIABLE: str(other / "src")})
    assert done.returncode == 2
    assert f"{VARIABLE}={other / 'src'}: {other / 'src'} has no {FILE}" in done.stderr


def test_an_empty_name_is_not_the_working_directory(other: Path) -> None:
    done = run(other, "--project", "", "lint")
    assert (done.returncode, done.stdout) == (2, "")
    assert f"the project's folder is empty; name a folder that has a {FILE}" in done.stderr


@pytest.mark.parametrize("kind", ["folder", "link to nothing", "link to itself"])
def test_a_project_file_that_is_not_a_file_does_not_lead_to_the_project_above(other: Path, kind: str) -> None:
    below = other / "below"
    below.mkdir()
    if kind == "folder":
        (below / FILE).mkdir()
    else:
        (below / FILE).symlink_to(FILE if kind == "link to itself" else "nowhere")
    for arguments in (["lint"], ["--project", ".", "lint"]):
        done = run(below, *arguments)
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr.startswith(f"error: {below / FILE} is not a file")


def test_choosing_a_project_holds_for_this_process_and_its_children(
    other: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, "")
    monkeypatch.chdir(other)
    project.choose(".")
    monkeypatch.chdir(ROOT)
    assert os.environ[VARIABLE] == str(other)
    assert project.current().folder == other


def test_the_settings_of_a_project_are_in_its_own_env_file(other: Path, tmp_path: Path) -> None:
    (other / ".env").write_text("KAFKA_TOPIC_PAYMENTS=pay.v1\nSTORE_PTH=x\n")
    below = other / "src"
    below.mkdir()
    done = run(below, "lint")
    assert done.returncode == 2
    assert f"{other / '.env'}, line 2: STORE_PTH is no setting" in done.stderr
    (tmp_path / ".env").write_text("STORE_PTH=x\n")  # not of any project
    assert run(tmp_path, "lint", "--explain", "docs-present").returncode == 0


def test_settings_are_loaded_for_a_project_that_is_given(other: Path) -> None:
    (other / ".env").write_text("KAFKA_TOPIC_PAYMENTS=pay.v1\nSTORE_PATH=here.sqlite\n")
    loaded = settings.load({}, project=Project.load(other))
    assert (loaded.project.folder, loaded.store_path) == (other, other / "here.sqlite")


# ---- what the file may say ---------------------------------------------------------------------


def test_every_key_has_a_default(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text("")
    found = Project.load(tmp_path)
    assert found.contracts == tmp_path / "schemas" / "catalog.toml"
    assert found.events is None
    assert found.lock == tmp_path / "registry" / "registry.lock.json"
    assert found.exemptions == tmp_path / "registry" / "exemptions.toml"
    assert found.envelope == ()
    assert found.co_partitioned == ()
    assert found.rules == {}


def test_paths_start_at_the_projects_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / FILE).write_text('lock = "a/lock.json"\nevents = "/b/events.py"\n')
    monkeypatch.chdir(tmp_path)
    found = Project.load(".")
    assert (found.lock, found.events) == (tmp_path / "a" / "lock.json", Path("/b/events.py"))


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("contracts = 3", "contracts is 3, expected a path"),
        ('contracts = ""', "contracts is '', expected a path"),
        (r'contracts = "a\u0000b"', r"contracts is 'a\x00b', expected a path"),
        ('events = "catalog.toml"', "events is 'catalog.toml', expected the path of a Python module, *.py"),
        ("events = 3", "events is 3, expected a path"),
        ('contract = "x"', "contract is no key of a project; did you mean contracts?"),
        ('zzz = "x"', "zzz is no key of a project; expected one of contracts, events, lock, "),
        ('envelope = "user_id"', "envelope is 'user_id', expected a list of field names"),
        ('envelope = ["user-id"]', "envelope has 'user-id', expected the name of a field"),
        ('envelope = ["a", "b", "a"]', "envelope has 'a' twice"),
        ("rules = true", "rules is True, expected a table"),
        ("co-partitioned = true", "co-partitioned is True, expected a list of groups of topics"),
        ('co-partitioned = ["a", "b"]', "co-partitioned has 'a', expected a list of two topics or more"),
        ('co-partitioned = [["a", "a"]]', "co-partitioned has ['a', 'a'], expected a list of two topics or more"),
        ('rules.names = "off"', """rules.names is 'off', expected true, false, "warning", "error" or a table of its"""),
        ("rules.names = 1", """rules.names is 1, expected true, false, "warning", "error" or a table of its options"""),
        ('rules.names.severity = "note"', "rules.names.severity is 'note', expected true, false, "),
        ("rules.names.words = 1", "rules.names.words is 1, expected a list of words"),
        ("contracts = ", "Invalid value (at "),
    ],
)
def test_an_entry_that_cannot_be_used_is_named(tmp_path: Path, content: str, expected: str) -> None:
    (tmp_path / FILE).write_text(content)
    with pytest.raises(ProjectError) as caught:
        Project.load(tmp_path)
    assert str(caught.value).startswith(f"{tmp_path / FILE}: {expected}")


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"lock = '\xff'")
    with pytest.raises(ProjectError, match=f"{tmp_path / FILE} cannot be read: it is not UTF-8"):
        Project.load(tmp_path)


@pytest.mark.parametrize("name", ["registry.lock.json", "exemptions.toml"])
def test_a_file_beside_the_contracts_that_belongs_elsewhere_is_reported(tmp_path: Path, name: str) -> None:
    (tmp_path / FILE).write_text('contracts = "schemas/catalog.toml"\n')
    (tmp_path / "schemas").mkdir()
    (tmp_path / "schemas" / name).write_text("")
    with pytest.raises(ProjectError) as caught:
        Project.load(tmp_path)
    assert str(caught.value).startswith(f"{tmp_path / 'schemas' / name}: belongs at {tmp_path / 'registry' / name}")
    assert "git mv" in str(caught.value)


def test_our_tests_contracts_are_a_project_of_their_own(tmp_path: Path) -> None:
    shutil.copytree(CONTRACTS.folder, tmp_path / "copy")
    assert "3 contracts, 0 findings" in run(tmp_path / "copy", "lint").stdout

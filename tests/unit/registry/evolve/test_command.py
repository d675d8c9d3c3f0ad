"""`tributary evolve`: exit codes, messages and formats, and files that stay as they are on a refusal."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
import pytest

from tests.support.contracts import NOWHERE, Contracts, field
from tributary.cli.main import main
from tributary.project import FILE
from tributary.registry import lock

ADD = ("purchases", "add-field", "items[].colour", "string", "--optional", "--doc", "Its colour.")


@attrs.frozen
class Result:
    code: int
    out: str
    err: str


Evolve = Callable[..., Result]


@pytest.fixture
def evolve(contracts: Contracts, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Evolve:
    """The command, on contracts of the test's own that are registered as they are."""
    monkeypatch.setenv("TRIBUTARY_PROJECT", str(contracts.folder))
    monkeypatch.setenv("SCHEMA_REGISTRY_URL", NOWHERE)
    monkeypatch.chdir(contracts.folder.parent)
    register(contracts)

    def run(*arguments: str) -> Result:
        try:
            code = main(["evolve", *arguments])
        except SystemExit as stop:
            code = int(stop.code or 0)
        out, err = capsys.readouterr()
        return Result(code, out, "".join(line for line in err.splitlines(True) if not line.startswith("using ")))

    return run


def register(contracts: Contracts) -> None:
    """One more version of every contract in the lock."""
    path = contracts.project.lock
    known = lock.load(path) or lock.Lock(lock.LOCAL)
    subjects = {}
    for topic in contracts.load().topics:
        versions = known.subjects[topic.subject].versions if topic.subject in known.subjects else ()
        version = lock.Version(len(versions) + 1, 0, topic.text)
        subjects[topic.subject] = lock.Subject(topic.compatibility, (*versions, version))
    lock.save(lock.Lock(lock.LOCAL, subjects), path)


def texts(contracts: Contracts) -> dict[str, str]:
    return {path.name: path.read_bytes().decode() for path in sorted(contracts.folder.rglob("*.avsc*"))}


def at_level(contracts: Contracts, level: str) -> None:
    path = contracts.folder / "catalog.toml"
    path.write_text(path.read_text().replace("FULL_TRANSITIVE", level))


# ---- written or not ----------------------------------------------------------------------------------


def test_an_edit_is_written_and_what_follows_is_said(contracts: Contracts, evolve: Evolve) -> None:
    result = evolve(*ADD)
    assert (result.code, result.err) == (0, "")
    assert result.out.splitlines() == [
        "purchases-value: v2 is compatible at FULL_TRANSITIVE",
        "    items[].colour: added: null or string, default null",
        "  deploy  either: consumers and producers of every version read each other",
        "schemas/purchases/purchase_completed.avsc: written",
        "next: tributary generate, then tributary check",
    ]
    items = field(contracts.load().topic("purchases").schema, "items")["type"]["items"]["fields"]
    assert items[-1] == {"name": "colour", "type": ["null", "string"], "default": None, "doc": "Its colour."}


REFUSED = [
    (("purchases", "widen", "items.quantity", "long"), "TYPE_MISMATCH"),
    (("purchases", "rename", "items.quantity", "pieces"), "add the new name next to the old"),
    (("purchases", "rename", "region", "area"), "rule envelope-present: Every event has the fields of the project"),
    (
        ("purchases", "add-field", "extra", "string", "--doc", "x"),
        "alternative: make it --optional, or give it a --def",
    ),
    ((*ADD[:4], "--optional", "--doc", ""), "rule docs-present: Every record, enum, fixed and field has a `doc`"),
    ((*ADD, "--default", '"red"'), "rule optional-null-first: An optional field is"),
    (("purchases", "add-field", "phone", "string", "--optional", "--doc", "x"), "rule personal-data-marked"),
    (("purchases", "add-symbol", "Segment", "gold"), "rule names"),
]


@pytest.mark.parametrize(("arguments", "words"), REFUSED)
def test_a_refusal_says_why_and_leaves_the_files_alone(
    contracts: Contracts, evolve: Evolve, arguments: tuple[str, ...], words: str
) -> None:
    before = texts(contracts)
    result = evolve(*arguments)
    assert (result.code, result.err) == (1, "")
    assert words in result.out
    assert result.out.endswith("refused; nothing was written\n")
    assert texts(contracts) == before


WRONG = [
    (("nowhere", "deprecate", "region", "--doc", "x"), "no subject 'nowhere'"),
    (
        ("purchases", "deprecate", "nowhere", "--doc", "x"),
        "purchase_completed.avsc: no field 'nowhere'; the fields are ",
    ),
    (("purchases", "widen", "region", "int"), "is string, which cannot be widened to int; Avro promotes it to bytes"),
    (("purchases", "widen", "region", "longer"), 'undefined name: "longer"'),
    (("purchases", "widen", "items", "long"), "field 'items' is array of record PurchaseItem, which cannot be widened"),
    ((*ADD[:3], "strng", "--doc", "x"), 'undefined name: "tributary.events.strng"'),
    ((*ADD[:3], '{"type":', "--doc", "x"), "is not JSON"),
    (
        (*ADD[:4], "--doc", "x", "--default", "3"),
        "invalid default for field colour of tributary.events.PurchaseItem: 3",
    ),
    ((*ADD[:4], "--doc", "x", "--default", "red"), """for a string, write '"red"'"""),
    ((*ADD, "--attribute", "pii"), "'pii' is not NAME=JSON"),
    (ADD[:4], "the following arguments are required: --doc"),
]


@pytest.mark.parametrize(("arguments", "words"), WRONG)
def test_what_cannot_be_made_is_wrong_usage(
    contracts: Contracts, evolve: Evolve, arguments: tuple[str, ...], words: str
) -> None:
    before = texts(contracts)
    result = evolve(*arguments)
    assert (result.code, result.out) == (2, "")
    assert words in result.err
    assert texts(contracts) == before


def test_attributes_and_defaults(contracts: Contracts, evolve: Evolve) -> None:
    extra = ("--default", "0", "--attribute", "minimum=0", "--attribute", 'unit="g"')
    assert evolve("user-events-value", "add-field", "weight", "int", "--doc", "In grams.", *extra).code == 0
    assert contracts.load().topic("user-events").schema["fields"][-1] == {
        "name": "weight",
        "type": "int",
        "default": 0,
        "doc": "In grams.",
        "minimum": 0,
        "unit": "g",
    }


def test_a_full_disk_is_a_failure(contracts: Contracts, evolve: Evolve, monkeypatch: pytest.MonkeyPatch) -> None:
    before = texts(contracts)

    def full(_: Path, __: bytes) -> int:
        raise OSError("no space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    result = evolve(*ADD)
    assert (result.code, result.err) == (1, "error: no space left on device; nothing was written\n")
    assert texts(contracts) == before


# ---- the formats -------------------------------------------------------------------------------------


@pytest.mark.parametrize("flags", ["before", "after"])
def test_a_dry_run_prints_a_diff_that_git_applies(contracts: Contracts, evolve: Evolve, flags: str) -> None:
    contract = contracts.load().topic("user-events").path
    contract.write_bytes(contract.read_bytes().rstrip())  # no line end at the end of the file
    before, edit = texts(contracts), ("add-symbol", "segment", "GOLD")
    result = evolve(*(("--dry-run", "purchases", *edit) if flags == "before" else ("purchases", *edit, "--dry-run")))
    assert result.code == 0
    assert "dry run; nothing was written" in result.out
    assert texts(contracts) == before
    subprocess.run(["git", "apply", "-"], input=result.out, text=True, check=True)
    applied = texts(contracts)
    for name, text in before.items():
        (contracts.folder / next(contracts.folder.rglob(name))).write_bytes(text.encode())
    assert evolve("purchases", *edit).code == 0
    assert texts(contracts) == applied != before


def document(result: Result) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(result.out)
    return content


def test_json_has_the_verdict_as_check_has_it(
    contracts: Contracts, evolve: Evolve, capsys: pytest.CaptureFixture[str]
) -> None:
    found = document(evolve("purchases", "add-symbol", "Segment", "GOLD", "--format", "json"))
    assert (found["allowed"], found["written"], found["passed"]) == (True, True, True)
    assert found["scope"].endswith("made in all of product-events, user-events, purchases or in none")
    assert [Path(name).name for name in found["files"]] == [t.path.name for t in contracts.load().topics]
    assert found["notes"] == ["consumers on an older version read GOLD as UNKNOWN, Segment's own default"]
    assert main(["check", "--format", "json"]) == 0
    assert found["subjects"] == json.loads(capsys.readouterr().out)["subjects"]


def test_json_of_a_refusal(evolve: Evolve) -> None:
    found = document(evolve("--format", "json", "purchases", "widen", "items.quantity", "long"))
    assert (found["allowed"], found["written"], found["passed"]) == (False, False, False)
    assert found["subjects"][0]["breaks"][0]["rule"] == "TYPE_MISMATCH"
    assert "quantity_long" in found["ways_around"][0]
    found = document(evolve("purchases", "rename", "region", "area", "--format", "json"))
    assert {finding["rule"] for finding in found["findings"]} == {"envelope-present"}
    assert (found["allowed"], found["passed"], found["subjects"]) == (False, False, [])


def test_an_edit_with_a_warning_is_written(contracts: Contracts, evolve: Evolve) -> None:
    file = contracts.folder / FILE
    file.write_text(file.read_text().replace("\nnames = true", '\nnames = "warning"'))
    found = document(
        evolve("purchases", "add-field", "Colour", "string", "--optional", "--doc", "C", "--format", "json")
    )
    assert (found["allowed"], found["written"], len(found["subjects"])) == (True, True, 1)
    assert [(finding["rule"], finding["severity"]) for finding in found["findings"]] == [("names", "warning")]


def test_markdown(evolve: Evolve) -> None:
    made = evolve(*ADD, "--format", "markdown")
    assert made.code == 0
    assert made.out.startswith("**Written**: `schemas/purchases/purchase_completed.avsc`\n\n### ✅ `purchases-value`")
    assert "```diff\n--- a/schemas/purchases/purchase_completed.avsc\n" in made.out
    refused = evolve("purchases", "rename", "items.quantity", "pieces", "--format", "markdown")
    assert refused.code == 1
    assert refused.out.startswith("**Refused, nothing written**")
    assert "**Breaks** `items[].quantity`" in refused.out
    assert "Alternative:\n\n```\nFULL_TRANSITIVE also covers" in refused.out


# ---- the ways around lead there ----------------------------------------------------------------------


def commands(result: Result) -> list[list[str]]:
    """The commands that a way around gives, as arguments of evolve."""
    lines = re.findall(r"^  tributary evolve (.*)$", result.out, re.MULTILINE)
    return [shlex.split(line, comments=True) for line in lines]


@pytest.mark.parametrize("level", ["FORWARD", "FORWARD_TRANSITIVE", "FULL", "FULL_TRANSITIVE"])
@pytest.mark.parametrize(
    "edit",
    [
        ("purchases", "rename", "items.quantity", "pieces"),
        ("purchases", "widen", "items.quantity", "long"),
        ("user-events", "rename", "action", "verb"),
        ("user-events", "widen", "quantity", "long"),
    ],
)
def test_the_commands_of_a_way_around_work(
    contracts: Contracts, evolve: Evolve, level: str, edit: tuple[str, ...]
) -> None:
    at_level(contracts, level)
    refused = evolve(*edit)
    assert refused.code == 1
    assert len(commands(refused)) == 2
    for command in commands(refused):
        made = evolve(*command)
        assert made.code == 0, made.out + made.err
        register(contracts)


def test_a_symbol_of_an_enum_without_a_default_is_carried_beside_it(contracts: Contracts, evolve: Evolve) -> None:
    contracts.edit("user-events", lambda schema: field(schema, "action")["type"].pop("default"))
    contracts.project.lock.unlink()
    register(contracts)
    refused = evolve("user-events", "add-symbol", "CartAction", "SAVE")
    assert refused.code == 1
    (command,) = commands(refused)
    assert evolve(*command).code == 0
    assert contracts.load().topic("user-events").schema["fields"][-1]["name"] == "action_text"


def test_help_says_what_each_edit_does(evolve: Evolve) -> None:
    assert "add-symbol" in evolve("--help").out
    for edit in ("add-field", "rename", "deprecate", "widen", "add-symbol"):
        result = evolve("purchases", edit, "--help")
        assert result.code == 0
        assert "--dry-run" in result.out and "exit codes: 0 success" in result.out

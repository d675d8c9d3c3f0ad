"""Edits to our contracts: the page that shows them is what check says, and what check says is what data does."""

from __future__ import annotations

import json
from typing import Any

import attrs
import pytest

from tests.support.avro import reading
from tests.support.avro.outcomes import outcome
from tests.support.contracts import Contracts
from tests.support.variables import use
from tools import edits
from tools.edit_cases import EDITS, Case
from tributary.avro.parser import parse
from tributary.cli.main import main
from tributary.registry import lock
from tributary.registry.compatibility import incompatibilities
from tributary.registry.render import checks

CASES = [pytest.param(case, id=f"{case.topic}: {case.name}") for cases in EDITS.values() for case in cases]


def test_the_page_is_up_to_date() -> None:
    assert len(CASES) >= 40
    written = edits.DOCUMENT.read_text(encoding="utf-8") if edits.DOCUMENT.exists() else ""
    assert written == edits.document(), f"{edits.DOCUMENT.name} is out of date; run: {edits.COMMAND}"


def test_the_page_has_what_the_command_says(
    contracts: Contracts, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (case,) = [case for case in EDITS["Names"] if case.name == "rename an optional field"]
    before = contracts.load()
    versions = {t.subject: lock.Subject(t.compatibility, (lock.Version(1, 1, t.text),)) for t in before.topics}
    lock.save(lock.Lock("local", versions), contracts.folder / "lock.json")
    contracts.edit(case.topic, case.edit)
    use(monkeypatch, attrs.evolve(contracts.settings, lock_path=contracts.folder / "lock.json"))
    assert main(["check", "--format", "json"]) == 0
    (said,) = [one for one in json.loads(capsys.readouterr().out)["subjects"] if one["topic"] == case.topic]
    shown = json.loads(json.dumps(checks.subject(edits.checked(case)["FULL_TRANSITIVE"])))
    assert {**said, "file": ""} == {**shown, "file": ""}


@pytest.mark.parametrize("case", CASES)
def test_data_says_the_same(case: Case) -> None:
    candidate, check = edits.candidate(case), edits.checked(case)["FULL_TRANSITIVE"]
    refused = {(number, one.direction) for one in check.breaks for number in one.versions}
    for number, version in enumerate(edits.registered(case), 1):
        for direction, pair in {"backward": (candidate, version), "forward": (version, candidate)}.items():
            reasons = incompatibilities(*(parse(json.dumps(schema)) for schema in pair))
            assert bool(reasons) == ((number, direction) in refused)
            outcome(*pair, reasons)


SHOWN: list[tuple[str, str, dict[str, Any], dict[str, Any]]] = [
    ("remove a symbol", "backward", {"action": "REMOVE"}, {"action": "UNKNOWN"}),
    ("add a symbol", "forward", {"action": "CLEAR"}, {"action": "UNKNOWN"}),
    ("remove an optional field", "forward", {}, {"category": None}),
    ("rename an optional field", "backward", {"category": "books"}, {"shelf": None}),
    ("rename an optional field, with an alias", "backward", {"category": "books"}, {"shelf": "books"}),
    ("rename an optional field, with an alias", "forward", {"shelf": "books"}, {"category": None}),
    ("add a field with a default that looks like a value", "backward", {}, {"position": 0}),
    ("long → double", "backward", {"price_minor": 2**53 + 1}, {"price_minor": 2.0**53}),
    ("reuse a removed name with another meaning", "backward", {"note": "leave it"}, {"note": "leave it"}),
]


@pytest.mark.parametrize(("name", "direction", "written", "read"), SHOWN)
def test_data_shows_what_does_not_survive(
    name: str, direction: str, written: dict[str, Any], read: dict[str, Any]
) -> None:
    (case,) = [case for cases in EDITS.values() for case in cases if case.name == name]
    version = edits.registered(case)[1 if case.then else 0]
    pair = (edits.candidate(case), version)
    reader, writer = pair if direction == "backward" else reversed(pair)
    datum = reading.visiting(writer)[0] | written
    found = reading.read(reader, writer, reading.written(writer, datum))
    assert {name: found[name] for name in read} == read

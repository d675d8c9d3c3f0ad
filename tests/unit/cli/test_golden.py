"""What each command prints, in each format, is what the files in `golden/` hold.

After an intended change, write them again and read their diff:

    WRITE_GOLDEN=1 .venv/bin/pytest -q tests/unit/cli/test_golden.py

A file is named after the case and its format. The keys of the JSON documents are stable: they may grow, not change.
"""

from __future__ import annotations

import io
import json
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import attrs
import fastavro
import pytest

from tests.support.contracts import Contracts, field
from tests.support.registry.commands import Commands
from tributary import project
from tributary.cli.output import show
from tributary.cli.records import census
from tributary.project import Project
from tributary.registry import lock
from tributary.registry.apply import plan
from tributary.registry.apply.unknown import Unknown
from tributary.registry.client import RegistryClient
from tributary.registry.finding import Finding
from tributary.registry.records.census import Census, IdCount, IdUse, RecordPosition
from tributary.registry.render import plans
from tributary.registry.steps import Done, Incomplete, Step
from tributary.registry.testing import TestRegistry, serve

GOLDEN = Path(__file__).parent / "golden"
ENDINGS = {"text": "txt", "json": "json", "markdown": "md", "sarif": "sarif", "junit": "xml"}
PLAIN = ("text", "json", "markdown")
ALL = tuple(ENDINGS)


@pytest.fixture(scope="module")
def server() -> Iterator[TestRegistry]:
    with serve() as registry:
        yield registry


@pytest.fixture
def clean(contracts: Contracts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Contracts:
    """Contracts in `schemas/`, of which the lock has the second version; the first had a field more."""
    monkeypatch.chdir(tmp_path)
    subjects = {}
    for number, topic in enumerate(contracts.load().topics, 1):
        older = json.loads(topic.text)
        older["fields"].append({"name": "old", "type": ["null", "string"], "default": None, "doc": "Of old."})
        older["fields"][0]["doc"] = "As it was."
        versions = (
            lock.Version(1, number, json.dumps(older)),
            lock.Version(2, 10 + number, topic.text),
        )
        subjects[topic.subject] = lock.Subject(topic.compatibility, versions)
    path = tmp_path / "lock.json"
    lock.save(lock.Lock("local", subjects), path)
    return contracts.with_settings(attrs.evolve(contracts.settings, lock_path=path))


@pytest.fixture
def broken(clean: Contracts) -> Contracts:
    """One contract breaks its level and lint rules, one has a danger and a note, one only another doc."""

    def breaks(schema: dict[str, Any]) -> None:
        schema["fields"].append({"name": "Extra", "type": "string"})
        field(schema, "segment")["doc"] = "Another."

    def dangers(schema: dict[str, Any]) -> None:
        field(schema, "user_id")["pattern"] = "^u"
        schema["fields"].append({"name": "colour", "type": "string", "default": "red", "doc": "A | b <c>."})

    clean.edit("user-events", breaks)
    clean.edit("product-events", dangers)
    clean.edit("purchases", lambda schema: field(schema, "order_id").update(doc="A *star*."))
    return clean


@pytest.fixture
def warned(clean: Contracts) -> Contracts:
    """A field has no doc, and in this project that is a warning."""
    file = clean.folder / project.FILE
    file.write_text(file.read_text().replace("docs-present = true", 'docs-present = "warning"'))
    clean.edit("user-events", lambda schema: field(schema, "quantity").update(doc=""))
    return clean.with_settings(attrs.evolve(clean.settings, project=Project.load(clean.folder)))


@pytest.fixture
def unreadable(clean: Contracts) -> Contracts:
    """One contract is no JSON."""
    clean.load().topic("purchases").path.write_text("{")
    return clean


@pytest.fixture
def registered(clean: Contracts, server: TestRegistry) -> Contracts:
    """A registry that has what the lock has, and of one subject a version more."""
    server.reset()
    clean = clean.with_settings(attrs.evolve(clean.settings, registry_url=server.url))
    client = RegistryClient(server.url)
    known = lock.load(clean.settings.lock_path)
    assert known is not None
    versions = sorted((v.id, name, v.schema) for name, one in known.subjects.items() for v in one.versions)
    for _, name, schema in versions:
        client.set_level(name, "NONE")
        client.register(name, schema)
    clean.edit("purchases", lambda schema: field(schema, "order_id").update(doc="Newer."))
    topic = clean.load().topic("purchases")
    client.register(topic.subject, topic.text)
    for name, one in known.subjects.items():
        client.set_level(name, one.level)
    topic.path.write_text(known.subjects[topic.subject].versions[-1].schema)
    return clean


@pytest.fixture
def agreed(registered: Contracts) -> Contracts:
    """The same, with a lock and contracts that have all of it."""
    client = RegistryClient(registered.settings.registry_url)
    subjects = {
        topic.subject: lock.Subject(topic.compatibility, tuple(client.versions(topic.subject)))
        for topic in registered.load().topics
    }
    lock.save(lock.Lock("local", subjects), registered.settings.lock_path)
    for topic in registered.load().topics:
        topic.path.write_text(subjects[topic.subject].versions[-1].schema)
    return registered


@pytest.fixture
def exported(agreed: Contracts, commands: RunOn) -> Contracts:
    """An export in `all.json` of what the registry has."""
    assert commands(agreed, "export --output all.json")[0] == 0
    return agreed


@pytest.fixture
def emptied(exported: Contracts, server: TestRegistry) -> Contracts:
    """The same, and the registry is empty."""
    server.reset()
    return exported


@pytest.fixture
def occupied(emptied: Contracts) -> Contracts:
    """The same, and the registry has other content in one place."""
    RegistryClient(emptied.settings.registry_url).register("purchases-value", '"string"')
    return emptied


@pytest.fixture
def records(clean: Contracts, tmp_path: Path) -> Contracts:
    """Files of records: of both versions, one that is damaged, one of an unknown id, and one without an id."""
    known = lock.load(clean.settings.lock_path)
    assert known is not None
    for contract in ("product-events", "user-events"):
        folder = tmp_path / "records" / contract
        folder.mkdir(parents=True)
        for version in known.subjects[f"{contract}-value"].versions:
            schema = fastavro.parse_schema(json.loads(version.schema))
            body = io.BytesIO()
            fastavro.schemaless_writer(body, schema, EVENT)
            (folder / f"v{version.version}").write_bytes(frame(version.id, body.getvalue()))
    folder = tmp_path / "records" / "product-events"
    (folder / "v1").unlink()
    folder = tmp_path / "records" / "user-events"
    (folder / "damaged").write_bytes(frame(12, b"\x04"))
    (folder / "unknown").write_bytes(frame(99, b""))
    (folder / "text").write_bytes(b"{}")
    return clean


EVENT = {
    "old": "gone",
    "event_id": "00000000-0000-4000-8000-000000000001",
    "occurred_at": 1_700_000_000_000,
    "user_id": "u1",
    "session_id": "s1",
    "segment": "NEW",
    "region": "eu-west",
    "action": "ADD",
    "product_id": "p1",
    "category": "shoes",
    "quantity": 1,
    "price_minor": 1999,
    "currency": "EUR",
}


def frame(schema_id: int, body: bytes) -> bytes:
    """A message's value in Confluent's wire format."""
    return b"\0" + schema_id.to_bytes(4, "big") + body


RunOn = Callable[[Contracts, str], tuple[int, str]]


@pytest.fixture
def commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> RunOn:
    """Runs a command on contracts: the exit code, and standard output without the registry's port and the folder."""

    def run(contracts: Contracts, command: str) -> tuple[int, str]:
        code, out, _ = Commands(contracts, monkeypatch, capsys).apart(*command.split())
        return code, re.sub(r"http://127\.0\.0\.1:\d+", "http://registry", out).replace(f"{tmp_path}/", "")

    return run


@attrs.frozen
class Case:
    """One command on one fixture's contracts."""

    name: str
    world: str
    command: str
    code: int
    formats: tuple[str, ...] = PLAIN


CASES = [
    Case("lint-none", "clean", "lint", 0, ALL),
    Case("lint", "broken", "lint", 1, ALL),
    Case("lint-warning", "warned", "lint", 0, ALL),
    Case("lint-unreadable", "unreadable", "lint", 1, ALL),
    Case("lint-explain", "clean", "lint --explain docs-present", 0),
    Case("lint-explain-options", "warned", "lint --explain money-with-currency", 0),
    Case("check-none", "clean", "check --allow-unknown", 0, ALL),
    Case("check", "broken", "check", 1, ALL),
    Case("check-unreadable", "unreadable", "check --allow-unknown", 1, ALL),
    Case("check-unknown", "registered", "check", 1, ALL),
    Case("history", "clean", "history purchases", 0),
    Case("diff", "broken", "diff user-events v2 working", 0),
    Case("diff-none", "clean", "diff user-events v2 working", 0),
    Case("docs", "broken", "docs", 0),
    Case("docs-output", "clean", "docs --output out", 0),
    Case("evolve", "clean", "evolve purchases add-field colour string --optional --doc C --dry-run", 0),
    Case("evolve-refused", "clean", "evolve purchases widen items.quantity long", 1),
    Case("evolve-lint", "clean", "evolve purchases rename region area", 1),
    Case("prove", "records", "prove user-events --fixtures records", 1, ALL),
    Case("prove-none", "records", "prove product-events --fixtures records", 0, ALL),
    Case("plan-refused", "broken", "plan", 1),
    Case("apply-refused", "broken", "apply", 1),
    Case("drift", "registered", "drift", 3, ALL),
    Case("drift-none", "agreed", "drift", 0, ALL),
    Case("pull", "registered", "pull", 0),
    Case("pull-none", "agreed", "pull", 0),
    Case("export", "agreed", "export --output all.json", 0),
    Case("import-none", "exported", "import all.json", 0),
    Case("import-dry", "emptied", "import all.json --dry-run", 0),
    Case("import", "emptied", "import all.json", 0),
    Case("import-refused", "occupied", "import all.json", 1),
]


@pytest.mark.parametrize(
    ("case", "form"),
    [pytest.param(case, form, id=f"{case.name}-{form}") for case in CASES for form in case.formats],
)
def test_a_command_prints_what_its_golden_file_holds(
    case: Case, form: str, request: pytest.FixtureRequest, commands: RunOn
) -> None:
    contracts: Contracts = request.getfixturevalue(case.world)
    code, printed = commands(contracts, f"{case.command} --format {form}")
    assert code == case.code
    compare(case.name, form, printed)


def compare(name: str, form: str, printed: str) -> None:
    """Compare with the golden file, or write it."""
    file = GOLDEN / f"{name}.{ENDINGS[form]}"
    if os.environ.get("WRITE_GOLDEN"):
        file.write_text(printed)
    assert printed == file.read_text()


def test_no_golden_file_is_left_over() -> None:
    expected = {f"{case.name}.{ENDINGS[form]}" for case in CASES for form in case.formats}
    expected |= {f"{name}.{ENDINGS[form]}" for name in BUILT for form in PLAIN}
    assert {file.name for file in GOLDEN.iterdir()} == expected


# ---- what only commands that need a broker print, from models ----------------------------------------

STEPS = (
    Step("create", "topic a", "6 partitions", lambda: ""),
    Step("change", "subject b", "level *NONE*", lambda: ""),
    Step("leave", "subject c", "is up to date"),
    Step("explain", "subject d", "has an | older version"),
)
PLAN = plan.Plan(STEPS, (), (), ())
DONE = (Done(STEPS[0], "created"), Done(STEPS[1], "changed"))
FIRST, LAST = RecordPosition(0, 7, 1_700_000_000_123), RecordPosition(5, 1_234, -1)
CENSUS = Census(
    "purchases",
    "purchases-value",
    (
        IdCount(1, 1, None, 0, True, "no record has it"),
        IdCount(2, 2, IdUse(12_345, FIRST, LAST), 1, False, "records need it"),
        IdCount(9, None, IdUse(1, FIRST, FIRST), 0, False, "not a version of purchases-value"),
    ),
    {"the value is empty": 2},
)
UNKNOWN = (Unknown("a-value", ("v2 (id 4): coupon added: string",), ("coupon removed: string",)),)
WARNED = (Finding("docs-present", "a", Path("a.avsc"), 3, "f", "field f has no doc", "add one", severity="warning"),)
PLANS = plans.text, plans.document, plans.markdown
APPLIED = plans.applied_text, plans.applied_document, plans.applied_markdown
FAILED = plans.failed_text, plans.failed_document, plans.failed_markdown
BUILT: dict[str, tuple[tuple[Callable[[Any], Any], ...], Any]] = {
    "plan": (PLANS, PLAN),
    "plan-unknown": (PLANS, plan.Plan(STEPS, (), (), ("the registry refuses",), UNKNOWN)),
    "apply": (APPLIED, plan.Applied(PLAN, DONE, Path("lock.json"), True)),
    "apply-none": (APPLIED, plan.Applied(plan.Plan(STEPS[2:3], (), (), ()), (), Path("lock.json"), False)),
    "plan-warning": (PLANS, plan.Plan(STEPS, WARNED, (), ())),
    "apply-warning": (APPLIED, plan.Applied(plan.Plan(STEPS, WARNED, (), ()), DONE, Path("lock.json"), True)),
    "apply-failed": (FAILED, Incomplete(DONE[:1], STEPS[1], STEPS[2:], "the registry *fell* over")),
    "census": ((census.text, census.document, census.markdown), CENSUS),
}


@pytest.mark.parametrize("name", BUILT)
def test_a_model_is_printed_as_its_golden_file_holds_it(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    (text, document, markdown), model = BUILT[name]
    for form in PLAIN:
        show(form, model, text=text, json=document, markdown=markdown)
        compare(name, form, capsys.readouterr().out)

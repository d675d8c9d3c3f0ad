"""Contracts as people write them: every command and codec takes them, or names the file and what is wrong."""

from __future__ import annotations

import json
import types
from pathlib import Path
from typing import Any

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.avro import avro_data
from tests.support.contracts import Contracts
from tests.support.registry.styles import STYLES
from tests.support.variables import use
from tributary import catalog
from tributary.avro import codegen, naming, wire
from tributary.avro.columns.reader import ColumnReader
from tributary.avro.rows.decoder import decoder
from tributary.avro.rows.encoder import EncodeError, encoder
from tributary.cli.main import main
from tributary.cli.output import FORMATS
from tributary.registry import lock

COMMANDS = [
    "lint",
    "check --allow-unknown",
    "history style",
    "diff style v1 working",
    "docs",
    "prove style --fixtures {fixtures}",
]
EDITS = [
    "add-field extra long --optional --doc More",
    "add-field extra string --default null --doc More",
    "deprecate {field} --doc Gone",
    "rename {field} other_name",
    "widen {field} double",
    "add-symbol {field} MORE",
]


@pytest.fixture
def world(contracts: Contracts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Contracts:
    mine = contracts.with_settings(attrs.evolve(contracts.settings, lock_path=tmp_path / "lock.json"))
    use(monkeypatch, mine.settings)
    return mine


def shorter(schema: Any) -> Any:
    """The schema as it may have begun: with its first fields."""
    return schema | {"fields": schema["fields"][: len(schema["fields"]) // 2]}


@attrs.frozen
class Bench:
    """A contract in some style, and the records and registered versions of it."""

    contracts: Contracts
    schema: Any
    capsys: pytest.CaptureFixture[str]

    def register(self, *schemas: Any) -> None:
        versions = tuple(lock.Version(n, 7 + n, json.dumps(schema)) for n, schema in enumerate(schemas, 1))
        subjects = {
            topic.subject: lock.Subject("FULL_TRANSITIVE", (lock.Version(1, number, topic.text),))
            for number, topic in enumerate(self.contracts.load().topics)
        }
        known = lock.Lock("local", subjects | {"style-value": lock.Subject("FULL_TRANSITIVE", versions)})
        lock.save(known, self.contracts.settings.lock_path)

    def run(self, name: str, *arguments: str) -> None:
        """Run a command, which may refuse the contract, but then names its file or the field."""
        (self.contracts.folder / "style.avsc").write_text(json.dumps(self.schema, indent=2))
        assert main([name, *arguments]) in (0, 1, 2)
        errors = [line for line in self.capsys.readouterr().err.splitlines() if line.startswith("error: ")]
        assert all("style.avsc" in line or "field " in line for line in errors), errors


@pytest.fixture(params=STYLES)
def bench(request: pytest.FixtureRequest, world: Contracts, capsys: pytest.CaptureFixture[str]) -> Bench:
    world.add("style", STYLES[request.param])
    return Bench(world, STYLES[request.param], capsys)


def test_every_command_takes_it_or_says_what_is_wrong_with_it(bench: Bench, tmp_path: Path) -> None:
    fixtures = tmp_path / "fixtures"
    (fixtures / "style").mkdir(parents=True)
    for schema_id in (8, 9, 10):
        (fixtures / "style" / str(schema_id)).write_bytes(wire.frame(schema_id, b"\0" * 100))
    for versions in ([shorter(bench.schema)], [shorter(bench.schema), bench.schema]):
        bench.register(*versions)
        for command in COMMANDS:
            name, *arguments = command.format(fixtures=fixtures).split()
            for format in FORMATS:
                bench.run(name, "--format", format, *arguments)


def test_every_edit_takes_it_or_says_what_is_wrong_with_it(bench: Bench) -> None:
    bench.register(bench.schema)
    for edit in EDITS:
        for field in bench.schema["fields"] if "{field}" in edit else [{"name": ""}]:
            bench.run("evolve", "style", *edit.format(field=field["name"]).split())


@pytest.mark.parametrize("style", STYLES)
@settings(max_examples=25)
@given(data=st.data())
def test_every_value_of_it_is_read(style: str, data: st.DataObject) -> None:
    schema = STYLES[style]
    bodies = data.draw(st.lists(avro_data.bodies(schema), min_size=1, max_size=5))
    decode, encode = decoder(schema), encoder(schema, keys=True)
    for body in bodies:
        try:
            encoded = encode(decode(body))
        except EncodeError as error:
            assert "expected a Decimal of up to 1" in str(error)  # of random bytes
        else:
            assert decode(encoded) == decode(body)
    names = [field["name"] for field in schema["fields"]]
    reading = ColumnReader(schema, names, lambda _: json.dumps(schema)).read([wire.frame(1, body) for body in bodies])
    assert reading.failures == {}
    assert sum(batch.rows for batch in reading.batches) == len(bodies)


@pytest.mark.parametrize("style", STYLES)
def test_its_classes_import(style: str, contracts: Contracts) -> None:
    topic = contracts.add("style", STYLES[style]).topic("style")
    module = types.ModuleType("generated")
    source = codegen.events(catalog.Catalog((topic,), contracts.load().dead_letters))
    exec(compile(source, "generated", "exec"), vars(module))
    assert [*attrs.fields_dict(getattr(module, topic.event))] == [
        naming.attribute(field["name"]) for field in topic.schema["fields"]
    ]

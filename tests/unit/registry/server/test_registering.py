"""What a registration costs, counted in work and not in time, and what it must not make others wait for."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.avro.equality import same
from tests.support.avro.version_data import first_versions, next_versions
from tools.conformance import Client
from tributary.avro import parser
from tributary.avro.fingerprint import fingerprint
from tributary.avro.parser import parse
from tributary.avro.schema import Schema, SchemaError
from tributary.registry.compatibility import incompatibilities
from tributary.registry.server import registering
from tributary.registry.server.schemas import messages, shapes
from tributary.registry.server.store import Store
from tributary.registry.testing import TestRegistry, serve


def schema(number: int, fields: int = 4) -> str:
    """Version `number` of a record: its last field is a new one, and each doc changes."""
    doc = f"as of version {number}"
    shared = [{"name": f"f{n}", "type": ["null", "string"], "default": None, "doc": doc} for n in range(fields)]
    return json.dumps(
        {"type": "record", "name": "R", "fields": [*shared, {"name": f"new{number}", "type": "int", "default": 0}]}
    )


def register(client: Client, text: str, subject: str = "s") -> dict[str, Any]:
    status, answer = client("POST", f"/subjects/{subject}/versions", {"schema": text})
    assert status == 200, answer
    return dict(answer)


@pytest.fixture
def work(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often schemas were parsed and compared."""
    done: Counter[str] = Counter()

    def counted_parse(*args: Any, **named: Any) -> Schema:
        done["parsed"] += 1
        return parse(*args, **named)

    def counted_fingerprint(*args: Any, **named: Any) -> str:
        done["compared"] += 1
        return fingerprint(*args, **named)

    def counted_check(*args: Any) -> Any:
        done["checked"] += 1
        return incompatibilities(*args)

    monkeypatch.setattr(parser, "parse", counted_parse)
    monkeypatch.setattr(registering, "fingerprint", counted_fingerprint)
    monkeypatch.setattr(messages, "incompatibilities", counted_check)
    return done


def cost(client: Client, work: Counter[str], number: int) -> Counter[str]:
    work.clear()
    assert register(client, schema(number))["version"] == number
    return Counter(work)


def test_a_registration_costs_the_same_at_version_300_as_at_version_10(work: Counter[str], tmp_path: Path) -> None:
    with serve(tmp_path) as registry:
        client = Client(registry.url)
        costs = {number: cost(client, work, number) for number in range(1, 301)}
    assert costs[10]["parsed"] <= 3
    assert costs[10]["checked"] == 1
    assert costs[300] == costs[10]
    with serve(tmp_path) as registry:  # after a restart as well
        assert cost(Client(registry.url), work, 301)["parsed"] <= 4


@pytest.mark.parametrize("level", ["BACKWARD_TRANSITIVE", "FORWARD_TRANSITIVE", "FULL_TRANSITIVE"])
def test_a_transitive_level_compares_no_version_twice(work: Counter[str], level: str) -> None:
    with serve() as registry:
        client = Client(registry.url)
        client("PUT", "/config", {"compatibility": level})
        costs = {number: cost(client, work, number) for number in range(1, 151)}
        assert costs[150]["parsed"] <= 3
        assert costs[150]["checked"] == 0
        broken = schema(5).replace('"int", "default": 0', '"string", "default": ""')
        assert client("POST", "/subjects/s/versions", {"schema": broken})[1]["error_code"] == 40901


@given(st.data())
@settings(max_examples=300, deadline=None)
def test_a_shape_that_reads_is_compatible(data: st.DataObject) -> None:
    text = data.draw(first_versions())
    one, other = parse(json.dumps(text)), parse(json.dumps(data.draw(next_versions(text))))
    for reader, writer in ((one, other), (other, one), (one, one)):
        ours, theirs = shapes.shape(reader), shapes.shape(writer)
        if ours is not None and theirs is not None and shapes.reads(ours, theirs):
            assert incompatibilities(reader, writer) == []


def test_what_is_registered_is_found_without_a_search(work: Counter[str]) -> None:
    with serve() as registry:
        client = Client(registry.url)
        for number in range(1, 101):
            register(client, schema(number))
        spaced = json.dumps(json.loads(schema(3)), indent=4)
        work.clear()
        assert register(client, spaced)["version"] == 3
        assert client("POST", "/subjects/s", {"schema": json.dumps(json.loads(schema(4)), indent=4)})[1]["version"] == 4
        assert work["parsed"] <= 4
        assert work["compared"] <= 2


def test_reads_and_known_schemas_do_not_wait_for_a_change() -> None:
    with serve() as registry:
        client = Client(registry.url)
        register(client, schema(1))
        with committing(registry):
            assert client("GET", "/subjects/s/versions")[1] == [1]
            assert client("GET", "/schemas/ids/1")[0] == 200
            assert client("POST", "/subjects/s", {"schema": schema(1)})[1]["version"] == 1
            assert client("POST", "/compatibility/subjects/s/versions/latest", {"schema": schema(2)})[0] == 200
            assert register(client, schema(1))["version"] == 1
            assert client("POST", "/subjects/s/versions", {"schema": '"int"'})[0] == 409
        assert register(client, schema(2))["version"] == 2


def committing(registry: TestRegistry) -> AbstractContextManager[bool]:
    """As while a change waits for the disk."""
    lock: AbstractContextManager[bool] = registry._app.state.api._committing
    return lock


@st.composite
def _texts(draw: st.DrawFn) -> tuple[str, str]:
    """Two schemas, made of the same few parts so that they are often equal, with their names in several places."""

    def named(kind: str, **more: Any) -> dict[str, Any]:
        doc = draw(st.sampled_from([{}, {"doc": "a"}, {"doc": "b"}]))
        aliases = draw(st.sampled_from([{}, {"aliases": ["A", "B"]}, {"aliases": ["B", "A"]}]))
        return {"type": kind, "name": kind.title(), **doc, **aliases, **more}

    def leaf() -> Any:
        return draw(
            st.sampled_from(
                [
                    "int",
                    {"type": "int"},
                    {"type": "int", "x": 1},
                    {"type": "int", "x": 1.0},
                    {"type": "int", "x": {"b": 1, "a": 2}},
                    {"type": "int", "x": {"a": 2, "b": 1}},
                    {"type": "array", "items": "int"},
                    ["null", "int"],
                    ["int", "null"],
                    "Record",
                ]
            )
        )

    def text() -> str:
        kinds = st.sampled_from(["enum", "fixed", "leaf"])
        fields = []
        for number in range(draw(st.integers(1, 3))):
            kind = draw(kinds) if number == 0 else "leaf"
            inner = {
                "enum": lambda: named("enum", symbols=draw(st.sampled_from([["A"], ["A", "B"], ["B", "A"]]))),
                "fixed": lambda: named("fixed", size=draw(st.integers(1, 2))),
                "leaf": leaf,
            }[kind]()
            order = draw(st.sampled_from([{}, {}, {"order": "ignore"}]))
            fields.append({"name": f"f{number}", "type": inner, **order})
        return json.dumps(named("record", fields=fields))

    return text(), text()


@given(_texts())
@settings(max_examples=400, deadline=None)
def test_fingerprints_are_equal_if_the_schemas_are(texts: tuple[str, str]) -> None:
    try:
        one, other = (parse(text) for text in texts)
    except SchemaError:
        return
    for docs in (True, False):
        assert (fingerprint(one, docs=docs) == fingerprint(other, docs=docs)) == same(one, other, docs=docs)


def test_an_older_file_gets_its_fingerprints(tmp_path: Path) -> None:
    with serve(tmp_path) as registry:
        client = Client(registry.url)
        register(client, '{"type":"fixed","name":"F","size":1}', "f")
        order = '{"type":"record","name":"O","fields":[{"name":"f","type":"F"}]}'
        references = [{"name": "F", "subject": "f", "version": 1}]
        assert client("POST", "/subjects/s/versions", {"schema": order, "references": references})[0] == 200
        for number in range(1, 4):
            register(client, schema(number), "t")
    path = tmp_path / "registry.sqlite"
    before = Store(path)
    kept = before.state
    before.close()
    database = sqlite3.connect(path)
    database.executescript("ALTER TABLE versions DROP COLUMN meaning")
    database.close()
    after = Store(path)
    assert after.state.by_meaning == kept.by_meaning
    assert list(after.state.all()) == list(kept.all())
    after.close()

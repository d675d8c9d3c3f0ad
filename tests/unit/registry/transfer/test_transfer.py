"""Export and import: what one registry has is in another afterwards, number by number and id by id."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from pathlib import Path
from threading import Event
from typing import Any
from urllib.parse import quote

import attrs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.variables import use
from tools.conformance import Client
from tributary.cli.main import main
from tributary.registry.client import RegistryUnavailable
from tributary.registry.client.requests import Requests
from tributary.registry.steps import Incomplete
from tributary.registry.testing import TestRegistry, serve
from tributary.registry.transfer import archive, differing, exporting, importing
from tributary.registry.transfer.archive import Archive
from tributary.registry.transfer.client import TransferClient
from tributary.settings import Settings

SUBJECTS = ("orders-value", "views-value", ":.staging:orders-value", "odd/ näme: here")
LEVELS = ("NONE", "FULL", "BACKWARD_TRANSITIVE")


@pytest.fixture(scope="module")
def servers() -> Iterator[tuple[TestRegistry, TestRegistry]]:
    with serve() as source, serve() as target:
        yield source, target


@attrs.frozen
class Pair:
    """Two empty registries."""

    source: TransferClient
    target: TransferClient
    here: Client
    """The plain requests to the source."""
    there: Client

    def archive(self) -> Archive:
        """What is in the source."""
        return exporting.export(self.source)

    def job(self, wanted: Archive) -> importing.Import:
        difference = differing.compare(wanted, exporting.export(self.target))
        assert difference.conflicts == ()
        return importing.Import(wanted, difference, self.target)

    def bring(self, wanted: Archive) -> list[str]:
        """Import into the target; returns what was done."""
        return [done.text for done in self.job(wanted).run(Event())]

    def conflicts(self, wanted: Archive) -> tuple[str, ...]:
        return differing.compare(wanted, exporting.export(self.target)).conflicts


@pytest.fixture
def pair(servers: tuple[TestRegistry, TestRegistry]) -> Pair:
    return empty_pair(servers)


def empty_pair(servers: tuple[TestRegistry, TestRegistry]) -> Pair:
    urls = [server.url for server in servers]
    for server in servers:
        server.reset()
    return Pair(*map(TransferClient, urls), *map(Client, urls))


def record(name: str, *fields: tuple[str, Any]) -> str:
    return json.dumps({"type": "record", "name": name, "fields": [{"name": n, "type": t} for n, t in fields]})


def put(client: Client, subject: str, schema: str, **more: Any) -> Any:
    status, answer = client("POST", f"/subjects/{quote(subject, safe='')}/versions", {"schema": schema, **more})
    assert status == 200, answer
    return answer


def ask(client: Client, method: str, path: str, body: Any = None) -> Any:
    status, answer = client(method, path, body)
    assert status == 200, (path, answer)
    return answer


def mode_of(client: Client, subject: str) -> Any:
    return client("GET", f"/mode/{quote(subject, safe='')}")[1].get("mode")


# ---- the round trip -----------------------------------------------------------------------------

_subject = st.sampled_from(SUBJECTS)
_number = st.integers(1, 4)
_operations = st.one_of(
    st.tuples(st.just("register"), _subject, st.integers(0, 3), st.booleans()),
    st.tuples(st.just("register"), _subject, st.integers(0, 3), st.booleans()),
    st.tuples(st.just("refer"), _subject, _subject, _number),
    st.tuples(st.just("delete"), _subject, _number, st.booleans()),
    st.tuples(
        st.just("config"), st.sampled_from((*SUBJECTS, ":.staging:", "")), st.sampled_from(LEVELS), st.booleans()
    ),
    st.tuples(
        st.just("mode"), st.sampled_from((*SUBJECTS, ":.staging:", "")), st.sampled_from(("READONLY", "READWRITE"))
    ),
)


def apply(client: Client, operation: tuple[Any, ...]) -> None:
    """Do one thing to a registry; it may well refuse."""
    kind, scope, *rest = operation
    subject = quote(scope, safe="")
    if kind == "register":
        schema, owned = rest
        metadata = {"metadata": {"properties": {"owner": "shop"}, "tags": {"R.a": ["PII"]}}} if owned else {}
        client(
            "POST",
            f"/subjects/{subject}/versions",
            {"schema": record("R", *[("abc"[n], "int") for n in range(schema)]), **metadata},
        )
    elif kind == "refer":
        to, number = rest
        name = f"User{number}"
        reference = {"name": "R", "subject": to, "version": number}
        client("POST", f"/subjects/{subject}/versions", {"schema": record(name, ("r", "R")), "references": [reference]})
    elif kind == "delete":
        number, permanent = rest
        client("DELETE", f"/subjects/{subject}/versions/{number}")
        if permanent:
            client("DELETE", f"/subjects/{subject}/versions/{number}?permanent=true")
    elif kind == "config":
        level, normalize = rest
        client("PUT", f"/config/{subject}" if scope else "/config", {"compatibility": level, "normalize": normalize})
    else:
        client("PUT", f"/mode/{subject}" if scope else "/mode", {"mode": rest[0]})


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(_operations, max_size=25), st.integers(0, 6))
def test_what_one_registry_has_is_in_the_other(
    servers: tuple[TestRegistry, TestRegistry], operations: list[Any], broken_off_after: int
) -> None:
    pair = empty_pair(servers)
    pair.here("PUT", "/config", {"compatibility": "NONE"})
    for operation in operations:
        apply(pair.here, operation)
    wanted = pair.archive()
    text = archive.dump(wanted)
    assert archive.parse(text, "it") == wanted

    stop = Event()
    job = pair.job(wanted)
    done: list[Any] = []

    def count(one: Any) -> None:
        done.append(one)
        if len(done) == broken_off_after:
            stop.set()

    try:
        job.run(stop, count)
    except Incomplete as stopped:
        assert len(stopped.done) == broken_off_after
        assert [one.step for one in stopped.done] + list(stopped.left) == [s for s in job.steps if s.run]
        assert "IMPORT" not in [scope.mode for scope in exporting.export(pair.target).subjects.values()]
    pair.bring(wanted)
    assert archive.dump(exporting.export(pair.target)) == text
    assert pair.bring(wanted) == []


def test_ids_numbers_references_and_settings_come_along(pair: Pair) -> None:
    put(pair.here, "gone", record("G"))  # takes id 1
    put(pair.here, "user", record("U"))
    put(pair.here, "order", record("O", ("u", "U")), references=[{"name": "U", "subject": "user", "version": 1}])
    put(pair.here, "user", json.dumps(json.loads(record("U")) | {"doc": "Later."}))
    ask(pair.here, "DELETE", "/subjects/gone")
    ask(pair.here, "DELETE", "/subjects/gone?permanent=true")
    ask(pair.here, "DELETE", "/subjects/user/versions/2")
    ask(pair.here, "PUT", "/config/order", {"compatibility": "FULL", "compatibilityGroup": "major"})
    ask(pair.here, "PUT", "/mode/order", {"mode": "READONLY"})
    assert pair.bring(pair.archive()) == [
        "registered v1 (id 2)",
        "registered v1 (id 3)",
        "registered v2 (id 4)",
        "soft-deleted v2",
        "configure compatibilityGroup major, compatibilityLevel FULL",
        "mode READONLY",
    ]
    order = ask(pair.there, "GET", "/subjects/order/versions/1")
    assert (order["id"], order["references"]) == (3, [{"name": "U", "subject": "user", "version": 1}])
    assert ask(pair.there, "GET", "/subjects/user/versions") == [1]
    assert ask(pair.there, "GET", "/subjects/user/versions/2?deleted=true")["id"] == 4
    assert ask(pair.there, "GET", "/config/order")["compatibilityGroup"] == "major"
    assert (mode_of(pair.there, "order"), mode_of(pair.there, "user")) == ("READONLY", None)
    assert put(pair.there, "new", record("N"))["id"] == 5


def test_a_schema_comes_after_those_that_it_refers_to_whatever_the_names(pair: Pair) -> None:
    put(pair.here, "z", record("Z"))
    put(pair.here, "m", record("M", ("z", "Z")), references=[{"name": "Z", "subject": "z", "version": 1}])
    put(pair.here, "a", record("A", ("m", "M")), references=[{"name": "M", "subject": "m", "version": 1}])
    assert pair.bring(pair.archive())[:3] == ["registered v1 (id 1)", "registered v1 (id 2)", "registered v1 (id 3)"]


def test_a_reference_within_a_context_is_to_that_context(pair: Pair) -> None:
    put(pair.here, "z", record("Other"))
    put(pair.here, ":.staging:z", record("Z"))
    reference = {"name": "Z", "subject": "z", "version": 1}
    put(pair.here, ":.staging:a", record("A", ("z", "Z")), references=[reference])
    job = pair.job(pair.archive())
    assert [step.target for step in job.steps][:2] == ["subject :.staging:z", "subject :.staging:a"]
    job.run(Event())
    assert exporting.export(pair.target) == pair.archive()


def test_what_refers_to_a_schema_is_soft_deleted_before_it(pair: Pair) -> None:
    put(pair.here, "z", record("Z"))
    put(pair.here, "a", record("A", ("z", "Z")), references=[{"name": "Z", "subject": "z", "version": 1}])
    ask(pair.here, "DELETE", "/subjects/a")
    ask(pair.here, "DELETE", "/subjects/z")
    assert pair.bring(pair.archive())[-2:] == ["soft-deleted v1", "soft-deleted v1"]
    assert exporting.export(pair.target) == pair.archive()


def test_an_alias_is_configured_and_its_target_not_copied_under_its_name(pair: Pair) -> None:
    put(pair.here, "orders", record("O"))
    put(pair.here, "old", record("Old"))
    ask(pair.here, "PUT", "/config/old", {"alias": "orders"})
    wanted = pair.archive()
    assert wanted.subjects["old"].versions == ()
    assert wanted.subjects["old"].config == {"alias": "orders"}
    assert pair.bring(wanted) == ["registered v1 (id 1)", "configure alias orders"]


# ---- modes ---------------------------------------------------------------------------------------


def test_a_read_only_registry_takes_an_import_and_is_read_only_again(pair: Pair) -> None:
    put(pair.here, "orders", record("O"))
    put(pair.there, "orders", record("O"))
    ask(pair.there, "PUT", "/mode/orders", {"mode": "READONLY"})
    put(pair.here, "orders", json.dumps(json.loads(record("O")) | {"doc": "Two."}))
    assert pair.bring(pair.archive()) == ["registered v2 (id 2)"]
    assert mode_of(pair.there, "orders") == "READONLY"


def test_the_mode_is_not_touched_where_it_need_not_be(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    set_modes: list[tuple[str, str]] = []
    set_mode = TransferClient.set_mode

    def recorded(self: TransferClient, subject: str, mode: str) -> None:
        set_modes.append((subject, mode))
        set_mode(self, subject, mode)

    monkeypatch.setattr(TransferClient, "set_mode", recorded)
    for doc in ("One.", "Two.", "Three."):
        put(pair.here, "orders", json.dumps(json.loads(record("O")) | {"doc": doc}))
    wanted = pair.archive()
    pair.bring(wanted)
    assert set_modes == [("orders", "IMPORT")]
    ask(pair.here, "PUT", "/config/orders", {"compatibility": "FULL"})
    pair.bring(pair.archive())
    assert set_modes == [("orders", "IMPORT")]


def test_after_a_refusal_the_modes_are_as_before_and_an_import_again_does_the_rest(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    for subject in ("a", "b", "c"):
        put(pair.here, subject, record(subject.upper()))
    wanted = pair.archive()
    register = TransferClient.register_as

    def failing(self: TransferClient, subject: str, version: archive.ArchivedVersion) -> None:
        if subject == "b":
            raise RegistryUnavailable("the connection broke")
        register(self, subject, version)

    with monkeypatch.context() as patch:
        patch.setattr(TransferClient, "register_as", failing)
        with pytest.raises(Incomplete, match=r"^the connection broke$") as stopped:
            pair.bring(wanted)
    assert [one.text for one in stopped.value.done] == ["registered v1 (id 1)"]
    assert stopped.value.failed is not None
    assert stopped.value.failed.target == "subject b"
    assert [step.target for step in stopped.value.left] == ["subject c"]
    assert [mode_of(pair.there, subject) for subject in ("a", "b", "c")] == [None, None, None]
    assert pair.bring(wanted) == ["registered v1 (id 2)", "registered v1 (id 3)"]


def test_what_a_killed_import_left_in_import_mode_is_set_right(pair: Pair) -> None:
    put(pair.here, "a", record("A"))
    put(pair.here, "b", record("B"))
    ask(pair.here, "PUT", "/mode/b", {"mode": "READONLY"})
    for subject in ("a", "b"):
        ask(pair.there, "PUT", f"/mode/{subject}?force=true", {"mode": "IMPORT"})
        ask(
            pair.there,
            "POST",
            f"/subjects/{subject}/versions",
            {"schema": record(subject.upper()), "id": ord(subject) - 96},
        )
    assert pair.bring(pair.archive()) == ["mode IMPORT → none of its own", "mode IMPORT → READONLY"]
    assert [mode_of(pair.there, subject) for subject in ("a", "b")] == [None, "READONLY"]


def test_a_mode_that_cannot_be_restored_is_named(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    put(pair.here, "a", record("A"))
    wanted = pair.archive()

    def gone(*_: Any) -> None:
        raise RegistryUnavailable("gone")

    monkeypatch.setattr(TransferClient, "register_as", gone)
    monkeypatch.setattr(TransferClient, "clear_mode", gone)
    with pytest.raises(Incomplete, match=r"^gone; subject a is left in mode IMPORT; importing again restores it$"):
        pair.bring(wanted)


def test_what_holds_for_everyone_is_left_where_others_rely_on_it(pair: Pair) -> None:
    put(pair.here, "a", record("A"))
    put(pair.there, "theirs", record("A"))
    ask(pair.here, "PUT", "/config", {"compatibility": "FULL"})
    job = pair.job(pair.archive())
    assert [(step.kind, step.target, step.text) for step in job.steps if step.run is None] == [
        (
            "explain",
            "everyone",
            "configuration compatibilityLevel BACKWARD → compatibilityLevel FULL: "
            "kept, because the registry has subjects that are not in the export",
        )
    ]
    job.run(Event())
    assert ask(pair.there, "GET", "/config") == {"compatibilityLevel": "BACKWARD"}


@pytest.mark.parametrize("mode", ["IMPORT", "READONLY"])
def test_a_mode_that_was_set_for_everyone_stays(pair: Pair, mode: str) -> None:
    put(pair.here, "a", record("A"))
    ask(pair.there, "PUT", "/mode", {"mode": mode})
    job = pair.job(pair.archive())
    assert [step.text for step in job.steps if step.run is None] == [
        f"mode {mode} → READWRITE: kept, because it was set explicitly"
    ]
    job.run(Event())
    assert ask(pair.there, "GET", "/mode") == {"mode": mode}
    assert ask(pair.there, "GET", "/subjects/a/versions") == [1]


def test_a_read_only_context_is_configured_and_cleared_of_a_version(pair: Pair) -> None:
    for client in (pair.here, pair.there):
        put(client, ":.staging:a", record("A"))
        put(client, ":.staging:b", record("B"))
    ask(pair.here, "PUT", "/config/:.staging:a", {"compatibility": "FULL"})
    ask(pair.here, "DELETE", "/subjects/:.staging:b/versions/1")
    ask(pair.there, "PUT", "/mode/:.staging:", {"mode": "READONLY"})
    assert pair.bring(pair.archive()) == ["soft-deleted v1", "configure compatibilityLevel FULL"]
    assert [mode_of(pair.there, scope) for scope in (":.staging:", ":.staging:a", ":.staging:b")] == [
        "READONLY",
        None,
        None,
    ]


def test_a_mode_is_set_after_the_import_mode_is_taken_back(pair: Pair) -> None:
    put(pair.here, "a", record("A"))
    ask(pair.here, "PUT", "/mode/a", {"mode": "READONLY"})
    assert pair.bring(pair.archive()) == ["registered v1 (id 1)", "mode READONLY"]
    assert mode_of(pair.there, "a") == "READONLY"


def test_a_registry_that_is_overridden_shows_no_modes_and_takes_nothing(pair: Pair) -> None:
    put(pair.here, "a", record("A"))
    wanted = pair.archive()
    for client in (pair.here, pair.there):
        ask(client, "PUT", "/mode", {"mode": "READONLY_OVERRIDE"})
    assert pair.archive().subjects["a"].mode is None
    assert pair.conflicts(wanted) == (
        "the registry is in mode READONLY_OVERRIDE: nothing can be written until it is reset",
    )


def test_what_is_set_for_every_context_comes_along_and_nothing_else_does(pair: Pair) -> None:
    put(pair.here, ":.staging:a", record("A"))
    assert set(pair.archive().scopes) == {""}
    ask(pair.here, "PUT", "/config/:.__GLOBAL:", {"compatibility": "FULL"})
    assert pair.bring(pair.archive())[:2] == ["registered v1 (id 1)", "configure compatibilityLevel FULL"]
    assert exporting.export(pair.target) == pair.archive()
    assert ask(pair.there, "GET", "/config/:.staging:a?defaultToGlobal=true")["compatibilityLevel"] == "FULL"


def test_a_registry_that_gives_its_own_ids_is_not_believed(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    put(pair.here, "a", record("A"))
    job = pair.job(pair.archive())
    once = Requests.once

    def numbering(self: Requests, method: str, path: str, body: Any = None) -> Any:
        answer = once(self, method, path, body)
        return answer | {"id": 9} if path.endswith("/versions") else answer

    monkeypatch.setattr(Requests, "once", numbering)
    with pytest.raises(Incomplete, match="the registry assigned id 9 instead of 1"):
        job.run(Event())


# ---- what is refused ------------------------------------------------------------------------------


def test_nothing_is_overwritten(pair: Pair) -> None:
    put(pair.here, "a", record("A"))
    put(pair.here, "b", record("B"))
    put(pair.here, "c", record("C"))
    ask(pair.here, "PUT", "/config/c", {"compatibility": "FULL"})
    ask(pair.here, "PUT", "/mode/c", {"mode": "READONLY"})
    put(pair.there, "x", record("X"))
    put(pair.there, "b", record("B"))
    ask(pair.there, "DELETE", "/subjects/b")
    put(pair.there, "c", record("Other"))
    ask(pair.there, "PUT", "/config/c", {"compatibility": "NONE"})
    ask(pair.there, "PUT", "/mode/c", {"mode": "READWRITE"})
    before = exporting.export(pair.target)
    assert pair.conflicts(pair.archive()) == (
        "subject a v1: id 1 is another schema's, x v1 there",
        "subject b v1 is soft-deleted there",
        "subject c v1 is another schema there",
        "subject c: configured compatibilityLevel NONE there, compatibilityLevel FULL in the export",
        "subject c: mode READWRITE there, READONLY in the export",
    )
    assert exporting.export(pair.target) == before


def test_another_id_for_the_same_version_is_a_conflict(pair: Pair) -> None:
    put(pair.here, "a", record("A"))
    put(pair.there, "x", record("X"))
    put(pair.there, "a", record("A"))
    assert pair.conflicts(pair.archive()) == ("subject a v1 is id 2 there, 1 in the export",)


def test_a_document_that_contradicts_itself_is_refused_before_anything_is_written(pair: Pair) -> None:
    one = archive.ArchivedVersion(1, 7, record("A"))
    other = archive.ArchivedVersion(
        1, 7, record("B"), more={"references": [{"name": "N", "subject": "n", "version": 3}]}
    )
    made = Archive({}, {"a": archive.ArchivedSubject(versions=(one,)), "b": archive.ArchivedSubject(versions=(other,))})
    assert pair.conflicts(made) == (
        "subject b v1: id 7 is another schema's, a v1 in the export",
        "subject b v1 refers to n v3, which is neither in the export nor there",
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{", "f.json: not JSON"),
        ("[]", "f.json: not an export of a registry"),
        ('{"format": "other"}', "expected an object with format 'schema-registry-archive/1'"),
        ('"subjects": []', "f.json: subjects is [], expected an object"),
        ('"subjects": {"s": 1}', "f.json: subjects['s'] is 1, expected an object"),
        ('"subjects": {"s": {}}', "f.json: subjects['s'].versions is None, expected a list"),
        ('"subjects": {"s": {"versions": [4]}}', "subjects['s'].versions[0].version is None, expected a whole number"),
        (
            '"subjects": {"s": {"versions": [{"version": 1, "id": true, "schema": ""}]}}',
            "subjects['s'].versions[0].id is True, expected a whole number",
        ),
        (
            '"subjects": {"s": {"versions": [{"version": 2, "id": 1, "schema": ""}, '
            '{"version": 1, "id": 1, "schema": ""}]}}',
            "subjects['s'].versions has the numbers [2, 1], expected each once and in order",
        ),
        ('"scopes": {"": {"mode": 4}}', "f.json: scopes[''].mode is 4, expected text"),
    ],
)
def test_a_document_that_is_none_says_where(text: str, expected: str) -> None:
    whole = text if text[0] in "{[" else f'{{"format": "schema-registry-archive/1", {text}}}'
    with pytest.raises(archive.ArchiveError) as refused:
        archive.parse(whole, "f.json")
    assert expected in str(refused.value)


# ---- the commands ---------------------------------------------------------------------------------


def at(monkeypatch: pytest.MonkeyPatch, client: TransferClient) -> None:
    use(monkeypatch, Settings(registry_url=client.url))


def test_the_commands(
    pair: Pair, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    put(pair.here, "a", record("A"))
    put(pair.here, ":.staging:a", record("A"))
    ask(pair.here, "DELETE", "/subjects/a/versions/1")
    file = str(tmp_path / "all.json")
    at(monkeypatch, pair.source)
    assert main(["export", "--output", file]) == 0
    assert capsys.readouterr().out == (
        f"2 subjects in 2 contexts, 2 versions (1 of them soft-deleted): from {pair.source.url} to {file}\n"
    )
    assert main(["export", "--format", "json"]) == 0
    printed = capsys.readouterr()
    assert printed.out == Path(file).read_text()
    assert json.loads(printed.err)["soft_deleted"] == 1
    assert main(["export", "--output", file, "--format", "markdown"]) == 0
    assert "| soft-deleted | 1 |" in capsys.readouterr().out

    at(monkeypatch, pair.target)
    assert main(["import", file, "--dry-run"]) == 0
    assert capsys.readouterr().out == (
        "+ subject :.staging:a: register v1 (id 1)\n+ subject a: register v1 (id 1)\n~ subject a: soft-delete v1\n"
        f"3 steps to do, 0 versions there already. Nothing was written to {pair.target.url}.\n"
    )
    assert exporting.export(pair.target).subjects == {}
    assert main(["import", file]) == 0
    assert (
        capsys.readouterr().out.splitlines()[-1]
        == f"3 steps done, 0 versions there already: {file} is in {pair.target.url}"
    )
    assert main(["import", file, "--format", "json"]) == 0
    again = json.loads(capsys.readouterr().out)
    assert (again["ok"], again["done"], again["unchanged"]) == (True, [], 2)


def test_an_early_end_shows_the_first_of_what_is_left(
    pair: Pair, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in range(15):
        put(pair.here, f"s{number:02}", record("A"))
    file = tmp_path / "all.json"
    file.write_text(archive.dump(pair.archive()))
    at(monkeypatch, pair.target)

    def gone(*_: Any) -> None:
        raise RegistryUnavailable("gone")

    monkeypatch.setattr(TransferClient, "register_as", gone)
    assert main(["import", str(file)]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "subject s00: register v1 (id 1): failed: gone"
    assert lines[10:] == [
        "  not begun: subject s10: register v1 (id 1)",
        "  and 4 more; --dry-run shows all",
        "0 steps of 15 done; import again to continue",
    ]
    assert main(["import", str(file), "--format", "json"]) == 1
    document = json.loads(capsys.readouterr().out)
    assert (document["reason"], document["failed"]["target"], len(document["not_begun"])) == ("gone", "subject s00", 14)


def test_the_import_command_refuses_and_is_interrupted(
    pair: Pair, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    put(pair.here, "a", record("A"))
    put(pair.here, "b", record("B"))
    file = tmp_path / "all.json"
    file.write_text(archive.dump(pair.archive()))
    at(monkeypatch, pair.target)
    register = TransferClient.register_as

    def interrupted(self: TransferClient, subject: str, version: archive.ArchivedVersion) -> None:
        signal.raise_signal(signal.SIGTERM)
        register(self, subject, version)

    with monkeypatch.context() as patch:
        patch.setattr(TransferClient, "register_as", interrupted)
        assert main(["import", str(file)]) == 1
    assert capsys.readouterr().out.splitlines() == [
        "+ subject a: registered v1 (id 1)",
        "interrupted",
        "  not begun: subject b: register v1 (id 2)",
        "1 step of 2 done; import again to continue",
    ]
    assert mode_of(pair.there, "a") is None
    put(pair.there, "other", record("Other"))  # takes id 2
    for form in ("text", "markdown"):
        assert main(["import", str(file), "--format", form]) == 1
        assert "subject b v1: id 2 is another schema's, other v1 there" in capsys.readouterr().out
    assert main(["import", str(tmp_path / "none.json")]) == 2
    assert "No such file" in capsys.readouterr().err


def test_a_registry_is_exported_from_and_imported_into_a_context_of_another(
    pair: Pair, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(pair.here, "s", record("R", ("a", "int")))
    file, again = str(tmp_path / "all.json"), tmp_path / "again.json"
    at(monkeypatch, pair.source)
    assert main(["export", "--output", file]) == 0
    elsewhere = TransferClient(f"{pair.target.url}/contexts/.elsewhere")
    at(monkeypatch, elsewhere)
    assert main(["import", file]) == 0
    assert elsewhere.all_subjects() == [":.elsewhere:s"]
    assert main(["export", "--output", str(again)]) == 0
    assert list(json.loads(again.read_text())["subjects"]) == [":.elsewhere:s"]

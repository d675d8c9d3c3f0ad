"""Two checkouts and one registry: apply neither overlooks nor undoes what another team registered."""

from __future__ import annotations

import json
import shutil
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
import pytest

from tests.support.contracts import Contracts, Edit
from tests.support.registry.commands import Commands
from tributary.catalog import Topic
from tributary.project import Project
from tributary.registry import lock
from tributary.registry.apply import plan, unknown
from tributary.registry.apply.plan import Applied, ChecksFailed
from tributary.registry.client import RegistryClient
from tributary.registry.steps import Incomplete
from tributary.settings import Settings

CONTRACT = "product-events"


def spec(name: str) -> dict[str, Any]:
    return {"name": name, "type": ["null", "string"], "default": None, "doc": "More."}


def optional(name: str) -> Edit:
    return lambda schema: schema["fields"].append(spec(name))


def apply(checkout: Contracts, *, allow_unknown: bool = False) -> Applied:
    return plan.apply(checkout.settings, checkout.load(), allow_unknown=allow_unknown)


def topic(checkout: Contracts) -> Topic:
    return checkout.load().topic(CONTRACT)


def versions(checkout: Contracts) -> list[dict[str, Any]]:
    """The schemas that the registry has, in order."""
    found = RegistryClient.from_settings(checkout.settings).versions(topic(checkout).subject)
    return [json.loads(version.schema) for version in found]


def field_names(checkout: Contracts) -> list[list[str]]:
    """The names of the fields that v1 lacks, for each version in the registry."""
    first, *_ = names = [[field["name"] for field in schema["fields"]] for schema in versions(checkout)]
    return [each[len(first) :] for each in names]


@pytest.fixture
def ours(contracts: Contracts, fresh: Settings) -> Contracts:
    """Our checkout, applied."""
    checkout = contracts.with_settings(fresh)
    apply(checkout)
    return checkout


@pytest.fixture
def theirs(ours: Contracts, tmp_path: Path) -> Contracts:
    """Another team's checkout of the same revision, with the same registry: they registered `banner`, as v2."""
    folder = tmp_path / "theirs"
    shutil.copytree(ours.folder, folder)
    lock_path = shutil.copy(ours.settings.lock_path, folder / "registry.lock.json")
    checkout = Contracts(attrs.evolve(ours.settings, project=Project.load(folder), lock_path=Path(lock_path)))
    checkout.edit(CONTRACT, optional("banner"))
    apply(checkout)
    return checkout


@pytest.fixture
def run(ours: Contracts, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Commands:
    """Commands in our checkout."""
    return Commands(ours, monkeypatch, capsys)


def test_a_version_that_the_lock_does_not_know_is_not_overwritten(ours: Contracts, theirs: Contracts) -> None:
    ours.edit(CONTRACT, optional("coupon"))
    before = ours.settings.lock_path.read_bytes()
    with pytest.raises(ChecksFailed) as failed:
        apply(ours)
    assert field_names(ours) == [[], ["banner"]]
    assert ours.settings.lock_path.read_bytes() == before
    (found,) = failed.value.plan.unknown
    assert found.subject == topic(theirs).subject


def test_each_command_refuses_it_and_says_what_would_be_lost(ours: Contracts, theirs: Contracts, run: Commands) -> None:
    ours.edit(CONTRACT, optional("coupon"))
    before = ours.settings.lock_path.read_bytes()
    for command in ("check", "plan", "apply"):
        code, printed = run(command)
        assert code == 1
        for expected in (
            f"{topic(theirs).subject}: the registry has, but not the lock:",
            "v2 (id ",
            "banner added: null or string, default null",
            "banner removed: null or string, default null",
            "tributary pull",
            "--allow-unknown",
        ):
            assert expected in printed
        assert topic(theirs).subject in run.apart(command, "--format", "json")[1]
        assert "banner removed" in run(command, "--format", "markdown")[1]
    assert "unknown-in-registry" in run.apart("check", "--format", "sarif")[1]
    assert "unknown-in-registry" in run.apart("check", "--format", "junit")[1]
    assert field_names(ours) == [[], ["banner"]]
    assert ours.settings.lock_path.read_bytes() == before


def test_pull_adds_it_to_the_lock_and_check_shows_what_the_contract_drops(
    ours: Contracts, theirs: Contracts, run: Commands
) -> None:
    ours.edit(CONTRACT, optional("coupon"))
    code, printed = run("pull")
    assert code == 0
    assert "banner added" in printed and "banner removed" in printed and "updated" in printed
    assert ours.settings.lock_path.read_bytes() == theirs.settings.lock_path.read_bytes()
    code, printed = run("check")
    assert code == 0
    assert "banner: removed" in printed and "asked, has nothing that the lock does not have" in printed

    ours.edit(CONTRACT, lambda schema: schema["fields"].insert(-1, spec("banner")))
    assert "removed" not in run("check")[1]
    assert run("apply")[0] == 0
    assert field_names(ours) == [[], ["banner"], ["banner", "coupon"]]
    assert "up to date" in run("pull")[1]


def test_allow_unknown_continues(ours: Contracts, theirs: Contracts, run: Commands) -> None:
    ours.edit(CONTRACT, optional("coupon"))
    assert run("check", "--allow-unknown")[0] == 0
    assert "register v3, removes banner" in run("plan", "--allow-unknown")[1]
    code, printed = run("apply", "--allow-unknown")
    assert code == 0
    assert "registered v3 (id " in printed and "), removes banner" in printed
    assert field_names(theirs) == [[], ["banner"], ["coupon"]]
    assert run("apply")[0] == 0


def test_a_contract_that_lost_nothing_is_refused_too(ours: Contracts, theirs: Contracts) -> None:
    with pytest.raises(ChecksFailed) as failed:
        apply(ours)
    assert [(one.subject, one.undone) for one in failed.value.plan.unknown] == [(topic(theirs).subject, ())]


def test_the_same_edit_is_no_conflict(ours: Contracts, theirs: Contracts) -> None:
    ours.edit(CONTRACT, optional("banner"))
    apply(ours)
    assert ours.settings.lock_path.read_bytes() == theirs.settings.lock_path.read_bytes()


def test_check_works_without_a_registry_and_says_so(run: Commands) -> None:
    code, out, err = run.apart("check", registry_url="http://127.0.0.1:1")
    assert code == 0
    assert "asked" not in out
    assert err.startswith(
        "registry http://127.0.0.1:1: not asked, compared with the lock only: no server answers there"
    )


def test_check_does_not_hang_on_a_silent_registry(run: Commands, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unknown, "_ANSWER_S", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://name:secret@127.0.0.1:{silent.getsockname()[1]}"
        code, _, err = run.apart("check", registry_url=url)
    assert code == 0
    assert "not asked" in err and "did not answer within 0.2 s" in err and "secret" not in err


# ---- two applies at once -----------------------------------------------------------------------


def between(monkeypatch: pytest.MonkeyPatch, method: str, act: Callable[[], object]) -> None:
    """Let another client act first, once, when the client's method is called."""
    original, pending = getattr(RegistryClient, method), [act]

    def later(self: RegistryClient, *arguments: object) -> object:
        if pending:
            pending.pop()()
        return original(self, *arguments)

    monkeypatch.setattr(RegistryClient, method, later)


def register(checkout: Contracts, name: str) -> None:
    """Register v1 with another field."""
    schema = versions(checkout)[0]
    schema["fields"].append(spec(name))
    RegistryClient.from_settings(checkout.settings).register(topic(checkout).subject, json.dumps(schema))


@pytest.mark.parametrize(
    ("method", "expected", "left"),
    [
        ("set_level", "since the plan was made; nothing was registered here", [[], ["banner"]]),
        ("register", "at the same moment; the contract was registered after it as v3", [[], ["banner"], ["coupon"]]),
    ],
)
def test_a_version_registered_in_between_is_noticed(
    ours: Contracts, monkeypatch: pytest.MonkeyPatch, method: str, expected: str, left: list[list[str]]
) -> None:
    ours.edit(CONTRACT, optional("coupon"))
    path = ours.folder / "catalog.toml"
    path.write_text(path.read_text().replace('"FULL_TRANSITIVE"', '"BACKWARD"', 1))  # a step before the registration
    before = ours.settings.lock_path.read_bytes()
    between(monkeypatch, method, lambda: register(ours, "banner"))
    with pytest.raises(Incomplete, match=expected) as failed:
        apply(ours)
    assert "v2 (id " in failed.value.reason and "banner added" in failed.value.reason
    assert field_names(ours) == left
    assert ours.settings.lock_path.read_bytes() == before
    with pytest.raises(ChecksFailed) as refused:
        apply(ours)
    assert "banner added" in refused.value.plan.unknown[0].found[0]


def test_a_version_after_our_own_stays_unknown(ours: Contracts, monkeypatch: pytest.MonkeyPatch) -> None:
    ours.edit(CONTRACT, optional("coupon"))
    between(monkeypatch, "lookup", lambda: register(ours, "banner"))
    apply(ours)
    assert field_names(ours) == [[], ["coupon"], ["banner"]]
    with pytest.raises(ChecksFailed):
        apply(ours)


# ---- levels and modes of a shared registry -----------------------------------------------------


@pytest.mark.parametrize("change", ["level", "mode"])
def test_a_level_or_mode_that_somebody_set_in_a_shared_registry(
    ours: Contracts, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    monkeypatch.setattr(lock, "_LOOPBACK", ())
    apply(ours)
    registry, subject = RegistryClient.from_settings(ours.settings), topic(ours).subject
    if change == "level":
        registry.set_level(subject, "NONE")
    else:
        registry.set_mode(subject, "READONLY")
    with pytest.raises(ChecksFailed) as failed:
        apply(ours)
    expected = {"level": "level NONE, FULL_TRANSITIVE in the lock", "mode": "mode READONLY, READWRITE in the lock"}
    assert [one.found for one in failed.value.plan.unknown] == [(expected[change],)]
    apply(ours, allow_unknown=True)
    apply(ours)


# ---- pull --------------------------------------------------------------------------------------


def test_pull_does_not_lose_what_a_local_registry_lacks(ours: Contracts, theirs: Contracts, run: Commands) -> None:
    known = lock.load(theirs.settings.lock_path)
    assert known is not None
    subject = known.subjects[topic(ours).subject]
    schema = json.loads(subject.versions[-1].schema) | {"doc": "Seen."}
    ahead = attrs.evolve(subject, versions=(*subject.versions, lock.Version(3, 99, json.dumps(schema))))
    mine = attrs.evolve(known, subjects={**known.subjects, topic(ours).subject: ahead})
    lock.save(mine, ours.settings.lock_path)
    assert "up to date" in run("pull")[1]  # the registry is behind: apply brings it up

    register(ours, "other")
    code, printed = run("pull")
    assert code == 1
    assert "v3 of the lock would be lost" in printed and "tributary stack clean" in printed
    assert lock.load(ours.settings.lock_path) == mine

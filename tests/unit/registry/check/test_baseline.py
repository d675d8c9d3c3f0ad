"""What the working copy is compared with."""

from __future__ import annotations

import json
import subprocess

import attrs
import pytest

from tests.support.contracts import Contracts
from tributary.registry import lock
from tributary.registry.check.baseline import BaselineError, baseline


def git(contracts: Contracts, *arguments: str) -> None:
    who = ["-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", "-C", str(contracts.folder), *who, *arguments], check=True, capture_output=True)


@pytest.fixture
def committed(contracts: Contracts) -> Contracts:
    """Contracts in a repository of their own: v1 is locked, the contracts have one more field that is not."""
    mine = contracts.with_settings(attrs.evolve(contracts.settings, lock_path=contracts.folder / "registry.lock.json"))
    topic = mine.load().topic("purchases")
    locked = lock.Subject("FULL", (lock.Version(1, 7, topic.text),))
    lock.save(lock.Lock("local", {topic.subject: locked}), mine.settings.lock_path)
    git(mine, "init", "--quiet")
    git(mine, "add", ".")
    git(mine, "commit", "--quiet", "-m", "locked")
    mine.edit("purchases", lambda schema: schema.update(doc="Merged, not registered."))
    git(mine, "commit", "--quiet", "-a", "-m", "merged")
    return mine


def versions(contracts: Contracts, against: str) -> dict[str, list[tuple[int, str]]]:
    found = baseline(against, contracts.settings, contracts.load().topics)
    return {s: [(one.version, json.loads(one.schema)["doc"]) for one in these] for s, these in found.items()}


def test_a_revision_is_its_lock_and_then_its_contracts(committed: Contracts) -> None:
    original = "A user paid for what was in the cart: one order with its items."
    committed.edit("purchases", lambda schema: schema.update(doc="In the making."))
    committed.settings.lock_path.unlink()
    assert versions(committed, "git:HEAD")["purchases-value"] == [(1, original), (2, "Merged, not registered.")]
    assert versions(committed, "git:HEAD~1")["purchases-value"] == [(1, original)]
    assert [number for number, _ in versions(committed, "git:HEAD")["user-events-value"]] == [1]


def test_a_revision_may_have_its_lock_beside_the_contracts(committed: Contracts) -> None:
    moved = committed.folder / "registry" / "registry.lock.json"
    here = committed.with_settings(attrs.evolve(committed.settings, lock_path=moved))
    assert [number for number, _ in versions(here, "git:HEAD")["purchases-value"]] == [1, 2]


def test_a_contract_that_the_revision_does_not_have_is_new(committed: Contracts) -> None:
    git(committed, "rm", "--quiet", "--cached", "user-events/cart_updated.avsc")
    git(committed, "commit", "--quiet", "-m", "without carts")
    assert versions(committed, "git:HEAD")["user-events-value"] == []


def test_the_lock_needs_no_registry(committed: Contracts) -> None:
    found = versions(committed, "lock")
    assert {subject: len(these) for subject, these in found.items()} == {
        "product-events-value": 0,
        "user-events-value": 0,
        "purchases-value": 1,
    }


@pytest.mark.parametrize("against", ["git:nope", "git:", "main", ""])
def test_what_does_not_exist_is_refused(committed: Contracts, against: str) -> None:
    with pytest.raises(BaselineError, match=r"nope is not a revision|expected lock, registry or git:REF"):
        versions(committed, against)


def test_a_lock_that_does_not_exist_names_the_command(committed: Contracts) -> None:
    committed.settings.lock_path.unlink()
    with pytest.raises(BaselineError) as caught:
        versions(committed, "lock")
    assert str(caught.value) == (
        f"{committed.settings.lock_path} does not exist; run: tributary apply. "
        f"If the lock is elsewhere, correct `lock` in {committed.folder / 'tributary.toml'}, or REGISTRY_LOCK_PATH"
    )

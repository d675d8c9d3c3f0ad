"""Drift: every difference between registry, lock and working copy has its line, and agreement has none."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import attrs
import pytest

from tests.support.contracts import Contracts
from tributary.cli.registry.drift import markdown
from tributary.registry.apply.drift import drift
from tributary.registry.lock import Lock, Subject, Version

LOCK = Path("registry.lock.json")
SHARED = "https://registry.example"
VIEWS = "product-events-value"

Change = Callable[[Subject], Subject]


def agreed(contracts: Contracts) -> dict[str, Subject]:
    """What registry and lock have when everything was applied, each subject with a second version."""
    subjects = {}
    for number, topic in enumerate(contracts.load().topics):
        older = json.dumps({**topic.schema, "doc": "As it was."})
        versions = (Version(1, 10 + number, older), Version(2, 20 + number, topic.text))
        subjects[topic.subject] = Subject(topic.compatibility, versions)
    return subjects


def found(
    contracts: Contracts,
    in_registry: Change = lambda subject: subject,
    in_lock: Change = lambda subject: subject,
    registry: str = SHARED,
) -> list[tuple[str, str]]:
    present, locked = agreed(contracts), agreed(contracts)
    present[VIEWS], locked[VIEWS] = in_registry(present[VIEWS]), in_lock(locked[VIEWS])
    return [
        (one.subject, one.rule) for one in drift(contracts.load().topics, Lock(SHARED, locked), present, registry, LOCK)
    ]


def set_to(**attributes: object) -> Change:
    return lambda subject: attrs.evolve(subject, **attributes)


def first_only(subject: Subject) -> Subject:
    return attrs.evolve(subject, versions=subject.versions[:1])


def second_only(subject: Subject) -> Subject:
    return attrs.evolve(subject, versions=subject.versions[1:])


def renumbered(subject: Subject) -> Subject:
    first, second = subject.versions
    return attrs.evolve(subject, versions=(first, attrs.evolve(second, id=99)))


def rewritten(subject: Subject) -> Subject:
    first, second = subject.versions
    return attrs.evolve(subject, versions=(attrs.evolve(first, schema=second.schema), second))


def respaced(subject: Subject) -> Subject:
    versions = tuple(attrs.evolve(v, schema=json.dumps(json.loads(v.schema), indent=4)) for v in subject.versions)
    return attrs.evolve(subject, versions=versions)


def test_agreement_is_no_drift(contracts: Contracts) -> None:
    assert found(contracts) == []
    assert found(contracts, in_registry=respaced) == []


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        (set_to(level="NONE"), "level"),
        (set_to(mode="READONLY"), "mode"),
        (first_only, "missing-version"),
        (second_only, "missing-version"),
        (renumbered, "other-id"),
        (rewritten, "other-schema"),
    ],
)
def test_the_registry_against_the_lock(contracts: Contracts, change: Change, kind: str) -> None:
    assert found(contracts, in_registry=change) == [(VIEWS, kind)]


def test_ids_of_another_registry_are_not_compared(contracts: Contracts) -> None:
    assert found(contracts, in_registry=renumbered, registry="local") == []


def test_a_version_that_somebody_registered_is_told_in_words(contracts: Contracts) -> None:
    assert found(contracts, in_lock=first_only) == [(VIEWS, "new-version"), (VIEWS, "not-registered")]
    present, locked = agreed(contracts), agreed(contracts)
    locked[VIEWS] = first_only(locked[VIEWS])
    first, _ = drift(contracts.load().topics, Lock(SHARED, locked), present, SHARED, LOCK)
    assert first.message.startswith("v2 (id 20) is in the registry, not in the lock: the record ProductViewed doc:")


def test_the_working_copy_against_the_lock(contracts: Contracts) -> None:
    state = agreed(contracts)
    contracts.edit("purchases", lambda schema: schema.update(doc="Paid."))
    path = contracts.folder / "catalog.toml"
    path.write_text(path.read_text().replace('"FULL_TRANSITIVE"', '"BACKWARD"', 1))
    differences = drift(contracts.load().topics, Lock(SHARED, state), state, SHARED, LOCK)
    assert [(one.subject, one.rule) for one in differences] == [
        (VIEWS, "level-not-applied"),
        ("purchases-value", "not-registered"),
    ]
    assert markdown([], differences).startswith("**2 differences**\n\n| where |")


def test_nothing_locked_and_nothing_there(contracts: Contracts) -> None:
    differences = drift(contracts.load().topics, Lock(SHARED), {}, SHARED, LOCK)
    assert [one.rule for one in differences] == ["not-registered"] * 3


def test_subjects_that_only_one_side_knows(contracts: Contracts) -> None:
    state = agreed(contracts)
    extra = state[VIEWS]
    differences = drift(
        contracts.load().topics, Lock(SHARED, {**state, "old-value": extra}), {**state, "theirs": extra}, SHARED, LOCK
    )
    assert [(one.subject, one.rule) for one in differences] == [
        ("old-value", "missing-subject"),
        ("old-value", "not-in-catalogue"),
        ("theirs", "unknown-subject"),
    ]

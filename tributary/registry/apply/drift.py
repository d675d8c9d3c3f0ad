"""Drift: the differences between the registry, the lock and the working copy."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from tributary.catalog import Topic
from tributary.registry import lock
from tributary.registry.contract.diff import in_words
from tributary.registry.finding import Finding

KINDS = {
    "unknown-subject": "The registry has a subject that is neither in the lock nor in the catalogue.",
    "missing-subject": "The registry lacks a subject of the lock: its data was deleted, or it is a different registry.",
    "missing-version": "The registry lacks a version of the lock: records that were written with it cannot be read.",
    "new-version": "The registry has a version that the lock does not know: another client registered it.",
    "other-schema": "Registry and lock have different schemas for one version: the lock belongs to another registry.",
    "other-id": "Registry and lock have different ids for one version: the lock belongs to another registry.",
    "level": "The compatibility level in the registry is not the one of the last apply.",
    "mode": "The mode in the registry is not the one of the last apply.",
    "not-registered": "The contract is not the latest version in the lock: producers that need it cannot start.",
    "level-not-applied": "The catalogue's compatibility level was changed and not applied.",
    "not-in-catalogue": "The lock has a subject whose topic is no longer in the catalogue.",
}
"""Rule of drift → why it matters."""


def drift(
    topics: Sequence[Topic], known: lock.Lock, present: Mapping[str, lock.Subject], registry: str, lock_path: Path
) -> list[Finding]:
    """Every difference, by subject. A finding names the contract, or the lock where the catalogue has no such topic.

    `known` is the lock and `present` what the registry has; `registry` is that registry's name, because ids are only
    compared where the lock has this registry's.
    """
    ours = {topic.subject: topic for topic in topics}
    found: list[Finding] = []
    for subject in dict.fromkeys([*ours, *known.subjects, *sorted(present)]):
        locked, topic = known.subjects.get(subject), ours.get(subject)
        differences: list[tuple[str, str]] = []
        if topic is None and locked is None:
            differences.append(("unknown-subject", "in the registry, but neither locked nor in the catalogue"))
        if locked is not None:
            differences += _registry_against_lock(locked, present.get(subject), same_ids=known.registry == registry)
            if topic is None:
                differences.append(("not-in-catalogue", "in the lock, but the catalogue has no such topic"))
        if topic is not None:
            differences += _lock_against_contract(topic, locked)
        contract, file = (topic.contract, topic.path) if topic else ("", lock_path)
        found += [Finding(rule, contract, file, 0, "", text, subject=subject) for rule, text in differences]
    return found


def _registry_against_lock(
    locked: lock.Subject, actual: lock.Subject | None, *, same_ids: bool
) -> Iterator[tuple[str, str]]:
    if actual is None:
        numbers = ", ".join(f"v{version.version}" for version in locked.versions)
        yield ("missing-subject", f"the registry does not have it; the lock has {numbers}")
        return
    there = {version.version: version for version in actual.versions}
    for version in locked.versions:
        other = there.pop(version.version, None)
        if other is None:
            yield ("missing-version", f"the registry does not have v{version.version}")
        elif other.fingerprint != version.fingerprint:
            words = "; ".join(_words(version, other)) or "same in meaning"
            yield ("other-schema", f"v{version.version} in the registry is another schema: {words}")
        elif same_ids and other.id != version.id:
            text = f"v{version.version} has id {other.id} in the registry, {version.id} in the lock"
            yield ("other-id", text)
    for version in there.values():
        words = "; ".join(_words(locked.versions[-1], version)) if locked.versions else ""
        text = f"v{version.version} (id {version.id}) is in the registry, not in the lock" + (words and f": {words}")
        yield ("new-version", text)
    if actual.level != locked.level:
        yield ("level", f"level {actual.level} in the registry, {locked.level} in the lock")
    if actual.mode != locked.mode:
        yield ("mode", f"mode {actual.mode} in the registry, {locked.mode} in the lock")


def _lock_against_contract(topic: Topic, locked: lock.Subject | None) -> Iterator[tuple[str, str]]:
    if locked is None or not locked.versions:
        yield ("not-registered", "the contract is not in the lock: it was never registered")
        return
    latest = locked.versions[-1]
    if latest.fingerprint != lock.fingerprint_of(topic):
        words = "; ".join(in_words(json.loads(latest.schema), topic.schema))
        yield ("not-registered", f"the contract is not v{latest.version}, the latest in the lock: {words}")
    if locked.level != topic.compatibility:
        text = f"level {topic.compatibility} in the catalogue, {locked.level} in the lock"
        yield ("level-not-applied", text)


def _words(before: lock.Version, after: lock.Version) -> list[str]:
    return in_words(json.loads(before.schema), json.loads(after.schema))

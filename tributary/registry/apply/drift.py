"""Drift: where the registry, the lock and the working copy say different things."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence

import attrs

from tributary.catalog import Topic
from tributary.registry import lock
from tributary.registry.contract.diff import in_words


@attrs.frozen
class Drift:
    """One difference."""

    subject: str
    kind: str
    """unknown-subject, missing-subject, missing-version, new-version, other-schema, other-id, level, mode,
    not-registered, level-not-applied or not-in-catalogue."""
    text: str


def drift(
    topics: Sequence[Topic],
    known: lock.Lock,
    present: Mapping[str, lock.Subject],
    registry: str,
) -> list[Drift]:
    """Every difference, by subject.

    `known` is the lock and `present` what the registry has; `registry` is that registry's name, because ids are only
    compared where the lock has this registry's.
    """
    ours = {topic.subject: topic for topic in topics}
    found: list[Drift] = []
    for subject in dict.fromkeys([*ours, *known.subjects, *sorted(present)]):
        locked, actual, topic = known.subjects.get(subject), present.get(subject), ours.get(subject)
        if topic is None and locked is None:
            found.append(Drift(subject, "unknown-subject", "in the registry, but neither locked nor in the catalogue"))
            continue
        if locked is not None:
            found += _registry_against_lock(subject, locked, actual, same_ids=known.registry == registry)
        if topic is None:
            found.append(Drift(subject, "not-in-catalogue", "in the lock, but the catalogue has no such topic"))
        else:
            found += _lock_against_contract(topic, locked)
    return found


def _registry_against_lock(
    subject: str, locked: lock.Subject, actual: lock.Subject | None, *, same_ids: bool
) -> Iterator[Drift]:
    if actual is None:
        numbers = ", ".join(f"v{version.version}" for version in locked.versions)
        yield Drift(subject, "missing-subject", f"the registry does not have it; the lock has {numbers}")
        return
    there = {version.version: version for version in actual.versions}
    for version in locked.versions:
        other = there.pop(version.version, None)
        if other is None:
            yield Drift(subject, "missing-version", f"the registry does not have v{version.version}")
        elif other.fingerprint != version.fingerprint:
            words = "; ".join(_words(version, other)) or "same in meaning"
            yield Drift(subject, "other-schema", f"v{version.version} in the registry is another schema: {words}")
        elif same_ids and other.id != version.id:
            text = f"v{version.version} has id {other.id} in the registry, {version.id} in the lock"
            yield Drift(subject, "other-id", text)
    for version in there.values():
        words = "; ".join(_words(locked.versions[-1], version)) if locked.versions else ""
        text = f"v{version.version} (id {version.id}) is in the registry, not in the lock" + (words and f": {words}")
        yield Drift(subject, "new-version", text)
    if actual.level != locked.level:
        yield Drift(subject, "level", f"level {actual.level} in the registry, {locked.level} in the lock")
    if actual.mode != locked.mode:
        yield Drift(subject, "mode", f"mode {actual.mode} in the registry, {locked.mode} in the lock")


def _lock_against_contract(topic: Topic, locked: lock.Subject | None) -> Iterator[Drift]:
    if locked is None or not locked.versions:
        yield Drift(topic.subject, "not-registered", "the contract is not in the lock: it was never registered")
        return
    latest = locked.versions[-1]
    if latest.fingerprint != lock.fingerprint_of(topic):
        words = "; ".join(in_words(json.loads(latest.schema), topic.schema))
        yield Drift(
            topic.subject, "not-registered", f"the contract is not v{latest.version}, the latest in the lock: {words}"
        )
    if locked.level != topic.compatibility:
        text = f"level {topic.compatibility} in the catalogue, {locked.level} in the lock"
        yield Drift(topic.subject, "level-not-applied", text)


def _words(before: lock.Version, after: lock.Version) -> list[str]:
    return in_words(json.loads(before.schema), json.loads(after.schema))

"""Check the working copy against registered versions: what changed, who breaks, in which order to deploy, the fix.

The rules are those of `registry/compatibility.py`; what they cannot see is found by `registry/contract/semantics.py`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

import attrs

from tributary.avro.parser import parse, stored
from tributary.avro.schema import SchemaError
from tributary.catalog import CatalogError, Topic
from tributary.project import Project
from tributary.registry import compatibility, lock
from tributary.registry.check import fixes
from tributary.registry.check.fixes import BACKWARD
from tributary.registry.contract import diff as changes
from tributary.registry.contract import semantics
from tributary.registry.contract.hazards import CONSUMERS_FIRST, DANGERS, NOTES, Hazard
from tributary.registry.lint import exemptions
from tributary.registry.lint.engine import known_rules
from tributary.registry.lint.exemptions import Exemption

DAY_MS = 24 * 60 * 60 * 1000


@attrs.frozen
class Break:
    """One incompatibility, with the versions that have it."""

    direction: str
    """backward: the candidate cannot read what the versions wrote; forward: they cannot read what it writes."""
    versions: tuple[int, ...]
    rule: str
    """Apache's name for it, or NOT_COMPARABLE; `message` then says why."""
    path: str
    """The field in words, for example `items[].quantity`."""
    reader: str
    writer: str
    message: str
    who: str
    """Who breaks, as a sentence."""
    fix: str


@attrs.frozen
class SubjectCheck:
    """The verdict on one contract."""

    topic: Topic
    level: str
    versions: tuple[lock.Version, ...]
    """The registered versions, in order."""
    registered: lock.Version | None
    """The version that the contract equals, if it is already registered."""
    changes: tuple[changes.Change, ...]
    """Changes to the latest version."""
    breaks: tuple[Break, ...]
    order: str
    """The order in which to deploy, in words; empty if nothing changed."""
    hazards: tuple[Hazard, ...] = ()
    """Changes that the registry accepts although they damage data."""
    accepted: tuple[tuple[Hazard, str], ...] = ()
    """Hazards that `exemptions.toml` accepts, with the reason."""
    invalid: str = ""
    """Why the contract cannot be checked, with its file; then all else is empty."""

    @property
    def passed(self) -> bool:
        """Whether the contract is valid, nothing breaks and no danger is left."""
        return not self.invalid and not self.breaks and not any(hazard.danger for hazard in self.hazards)

    @property
    def next_version(self) -> int:
        """The number that the contract has, or would get."""
        if self.registered:
            return self.registered.version
        return self.versions[-1].version + 1 if self.versions else 1

    @property
    def docs_only(self) -> bool:
        """Whether nothing but docs differs from the latest version."""
        return bool(self.changes) and all(change.kind == "doc" for change in self.changes)


def check_all(
    topics: Sequence[Topic], versions: Mapping[str, Sequence[lock.Version]], project: Project
) -> list[SubjectCheck]:
    """Check every contract at its level, and the fields that topics are joined on across all of them.

    `versions` has what is registered, by subject. Raises `ExemptionError`.
    """
    checked = [check_subject(topic, topic.compatibility, versions[topic.subject]) for topic in topics]
    names = dict.fromkeys([*(topic.key for topic in topics), *project.envelope])
    unsettled: dict[str, Sequence[changes.Change]] = {
        check.topic.contract: () if check.registered else check.changes
        for check in checked
        if check.versions and not check.invalid
    }
    joined = semantics.joined(unsettled, list(names))
    off = [e for e in exemptions.load(known_rules(), project.exemptions) if e.rule in DANGERS or e.rule in NOTES]
    return [
        _accept(attrs.evolve(check, hazards=(*check.hazards, *joined.get(check.topic.contract, ()))), off)
        for check in checked
    ]


def _accept(check: SubjectCheck, off: Sequence[Exemption]) -> SubjectCheck:
    left, accepted = [], []
    for hazard in check.hazards:
        reason = next((e.reason for e in off if e.covers(hazard.rule, check.topic.contract, hazard.path)), None)
        if reason is None:
            left.append(hazard)
        else:
            accepted.append((hazard, reason))
    return attrs.evolve(check, hazards=tuple(left), accepted=tuple(accepted))


def check_subject(topic: Topic, level: str, versions: Sequence[lock.Version]) -> SubjectCheck:
    """Check a contract at a level against a subject's versions (in order; none is fine)."""
    try:
        contract, own = topic.schema, lock.fingerprint_of(topic)
        same = next((version for version in reversed(versions) if _fingerprint(topic, version) == own), None)
        if same is None:
            _check_defaults(topic)
    except (SchemaError, CatalogError) as error:
        return SubjectCheck(topic, level, tuple(versions), None, (), (), "", invalid=str(error))
    if not versions or same is versions[-1]:
        return SubjectCheck(topic, level, tuple(versions), same, (), (), "")
    earlier = [json.loads(version.schema) for version in versions]
    changed = tuple(changes.changes(earlier[-1], contract))
    if same:
        return SubjectCheck(topic, level, tuple(versions), same, changed, (), "")
    found = tuple(semantics.hazards(contract, earlier, changed))
    order = deploy_order(topic, level, versions)
    if order.startswith("either") and any(hazard.rule in CONSUMERS_FIRST for hazard in found):
        order = "consumers first: older consumers can read the new data, but miss the new fields"
    breaks = tuple(_breaks(topic, level, versions))
    return SubjectCheck(topic, level, tuple(versions), None, changed, breaks, order, found)


def _fingerprint(topic: Topic, version: lock.Version) -> str:
    try:
        return version.fingerprint
    except SchemaError as error:
        message = (
            f"{topic.path}: v{version.version} of {topic.subject}, to compare with, is not an Avro schema: {error}"
        )
        raise SchemaError(message) from error


def _check_defaults(topic: Topic) -> None:
    try:
        parse(topic.text)
    except SchemaError as error:
        raise SchemaError(f"{topic.path}: {error}") from error


def _breaks(topic: Topic, level: str, versions: Sequence[lock.Version]) -> list[Break]:
    candidate = stored(topic.text)
    parsed = [stored(version.schema) for version in versions]
    grouped: dict[tuple[str, str, str], list[tuple[int, compatibility.Incompatibility]]] = {}
    for index, direction, found in compatibility.check(level, candidate, parsed):
        for incompatibility in found:
            grouped.setdefault((direction, incompatibility.rule, incompatibility.path), []).append(
                (index, incompatibility)
            )
    number = versions[-1].version + 1
    return [
        _break(topic, direction, number, [(versions[index], one) for index, one in members])
        for (direction, _, _), members in grouped.items()
    ]


def _break(
    topic: Topic, direction: str, number: int, members: list[tuple[lock.Version, compatibility.Incompatibility]]
) -> Break:
    version, found = members[-1]
    numbers = tuple(sorted({member.version for member, _ in members}))
    breaking = who(direction, numbers, number, topic)
    return Break(
        direction,
        numbers,
        found.rule or "NOT_COMPARABLE",
        found.path,
        found.reader,
        found.writer,
        found.message,
        breaking if found.rule else f"{breaking}: {found.message}",
        fixes.fix(found, direction, topic.schema, json.loads(version.schema)),
    )


def who(direction: str, versions: Sequence[int], candidate: int, topic: Topic) -> str:
    """Who breaks, as a sentence."""
    olds = _listed(versions)
    if direction == BACKWARD:
        return (
            f"consumers on v{candidate} cannot read what producers on {olds} wrote or still write "
            f"(records stay {retention(topic.retention_ms)} in {topic.name})"
        )
    return f"consumers still on {olds} cannot read what producers on v{candidate} write"


def _listed(versions: Sequence[int]) -> str:
    names = [f"v{version}" for version in versions]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def retention(retention_ms: int) -> str:
    """A retention for people: `7 days`, or milliseconds where it is no whole number of days."""
    if retention_ms < 0:
        return "for ever"
    if retention_ms % DAY_MS:
        return f"{retention_ms} ms"
    days = retention_ms // DAY_MS
    return "1 day" if days == 1 else f"{days} days"


def deploy_order(topic: Topic, level: str, versions: Sequence[lock.Version]) -> str:
    """The order in which to deploy the contract: consumers first, producers first, or either.

    It follows from who can read whom, in both directions whatever the level is, among the contract and the versions
    that the level covers.
    """
    candidate = stored(topic.text)
    covered = versions if level.endswith("_TRANSITIVE") else versions[-1:]
    parsed = [(version.version, stored(version.schema)) for version in covered]
    unread = [number for number, old in parsed if compatibility.incompatibilities(candidate, old)]
    unreading = [number for number, old in parsed if compatibility.incompatibilities(old, candidate)]
    if unread and unreading:
        return "no order is safe: neither side reads the other's data; use a new topic, or the fix below"
    if unreading:
        return f"consumers first: those on {_listed(unreading)} cannot read the new data"
    if unread:
        return (
            f"producers first; consumers only when the last record of {_listed(unread)} has left the topic "
            f"(retention {retention(topic.retention_ms)})"
        )
    return "either: consumers and producers of every version read each other"

"""Delete versions and subjects: first softly, which hides them, then permanently."""

from __future__ import annotations

import attrs

from tributary.registry.server import errors
from tributary.registry.server.reading import VersionId, has_subject
from tributary.registry.server.registering import now
from tributary.registry.server.state import names, scope
from tributary.registry.server.state.model import Version
from tributary.registry.server.state.state import Change, Drop, Planned, SetConfig, SetMode, State


def delete_version(state: State, subject: str, wanted: VersionId, *, permanent: bool) -> Planned:
    """Delete one version; the answer is its number. Raises ApiError."""
    versions = state.of(subject)
    version = state.latest(subject) if wanted.number is None else versions.get(wanted.number)
    if version is None:
        if not has_subject(state, subject, deleted=True):
            raise errors.subject_not_found(subject)
        raise errors.version_not_found(-1 if wanted.number is None else wanted.number)
    if version.deleted and not permanent:
        raise errors.version_soft_deleted(subject, wanted.text)
    scope.check_writable(state, subject)
    _check_unreferenced(state, version)
    if not permanent:
        return Planned((_softly(version),), version.version)
    if not version.deleted:
        raise errors.version_not_soft_deleted(subject, version.version)
    forgotten = _forget_settings(state, subject) if len(versions) == 1 else []
    return Planned((Drop(subject, version.version), *forgotten), version.version)


def delete_subject(state: State, subject: str, *, permanent: bool) -> Planned:
    """Delete every version of a subject; the answer is their numbers. Raises ApiError."""
    if not has_subject(state, subject, deleted=True):
        raise errors.subject_not_found(subject)
    if not permanent and not has_subject(state, subject, deleted=False):
        raise errors.subject_soft_deleted(subject)
    scope.check_writable(state, subject)
    versions = [version for version in state.of(subject).values() if permanent or not version.deleted]
    for version in versions:
        _check_unreferenced(state, version)
        if permanent and not version.deleted:
            raise errors.subject_not_soft_deleted(subject)
    changes: list[Change]
    if permanent:
        changes = [*(Drop(subject, version.version) for version in versions), *_forget_settings(state, subject)]
    else:
        changes = [_softly(version) for version in versions]
    return Planned(tuple(changes), [version.version for version in versions])


def referenced_by(state: State, version: Version) -> list[int]:
    """The ids of the schemas that refer to a version."""
    context = names.context_of(version.subject)
    return sorted(
        {
            other.id
            for other in state.all()
            if not other.deleted and names.context_of(other.subject) == context and _refers(other, version)
        }
    )


def _refers(other: Version, version: Version) -> bool:
    return any(
        reference.version == version.version and names.within(other.subject, reference.subject) == version.subject
        for reference in other.content.references
    )


def _check_unreferenced(state: State, version: Version) -> None:
    if referenced_by(state, version):
        raise errors.reference_exists(version.subject, version.version)


def _softly(version: Version) -> Version:
    return attrs.evolve(version, deleted=True, ts=now())


def _forget_settings(state: State, subject: str) -> list[Change]:
    changes: list[Change] = []
    if subject in state.modes:
        changes.append(SetMode(subject, None))
    if subject in state.configs:
        changes.append(SetConfig(subject, None))
    return changes

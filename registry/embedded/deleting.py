"""Deleting versions and subjects: first softly, which hides them, then for good."""

from __future__ import annotations

import attrs

from registry.embedded import errors, names, scope
from registry.embedded.model import Version
from registry.embedded.reading import VersionId, has_subject
from registry.embedded.registering import now
from registry.embedded.store import Change, Drop, SetConfig, SetMode, Store


def delete_version(store: Store, subject: str, wanted: VersionId, *, permanent: bool) -> int:
    """Delete one version; returns its number. Raises ApiError."""
    versions = store.versions.get(subject, {})
    version = store.latest(subject) if wanted.number is None else versions.get(wanted.number)
    if version is None:
        if not has_subject(store, subject, deleted=True):
            raise errors.subject_not_found(subject)
        raise errors.version_not_found(-1 if wanted.number is None else wanted.number)
    if version.deleted and not permanent:
        raise errors.version_soft_deleted(subject, wanted.text)
    scope.check_writable(store, subject)
    _check_unreferenced(store, version)
    if not permanent:
        store.commit(_softly(version))
        return version.version
    if not version.deleted:
        raise errors.version_not_soft_deleted(subject, version.version)
    changes: list[Change] = [Drop(subject, version.version)]
    store.commit(*changes, *(_forget_settings(store, subject) if len(versions) == 1 else []))
    return version.version


def delete_subject(store: Store, subject: str, *, permanent: bool) -> list[int]:
    """Delete every version of a subject; returns their numbers. Raises ApiError."""
    if not has_subject(store, subject, deleted=True):
        raise errors.subject_not_found(subject)
    if not permanent and not has_subject(store, subject, deleted=False):
        raise errors.subject_soft_deleted(subject)
    scope.check_writable(store, subject)
    versions = [version for version in store.of(subject) if permanent or not version.deleted]
    for version in versions:
        _check_unreferenced(store, version)
        if permanent and not version.deleted:
            raise errors.subject_not_soft_deleted(subject)
    if permanent:
        drops: list[Change] = [Drop(subject, version.version) for version in versions]
        store.commit(*drops, *_forget_settings(store, subject))
    else:
        store.commit(*map(_softly, versions))
    return [version.version for version in versions]


def referenced_by(store: Store, version: Version) -> list[int]:
    """The ids of the schemas that refer to a version."""
    context = names.context_of(version.subject)
    return sorted(
        {
            other.id
            for other in store.all()
            if not other.deleted and names.context_of(other.subject) == context and _refers(other, version)
        }
    )


def _refers(other: Version, version: Version) -> bool:
    return any(
        reference.version == version.version and names.within(other.subject, reference.subject) == version.subject
        for reference in other.content.references
    )


def _check_unreferenced(store: Store, version: Version) -> None:
    if referenced_by(store, version):
        raise errors.reference_exists(version.subject, version.version)


def _softly(version: Version) -> Version:
    return attrs.evolve(version, deleted=True, ts=now())


def _forget_settings(store: Store, subject: str) -> list[Change]:
    changes: list[Change] = []
    if subject in store.modes:
        changes.append(SetMode(subject, None))
    if subject in store.configs:
        changes.append(SetConfig(subject, None))
    return changes

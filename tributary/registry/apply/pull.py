"""Add what the registry has to the lock, so that `check` compares the contracts with it."""

from __future__ import annotations

from pathlib import Path

import attrs

from tributary.catalog import Catalog
from tributary.registry import lock
from tributary.registry.apply.snapshot import snapshot
from tributary.registry.apply.unknown import Unknown, find
from tributary.registry.client import RegistryClient
from tributary.settings import Settings


@attrs.frozen
class Pulled:
    """What was added."""

    taken: tuple[Unknown, ...]
    lock_path: Path
    lock_changed: bool


def pull(settings: Settings, catalog: Catalog) -> Pulled:
    """Write the catalogue's subjects to the lock as the registry has them; contracts are not changed.

    Only subjects with something new are taken from a local registry: `apply` updates it where it is behind the lock.
    Raises LockError if the two have diverged, RegistryUnavailable, RegistryError and CatalogError.
    """
    registry = RegistryClient.from_settings(settings)
    path = lock.path_for(settings)
    known = lock.load(path) or lock.Lock(lock.registry_name(settings.registry_url))
    present = {topic.subject: snapshot(registry, topic.subject) for topic in catalog.topics}
    taken = find(settings, catalog.topics, present)
    subjects = dict(known.subjects)
    for subject, actual in present.items():
        locked = subjects.get(subject)
        if not actual.versions or (locked and registry.is_local and subject not in {one.subject for one in taken}):
            continue
        if locked and registry.is_local:
            _require_all(path, subject, locked, actual)
        subjects[subject] = actual
    return Pulled(tuple(taken), path, lock.save(lock.Lock(lock.registry_name(settings.registry_url), subjects), path))


def _require_all(path: Path, subject: str, locked: lock.Subject, actual: lock.Subject) -> None:
    there = {version.fingerprint for version in actual.versions}
    if lost := [f"v{version.version}" for version in locked.versions if version.fingerprint not in there]:
        raise lock.LockError(
            f"{path}: {subject}: {', '.join(lost)} of the lock would be lost: this machine's registry has other "
            "versions in their place. To keep the lock's, empty the registry with: tributary stack clean, tributary "
            "stack up, tributary apply"
        )

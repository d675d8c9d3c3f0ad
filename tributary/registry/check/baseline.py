"""The baseline of `check`: the lock, the registry, or the contracts of a git revision."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from tributary.catalog import Topic
from tributary.errors import UsageError
from tributary.project import FILE
from tributary.registry import lock
from tributary.registry.client import RegistryClient
from tributary.settings import Settings

Versions = Mapping[str, Sequence[lock.Version]]
"""Subject → its versions in order."""


class BaselineError(UsageError):
    """The baseline does not exist; the message lists the possible ones."""


def baseline(against: str, settings: Settings, topics: Sequence[Topic]) -> Versions:
    """The versions of each topic's subject, by `lock`, `registry` or `git:REF`.

    Raises BaselineError, and what the client and the lock raise.
    """
    if against == "registry":
        registry = RegistryClient.from_settings(settings)
        return {topic.subject: registry.versions(topic.subject) for topic in topics}
    if against == "lock":
        known = lock.load(settings.lock_path)
        if known is None:
            raise BaselineError(
                f"{settings.lock_path} does not exist; run: tributary apply. If the lock is elsewhere, correct `lock` "
                f"in {settings.project.folder / FILE}, or REGISTRY_LOCK_PATH"
            )
        return {topic.subject: _locked(known, topic) for topic in topics}
    kind, _, revision = against.partition(":")
    if kind == "git" and revision:
        return _revision(revision, settings, topics)
    raise BaselineError(f"--against {against}: expected lock, registry or git:REF (for example git:origin/main)")


def _locked(known: lock.Lock | None, topic: Topic) -> tuple[lock.Version, ...]:
    subject = known.subjects.get(topic.subject) if known else None
    return subject.versions if subject else ()


def _revision(revision: str, settings: Settings, topics: Sequence[Topic]) -> Versions:
    """The revision's lock, and its contracts that were not registered yet, which count as the next version."""
    project = settings.project
    _git(project.folder, "rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}")
    places = (settings.lock_path, project.earlier_place(settings.lock_path))
    text = next(filter(None, (_show(project.folder, revision, place) for place in places)), None)
    known = lock.parse(text, f"{revision}:{settings.lock_path.name}") if text else None
    versions = {}
    for topic in topics:
        history = _locked(known, topic)
        contract = _show(project.folder, revision, topic.path)
        if contract and lock.fingerprint(contract) not in [version.fingerprint for version in history]:
            history += (lock.Version(history[-1].version + 1 if history else 1, 0, contract),)
        versions[topic.subject] = history
    return versions


def _show(folder: Path, revision: str, path: Path) -> str | None:
    """A file of a revision, or None. `folder` is an existing folder of the working copy."""
    name = f"./{os.path.relpath(path, folder)}"
    if not _git(folder, "ls-tree", "--name-only", revision, name).strip():
        return None
    return _git(folder, "show", f"{revision}:{name}")


def _git(folder: Path, *arguments: str) -> str:
    try:
        return subprocess.run(
            ["git", "-C", str(folder), *arguments], check=True, capture_output=True, text=True, encoding="utf-8"
        ).stdout
    except FileNotFoundError as error:
        raise BaselineError("--against git:REF needs git on the PATH") from error
    except subprocess.CalledProcessError as error:
        reason = (
            error.stderr.strip() or f"{arguments[-1].removesuffix('^{commit}')} is not a revision of this repository"
        )
        raise BaselineError(f"--against git: {reason}") from error

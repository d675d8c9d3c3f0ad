"""What `check` compares the working copy with: the lock, the registry, or the contracts of a git revision."""

from __future__ import annotations

from collections.abc import Sequence

from registry import lock
from registry.client import RegistryClient
from schemas.catalog import Topic
from settings import Settings


class BaselineError(ValueError):
    """There is no such thing to compare with; the message says what there is."""


def baseline(against: str, settings: Settings, topics: Sequence[Topic]) -> dict[str, Sequence[lock.Version]]:
    """The registered versions of each topic's subject, in order, by `lock` or `registry`.

    Raises BaselineError for anything else or a lock that is missing, and what the client and the lock raise.
    """
    if against == "registry":
        registry = RegistryClient.from_settings(settings)
        return {topic.subject: registry.versions(topic.subject) for topic in topics}
    if against == "lock":
        known = lock.load(settings.lock_path)
        if known is None:
            raise BaselineError(f"{settings.lock_path} does not exist; run: make register-schemas")
        return {
            topic.subject: known.subjects[topic.subject].versions if topic.subject in known.subjects else ()
            for topic in topics
        }
    raise BaselineError(f"--against {against}: expected lock or registry")

"""What a registry has for a subject, as the lock keeps it."""

from __future__ import annotations

from tributary.registry import lock
from tributary.registry.client import RegistryClient

READWRITE, READONLY, IMPORT = "READWRITE", "READONLY", "IMPORT"
"""The modes of a subject."""


def snapshot(registry: RegistryClient, subject: str) -> lock.Subject:
    """What the registry has for a subject, as the lock keeps it."""
    return lock.Subject(
        registry.level(subject) or registry.default_level(),
        tuple(registry.versions(subject)),
        registry.mode(subject) or registry.default_mode(),
    )

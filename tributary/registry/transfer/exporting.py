"""Read a whole registry over its REST API."""

from __future__ import annotations

from collections.abc import Callable

from tributary.registry.server.state import names
from tributary.registry.transfer.archive import EVERYONE, Archive, ArchivedSubject, Scope
from tributary.registry.transfer.client import TransferClient

OnSubjects = Callable[[int, int], None]
"""Called with the number of subjects read and their total."""

_OVERRIDE = "READONLY_OVERRIDE"


def export(registry: TransferClient, on_progress: OnSubjects = lambda _read, _total: None) -> Archive:
    """Everything that the registry lists: versions, soft-deleted ones included, configurations and modes.

    A registry does not list subjects that have a configuration or mode but no version, such as bare aliases: they are
    missing. Raises RegistryUnavailable and RegistryError.
    """
    everyone = Scope(registry.config(EVERYONE), registry.default_mode())
    # While this is the global mode, a registry returns it for every subject and hides the subject's own.
    modes_are_known = everyone.mode != _OVERRIDE
    found = registry.all_subjects()
    subjects = {}
    for count, name in enumerate(sorted(found)):
        on_progress(count, len(found))
        mode = registry.mode(name) if modes_are_known else None
        subjects[name] = ArchivedSubject(registry.config(name), mode, tuple(registry.all_versions(name)))
    scopes = {EVERYONE: everyone}
    for scope in _outer_scopes(registry):
        own = Scope(registry.config(scope), registry.mode(scope) if modes_are_known else None)
        if own != Scope():
            scopes[scope] = own
    on_progress(len(found), len(found))
    return Archive(scopes, subjects)


def _outer_scopes(registry: TransferClient) -> list[str]:
    """The scopes between a subject and the global settings; registries without contexts have none."""
    contexts = registry.contexts()
    return [f":{name}:" for name in sorted(contexts) if name != "."] + ([names.GLOBAL_CONTEXT] if contexts else [])

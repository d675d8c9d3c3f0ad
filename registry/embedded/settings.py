"""Setting levels and modes."""

from __future__ import annotations

from typing import Any

from registry.compatibility import LEVELS
from registry.embedded import errors, names, scope
from registry.embedded.bodies import CONFIG_FIELDS
from registry.embedded.deleting import referenced_by
from registry.embedded.reading import has_subject
from registry.embedded.scope import EVERYONE
from registry.embedded.store import Change, Drop, SetConfig, SetMode, Store

Config = dict[str, Any]


def get_config(store: Store, subject: str, *, in_scope: bool) -> Config:
    """A subject's own configuration, or `in_scope` the one that applies to it. Raises ApiError 40408."""
    if in_scope or subject == EVERYONE:
        return _ordered(scope.config(store, subject))
    if subject not in store.configs:
        raise errors.config_not_found(subject)
    return _ordered(store.configs[subject])


def put_config(store: Store, subject: str, changes: Config) -> Config:
    """Change what the request names, keep the rest; returns the whole. Raises ApiError."""
    level = changes.get("compatibilityLevel")
    if level is not None:
        if level.upper() not in LEVELS:
            raise errors.invalid_level()
        changes = changes | {"compatibilityLevel": level.upper()}
    if not names.is_valid(subject, for_settings=True):
        raise errors.invalid_subject(subject)
    scope.check_writable(store, subject)
    merged = store.configs.get(subject, {}) | changes
    config = _ordered({key: value for key, value in merged.items() if value is not None})
    store.commit(SetConfig(subject, config))
    return config


def delete_config(store: Store, subject: str) -> Config:
    """Take a configuration away; returns what it was. Raises ApiError."""
    if subject != EVERYONE and subject not in store.configs:
        raise errors.subject_not_found(subject)
    config = get_config(store, subject, in_scope=False)
    scope.check_writable(store, subject)
    store.commit(SetConfig(subject, None))
    return config


def get_mode(store: Store, subject: str, *, in_scope: bool) -> str:
    """A subject's own mode, or `in_scope` the one that applies to it. Raises ApiError 40409."""
    if in_scope or subject == EVERYONE or store.modes.get(EVERYONE) == "READONLY_OVERRIDE":
        return scope.mode(store, subject)
    if subject not in store.modes:
        raise errors.mode_not_found(subject)
    return store.modes[subject]


def put_mode(store: Store, subject: str, mode: str | None, *, force: bool) -> str:
    """Set a mode; IMPORT needs an empty subject (or registry) unless forced. Returns it; raises ApiError."""
    if not names.is_valid(subject, for_settings=True):
        raise errors.invalid_subject(subject)
    if mode is None or mode.upper() not in scope.MODES:
        raise errors.invalid_mode()
    mode = mode.upper()
    changes: list[Change] = []
    if mode == "IMPORT" and scope.mode(store, subject) != "IMPORT" and not force:
        changes += _clear(store, subject)
    store.commit(*changes, SetMode(subject, mode))
    return mode


def delete_mode(store: Store, subject: str) -> str:
    """Take a mode away; returns what it was. Raises ApiError."""
    if subject != EVERYONE and subject not in store.modes:
        raise errors.subject_not_found(subject)
    mode = get_mode(store, subject, in_scope=False)
    store.commit(SetMode(subject, None))
    return mode


def _clear(store: Store, subject: str) -> list[Change]:
    """Make room for an import: what is softly deleted goes, anything else forbids it."""
    if has_subject(store, subject, deleted=False):
        raise errors.not_permitted("Cannot import since found existing subjects")
    context, name = names.split(subject)
    drops: list[Change] = []
    for version in store.all():
        if version.subject == subject or (not name and (not subject or names.context_of(version.subject) == context)):
            if referenced_by(store, version):
                raise errors.reference_exists(version.subject, version.version)
            drops.append(Drop(version.subject, version.version))
    return drops


def _ordered(config: Config) -> Config:
    return {field: config[field] for field in CONFIG_FIELDS if field in config}

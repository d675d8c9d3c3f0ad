"""Setting levels and modes."""

from __future__ import annotations

from typing import Any

from tributary.registry.compatibility import LEVELS
from tributary.registry.server import errors
from tributary.registry.server.bodies import CONFIG_FIELDS
from tributary.registry.server.deleting import referenced_by
from tributary.registry.server.reading import has_subject
from tributary.registry.server.state import names, scope
from tributary.registry.server.state.scope import EVERYONE
from tributary.registry.server.state.state import Change, Drop, Planned, SetConfig, SetMode, State

Config = dict[str, Any]


def get_config(state: State, subject: str, *, in_scope: bool) -> Config:
    """A subject's own configuration, or `in_scope` the one that applies to it. Raises ApiError 40408."""
    if in_scope or subject == EVERYONE:
        return _ordered(scope.config(state, subject))
    if subject not in state.configs:
        raise errors.config_not_found(subject)
    return _ordered(state.configs[subject])


def put_config(state: State, subject: str, changes: Config) -> Planned:
    """Change what the request names, keep the rest; the answer is the whole. Raises ApiError."""
    level = changes.get("compatibilityLevel")
    if level is not None:
        if level.upper() not in LEVELS:
            raise errors.invalid_level()
        changes = changes | {"compatibilityLevel": level.upper()}
    if not names.is_valid(subject, for_settings=True):
        raise errors.invalid_subject(subject)
    scope.check_writable(state, subject)
    merged = state.configs.get(subject, {}) | changes
    config = _ordered({key: value for key, value in merged.items() if value is not None})
    return Planned((SetConfig(subject, config),), config)


def delete_config(state: State, subject: str) -> Planned:
    """Take a configuration away; the answer is what it was. Raises ApiError."""
    if subject != EVERYONE and subject not in state.configs:
        raise errors.subject_not_found(subject)
    config = get_config(state, subject, in_scope=False)
    scope.check_writable(state, subject)
    return Planned((SetConfig(subject, None),), config)


def get_mode(state: State, subject: str, *, in_scope: bool) -> str:
    """A subject's own mode, or `in_scope` the one that applies to it. Raises ApiError 40409."""
    if in_scope or subject == EVERYONE or state.modes.get(EVERYONE) == "READONLY_OVERRIDE":
        return scope.mode(state, subject)
    if subject not in state.modes:
        raise errors.mode_not_found(subject)
    return state.modes[subject]


def put_mode(state: State, subject: str, mode: str | None, *, force: bool) -> Planned:
    """Set a mode; IMPORT needs an empty subject (or registry) unless forced. The answer is it; raises ApiError."""
    if not names.is_valid(subject, for_settings=True):
        raise errors.invalid_subject(subject)
    if mode is None or mode.upper() not in scope.MODES:
        raise errors.invalid_mode()
    mode = mode.upper()
    changes: list[Change] = []
    if mode == "IMPORT" and scope.mode(state, subject) != "IMPORT" and not force:
        changes += _clear(state, subject)
    return Planned((*changes, SetMode(subject, mode)), {"mode": mode})


def delete_mode(state: State, subject: str) -> Planned:
    """Take a mode away; the answer is what it was. Raises ApiError."""
    if subject != EVERYONE and subject not in state.modes:
        raise errors.subject_not_found(subject)
    mode = get_mode(state, subject, in_scope=False)
    return Planned((SetMode(subject, None),), {"mode": mode})


def _clear(state: State, subject: str) -> list[Change]:
    """Make room for an import: what is softly deleted goes, anything else forbids it."""
    if has_subject(state, subject, deleted=False):
        raise errors.not_permitted("Cannot import since found existing subjects")
    context, name = names.split(subject)
    drops: list[Change] = []
    for version in state.all():
        if version.subject == subject or (not name and (not subject or names.context_of(version.subject) == context)):
            if referenced_by(state, version):
                raise errors.reference_exists(version.subject, version.version)
            drops.append(Drop(version.subject, version.version))
    return drops


def _ordered(config: Config) -> Config:
    return {field: config[field] for field in CONFIG_FIELDS if field in config}

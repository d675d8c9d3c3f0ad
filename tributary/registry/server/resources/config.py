"""The configuration of a subject or of the registry: compatibility level and other settings."""

from __future__ import annotations

from typing import Any

from tributary.catalog import LEVELS
from tributary.registry.server import errors
from tributary.registry.server.call import Call, Handler, Routes, Write
from tributary.registry.server.requests import CONFIG_FIELDS, config_request
from tributary.registry.server.state import names, scope
from tributary.registry.server.state.scope import EVERYONE
from tributary.registry.server.state.state import Planned, SetConfig

Config = dict[str, Any]


def _get(call: Call) -> Config:
    if call.flag("defaultToGlobal"):
        return _ordered(scope.config(call.state, call.place))
    return _own(call)


def _own(call: Call) -> Config:
    """The scope's own configuration. Raises ApiError 40408 if it has none."""
    if call.place == EVERYONE:
        return _ordered(scope.config(call.state, EVERYONE))
    if call.place not in call.state.configs:
        raise errors.config_not_found(call.place)
    return _ordered(call.state.configs[call.place])


def _put(call: Call) -> Planned:
    """Change the settings in the request and keep the others. The answer is the whole configuration."""
    changes = config_request(call.body)
    level = changes.get("compatibilityLevel")
    if level is not None:
        if level.upper() not in LEVELS:
            raise errors.invalid_level()
        changes["compatibilityLevel"] = level.upper()
    if not names.is_valid(call.place, for_settings=True):
        raise errors.invalid_subject(call.place)
    scope.check_writable(call.state, call.place)
    merged = call.state.configs.get(call.place, {}) | changes
    config = _ordered({key: value for key, value in merged.items() if value is not None})
    shown = {"compatibility" if key == "compatibilityLevel" else key: value for key, value in config.items()}
    return Planned((SetConfig(call.place, config),), shown)


def _delete(call: Call) -> Planned:
    """Delete a configuration. The answer is the deleted configuration."""
    if call.place != EVERYONE and call.place not in call.state.configs:
        raise errors.subject_not_found(call.place)
    config = _own(call)
    scope.check_writable(call.state, call.place)
    return Planned((SetConfig(call.place, None),), config)


def _ordered(config: Config) -> Config:
    return {field: config[field] for field in CONFIG_FIELDS if field in config}


_METHODS: dict[str, Handler] = {"GET": _get, "PUT": Write(_put), "DELETE": Write(_delete)}
ROUTES: Routes = {"config": _METHODS, "config/{subject}": _METHODS}

"""The mode of a subject or of the registry: whether it can be written, and with ids chosen by the client."""

from __future__ import annotations

from typing import Any

from tributary.registry.server import errors
from tributary.registry.server.call import Call, Handler, Routes, Write
from tributary.registry.server.deleting import referenced_by
from tributary.registry.server.reading import has_subject
from tributary.registry.server.requests import mode_request
from tributary.registry.server.state import names, scope
from tributary.registry.server.state.scope import EVERYONE
from tributary.registry.server.state.state import Change, Drop, Planned, SetMode, State


def _get(call: Call) -> Any:
    return {"mode": scope.mode(call.state, call.place) if call.flag("defaultToGlobal") else _own(call)}


def _own(call: Call) -> str:
    """The scope's own mode. Raises ApiError 40409 if it has none."""
    if call.place == EVERYONE or call.state.modes.get(EVERYONE) == "READONLY_OVERRIDE":
        return scope.mode(call.state, call.place)
    if call.place not in call.state.modes:
        raise errors.mode_not_found(call.place)
    return call.state.modes[call.place]


def _put(call: Call) -> Planned:
    """Set a mode. IMPORT requires an empty subject (or registry), unless forced."""
    mode = (mode_request(call.body) or "").upper()
    if not names.is_valid(call.place, for_settings=True):
        raise errors.invalid_subject(call.place)
    if mode not in scope.MODES:
        raise errors.invalid_mode()
    changes: list[Change] = []
    if mode == "IMPORT" and scope.mode(call.state, call.place) != "IMPORT" and not call.flag("force"):
        changes += _clear(call.state, call.place)
    return Planned((*changes, SetMode(call.place, mode)), {"mode": mode})


def _delete(call: Call) -> Planned:
    """Delete a mode. The answer is the deleted mode."""
    if call.place != EVERYONE and call.place not in call.state.modes:
        raise errors.subject_not_found(call.place)
    return Planned((SetMode(call.place, None),), {"mode": _own(call)})


def _clear(state: State, subject: str) -> list[Change]:
    """Prepare an import: permanently delete soft-deleted versions. Raises ApiError if there are others."""
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


_METHODS: dict[str, Handler] = {"GET": _get, "PUT": Write(_put), "DELETE": Write(_delete)}
ROUTES: Routes = {"mode": _METHODS, "mode/{subject}": _METHODS}

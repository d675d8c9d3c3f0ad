"""Compatibility checks of a schema against the versions of a subject."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tributary.registry.server import errors, reading, registering
from tributary.registry.server.call import Call, Routes
from tributary.registry.server.errors import ApiError
from tributary.registry.server.requests import schema_request
from tributary.registry.server.state.model import Version


def _with_one(call: Call) -> Any:
    wanted = reading.version_id(call.path["version"])
    version = reading.get(call.state, call.subject, wanted, deleted=False)
    if version is None and wanted.number is not None:
        raise errors.version_not_found(wanted.number)
    return _verdict(call, [] if version is None else [version])


def _with_all(call: Call) -> Any:
    return _verdict(call, (version for version in call.state.newest_first(call.subject) if not version.deleted))


def _verdict(call: Call, versions: Iterable[Version]) -> Any:
    request, verbose = schema_request(call.body), call.flag("verbose")
    try:
        messages = registering.check(call.state, call.subject, request, versions, normalize=call.normalize)
    except ApiError as error:
        if not verbose or error.code != 42201:
            raise
        messages = [error.message]
    return {"is_compatible": not messages} | ({"messages": messages} if verbose else {})


ROUTES: Routes = {
    "compatibility/subjects/{subject}/versions": {"POST": _with_all},
    "compatibility/subjects/{subject}/versions/{version}": {"POST": _with_one},
}

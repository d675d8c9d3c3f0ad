"""Subjects: list them, look a schema up in one, delete one."""

from __future__ import annotations

from typing import Any

from tributary.registry.server import deleting, errors, reading, registering
from tributary.registry.server.call import Call, Routes, Write
from tributary.registry.server.errors import ApiError
from tributary.registry.server.requests import schema_request
from tributary.registry.server.state import names
from tributary.registry.server.state.state import Planned


def _list(call: Call) -> Any:
    found = reading.subjects_with_prefix(call.state, call.text("subjectPrefix", names.WILDCARD))
    return call.page([subject for subject in found if _is_listed(call, subject)])


def _is_listed(call: Call, subject: str) -> bool:
    live = any(not version.deleted for version in call.state.of(subject).values())
    return not live if call.flag("deletedOnly") else live or call.flag("deleted")


def _look_up(call: Call) -> Any:
    request, deleted = schema_request(call.body), call.flag("deleted")
    found = registering.look_up(call.state, call.subject, request, normalize=call.normalize, deleted=deleted)
    if found is None:
        raise _missing(call)
    return call.shown(found)


def _with_metadata(call: Call) -> Any:
    wanted = dict(zip(call.query.get("key", ()), call.query.get("value", ()), strict=False))
    deleted = call.flag("deleted")
    for version in call.state.newest_first(call.subject):
        properties = (version.content.metadata or {}).get("properties", {})
        if (deleted or not version.deleted) and version.content.metadata and wanted.items() <= properties.items():
            return call.shown(version)
    raise _missing(call)


def _missing(call: Call) -> ApiError:
    if not reading.has_subject(call.state, call.subject, deleted=call.flag("deleted")):
        return errors.subject_not_found(call.subject)
    return errors.schema_not_found()


def _delete(call: Call) -> Planned:
    return deleting.delete_subject(call.state, call.subject, permanent=call.flag("permanent"))


ROUTES: Routes = {
    "subjects": {"GET": _list},
    "subjects/{subject}": {"POST": _look_up, "DELETE": Write(_delete)},
    "subjects/{subject}/metadata": {"GET": _with_metadata},
}

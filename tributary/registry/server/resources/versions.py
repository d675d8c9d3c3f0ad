"""The versions of a subject: register, list, read and delete them."""

from __future__ import annotations

from typing import Any

import attrs

from tributary.registry.server import deleting, errors, reading, registering
from tributary.registry.server.call import Call, Raw, Routes, Write
from tributary.registry.server.reading import VersionId
from tributary.registry.server.requests import schema_request
from tributary.registry.server.state import names
from tributary.registry.server.state.model import Version
from tributary.registry.server.state.state import Planned


def _list(call: Call) -> Any:
    negative = call.flag("deletedAsNegative")
    deleted = negative or call.flag("deleted") or call.flag("deletedOnly")
    if not reading.has_subject(call.state, call.subject, deleted=deleted):
        raise errors.subject_not_found(call.subject)
    kept = [version for version in call.state.of(call.subject).values() if negative or call.kept(version)]
    return call.page([-version.version if negative and version.deleted else version.version for version in kept])


def _register(call: Call) -> Planned:
    request = schema_request(call.body)
    if not names.is_valid(call.path["subject"]):
        raise errors.invalid_subject(call.path["subject"])
    planned = registering.register(call.state, call.subject, request, normalize=call.normalize)
    shown = planned.answer.to_json()
    del shown["subject"]
    return attrs.evolve(planned, answer={"id": shown.pop("id"), "version": shown.pop("version"), **shown})


def _named(call: Call) -> VersionId:
    return reading.version_id(call.path["version"])


def _version(call: Call) -> Version:
    return reading.get_or_raise(call.state, call.subject, _named(call), deleted=call.flag("deleted"))


def _get(call: Call) -> Any:
    return call.shown(_version(call))


def _get_schema(call: Call) -> Any:
    return Raw(call.shown(_version(call))["schema"])


def _referenced_by(call: Call) -> Any:
    version = reading.get_or_raise(call.state, call.subject, _named(call), deleted=True)
    return call.page(deleting.referenced_by(call.state, version))


def _delete(call: Call) -> Planned:
    return deleting.delete_version(call.state, call.subject, _named(call), permanent=call.flag("permanent"))


ROUTES: Routes = {
    "subjects/{subject}/versions": {"GET": _list, "POST": Write(_register)},
    "subjects/{subject}/versions/{version}": {"GET": _get, "DELETE": Write(_delete)},
    "subjects/{subject}/versions/{version}/schema": {"GET": _get_schema},
    "subjects/{subject}/versions/{version}/referencedby": {"GET": _referenced_by},
}

"""Schemas by their id or GUID, and a search through all of them."""

from __future__ import annotations

from typing import Any

from tributary.registry.server import errors, reading
from tributary.registry.server.call import Call, Raw, Routes, number
from tributary.registry.server.state import names
from tributary.registry.server.state.model import Version

_SEARCH_LIMIT = 1_000


def _search(call: Call) -> Any:
    found: list[dict[str, Any]] = []
    for subject in reading.subjects_with_prefix(call.state, call.text("subjectPrefix")):
        kept = [version for version in call.state.of(subject).values() if call.flag("deleted") or not version.deleted]
        found += [version.to_json() for version in (kept[-1:] if call.flag("latestOnly") else kept)]
    return call.page(found, _SEARCH_LIMIT)


def _types(_: Call) -> Any:
    return ["AVRO"]


def _by_id(call: Call) -> Any:
    return _identified(call, _found_by_id(call))


def _by_id_schema(call: Call) -> Any:
    return Raw(call.shown(_found_by_id(call))["schema"])


def _found_by_id(call: Call) -> Version:
    schema_id = number(call.path["id"])
    found = reading.by_id(call.state, schema_id, names.normal(call.text("subject")))
    if found is None:
        raise errors.schema_not_found(schema_id)
    return found


def _identified(call: Call, version: Version) -> dict[str, Any]:
    shown = call.shown(version)
    del shown["id"]
    if call.flag("fetchMaxId"):
        shown["maxId"] = call.state.last_id(names.context_of(version.subject))
    return shown


def _versions(call: Call) -> Any:
    return call.page([{"subject": version.subject, "version": version.version} for version in _holders(call)])


def _subjects(call: Call) -> Any:
    return call.page([version.subject for version in _holders(call)])


def _holders(call: Call) -> list[Version]:
    schema_id, subject = number(call.path["id"]), names.normal(call.text("subject"))
    versions = reading.versions_of_id(call.state, schema_id, subject, deleted=call.flag("deleted"))
    if versions is None:
        raise errors.schema_not_found()
    return versions


def _by_guid(call: Call) -> Any:
    found = reading.by_guid(call.state, call.path["guid"])
    version = reading.by_id(call.state, found[0][1], names.join(found[0][0], "")) if found else None
    if version is None:
        raise errors.schema_not_found(call.path["guid"])
    shown = _identified(call, version)
    return {key: value for key, value in shown.items() if key not in ("subject", "version")}


def _guid_ids(call: Call) -> Any:
    found = reading.by_guid(call.state, call.path["guid"])
    return [{"context": context, "id": schema_id} for context, schema_id in found]


ROUTES: Routes = {
    "schemas": {"GET": _search},
    "schemas/types": {"GET": _types},
    "schemas/ids/{id}": {"GET": _by_id},
    "schemas/ids/{id}/schema": {"GET": _by_id_schema},
    "schemas/ids/{id}/subjects": {"GET": _subjects},
    "schemas/ids/{id}/versions": {"GET": _versions},
    "schemas/guids/{guid}": {"GET": _by_guid},
    "schemas/guids/{guid}/ids": {"GET": _guid_ids},
}

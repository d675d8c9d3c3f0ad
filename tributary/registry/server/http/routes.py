"""The API: which path and method do what, on which parameters."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import attrs

from tributary.avro import canonical as avro_text
from tributary.registry.server import deleting, errors, reading, registering, settings
from tributary.registry.server.bodies import config_request, mode_request, schema_request
from tributary.registry.server.call import Call, Raw, number
from tributary.registry.server.errors import ApiError
from tributary.registry.server.schemas import parsing as schemas
from tributary.registry.server.state import names
from tributary.registry.server.state.model import Version
from tributary.registry.server.state.scope import EVERYONE
from tributary.registry.server.state.state import Planned

_SEARCH_LIMIT = 1_000
_LIST_LIMIT = 20_000


def _formatted(call: Call, version: Version) -> dict[str, Any]:
    shown = version.to_json()
    if call.text("format").strip().lower() == "resolved":
        shown["schema"] = avro_text.resolved(schemas.parse_stored(call.state, version))
    return shown


# ---- subjects and versions -------------------------------------------------------------------


def _subjects(call: Call) -> Any:
    found = reading.subjects_with_prefix(call.state, call.text("subjectPrefix", names.WILDCARD))
    return call.page([subject for subject in found if _listed(call, subject)], _LIST_LIMIT)


def _listed(call: Call, subject: str) -> bool:
    live = any(not version.deleted for version in call.state.of(subject).values())
    return not live if call.flag("deletedOnly") else live or call.flag("deleted")


def _look_up(call: Call) -> Any:
    request, deleted = schema_request(call.body), call.flag("deleted")
    found = registering.look_up(call.state, call.subject, request, normalize=call.normalize, deleted=deleted)
    if found is None:
        raise _missing(call, deleted)
    return _formatted(call, found)


def _missing(call: Call, deleted: bool) -> ApiError:
    if not reading.has_subject(call.state, call.subject, deleted=deleted):
        return errors.subject_not_found(call.subject)
    return errors.schema_not_found()


def _with_metadata(call: Call) -> Any:
    wanted = dict(zip(call.query.get("key", ()), call.query.get("value", ()), strict=False))
    deleted = call.flag("deleted")
    for version in call.state.newest_first(call.subject):
        properties = (version.content.metadata or {}).get("properties", {})
        if (deleted or not version.deleted) and version.content.metadata and wanted.items() <= properties.items():
            return _formatted(call, version)
    raise _missing(call, deleted)


def _delete_subject(call: Call) -> Planned:
    return deleting.delete_subject(call.state, call.subject, permanent=call.flag("permanent"))


def _versions(call: Call) -> Any:
    negative = call.flag("deletedAsNegative")
    deleted = negative or call.flag("deleted") or call.flag("deletedOnly")
    if not reading.has_subject(call.state, call.subject, deleted=deleted):
        raise errors.subject_not_found(call.subject)
    kept = [version for version in call.state.of(call.subject).values() if negative or call.kept(version)]
    signs = [-version.version if negative and version.deleted else version.version for version in kept]
    return call.page(signs, _LIST_LIMIT)


def _register(call: Call) -> Planned:
    request = schema_request(call.body)
    if not names.is_valid(call.path["subject"]):
        raise errors.invalid_subject(call.path["subject"])
    planned = registering.register(call.state, call.subject, request, normalize=call.normalize)
    shown = planned.answer.to_json()
    del shown["subject"]
    return attrs.evolve(planned, answer={"id": shown.pop("id"), "version": shown.pop("version"), **shown})


def _version(call: Call) -> Version:
    wanted = reading.version_id(call.path["version"])
    return reading.get_or_raise(call.state, call.subject, wanted, deleted=call.flag("deleted"))


def _get_version(call: Call) -> Any:
    return _formatted(call, _version(call))


def _get_version_schema(call: Call) -> Any:
    return Raw(_formatted(call, _version(call))["schema"])


def _referenced_by(call: Call) -> Any:
    wanted = reading.version_id(call.path["version"])
    version = reading.get_or_raise(call.state, call.subject, wanted, deleted=True)
    return call.page(deleting.referenced_by(call.state, version), _LIST_LIMIT)


def _delete_version(call: Call) -> Planned:
    wanted = reading.version_id(call.path["version"])
    return deleting.delete_version(call.state, call.subject, wanted, permanent=call.flag("permanent"))


# ---- compatibility ---------------------------------------------------------------------------


def _check_version(call: Call) -> Any:
    wanted = reading.version_id(call.path["version"])
    version = reading.get(call.state, call.subject, wanted, deleted=False)
    if version is None and wanted.number is not None:
        raise errors.version_not_found(wanted.number)
    return _verdict(call, [] if version is None else [version])


def _check_versions(call: Call) -> Any:
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


# ---- schemas by id ---------------------------------------------------------------------------


def _schemas(call: Call) -> Any:
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
    return Raw(_formatted(call, _found_by_id(call))["schema"])


def _found_by_id(call: Call) -> Version:
    schema_id = number(call.path["id"])
    found = reading.by_id(call.state, schema_id, names.normal(call.text("subject")))
    if found is None:
        raise errors.schema_not_found(schema_id)
    return found


def _identified(call: Call, version: Version) -> dict[str, Any]:
    shown = _formatted(call, version)
    del shown["id"]
    if call.flag("fetchMaxId"):
        shown["maxId"] = call.state.last_id(names.context_of(version.subject))
    return shown


def _by_id_versions(call: Call) -> Any:
    versions = _holders(call)
    return call.page([{"subject": v.subject, "version": v.version} for v in versions], _LIST_LIMIT)


def _by_id_subjects(call: Call) -> Any:
    return call.page([version.subject for version in _holders(call)], _LIST_LIMIT)


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
    return [
        {"context": context, "id": schema_id} for context, schema_id in reading.by_guid(call.state, call.path["guid"])
    ]


# ---- settings and the rest -------------------------------------------------------------------


def _get_config(call: Call) -> Any:
    return settings.get_config(call.state, _place(call), in_scope=call.flag("defaultToGlobal"))


def _put_config(call: Call) -> Planned:
    planned = settings.put_config(call.state, _place(call), config_request(call.body))
    shown = {"compatibility" if key == "compatibilityLevel" else key: value for key, value in planned.answer.items()}
    return attrs.evolve(planned, answer=shown)


def _delete_config(call: Call) -> Planned:
    return settings.delete_config(call.state, _place(call))


def _get_mode(call: Call) -> Any:
    return {"mode": settings.get_mode(call.state, _place(call), in_scope=call.flag("defaultToGlobal"))}


def _put_mode(call: Call) -> Planned:
    return settings.put_mode(call.state, _place(call), mode_request(call.body), force=call.flag("force"))


def _delete_mode(call: Call) -> Planned:
    return settings.delete_mode(call.state, _place(call))


def _place(call: Call) -> str:
    return call.subject if "subject" in call.path else EVERYONE


def _contexts(call: Call) -> Any:
    return call.page(call.state.contexts(), _LIST_LIMIT)


def _nothing(_: Call) -> Any:
    return {}


def _no_associations(_: Call) -> Any:
    """Clients of the newest kind ask which subject goes with a topic; none does, so they go by the topic's name."""
    return []


def _server_id(_: Call) -> Any:
    clusters = {"kafka-cluster": "", "schema-registry-cluster": "schema-registry"}
    return {"id": "", "scope": {"path": [], "clusters": clusters}}


def _server_version(_: Call) -> Any:
    return {"version": "8.3.1", "commitId": "tributary-embedded"}


@attrs.frozen
class Write:
    """A handler that plans a change. It may run more than once for a request."""

    plan: Callable[[Call], Planned]


Handler = Callable[[Call], Any] | Write
ROUTES: dict[str, dict[str, Handler]] = {
    "": {"GET": _nothing, "POST": _nothing},
    "subjects": {"GET": _subjects},
    "subjects/{subject}": {"POST": _look_up, "DELETE": Write(_delete_subject)},
    "subjects/{subject}/metadata": {"GET": _with_metadata},
    "subjects/{subject}/versions": {"GET": _versions, "POST": Write(_register)},
    "subjects/{subject}/versions/{version}": {"GET": _get_version, "DELETE": Write(_delete_version)},
    "subjects/{subject}/versions/{version}/schema": {"GET": _get_version_schema},
    "subjects/{subject}/versions/{version}/referencedby": {"GET": _referenced_by},
    "compatibility/subjects/{subject}/versions": {"POST": _check_versions},
    "compatibility/subjects/{subject}/versions/{version}": {"POST": _check_version},
    "schemas": {"GET": _schemas},
    "schemas/types": {"GET": _types},
    "schemas/ids/{id}": {"GET": _by_id},
    "schemas/ids/{id}/schema": {"GET": _by_id_schema},
    "schemas/ids/{id}/subjects": {"GET": _by_id_subjects},
    "schemas/ids/{id}/versions": {"GET": _by_id_versions},
    "schemas/guids/{guid}": {"GET": _by_guid},
    "schemas/guids/{guid}/ids": {"GET": _guid_ids},
    "config": {"GET": _get_config, "PUT": Write(_put_config), "DELETE": Write(_delete_config)},
    "config/{subject}": {"GET": _get_config, "PUT": Write(_put_config), "DELETE": Write(_delete_config)},
    "mode": {"GET": _get_mode, "PUT": Write(_put_mode), "DELETE": Write(_delete_mode)},
    "mode/{subject}": {"GET": _get_mode, "PUT": Write(_put_mode), "DELETE": Write(_delete_mode)},
    "contexts": {"GET": _contexts},
    "associations/subjects/{subject}": {"GET": _no_associations},
    "associations/resources/{resource}": {"GET": _no_associations},
    "associations/resources/{namespace}/{resource}": {"GET": _no_associations},
    "v1/metadata/id": {"GET": _server_id},
    "v1/metadata/version": {"GET": _server_version},
}
"""What each path answers, by method."""

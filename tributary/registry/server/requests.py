"""Request bodies, parsed as leniently as Confluent's server (Jackson) does: numbers and strings are interchangeable."""

from __future__ import annotations

import json
from typing import Any

import attrs

from tributary.registry.server.errors import ApiError, bad_request
from tributary.registry.server.state.model import Metadata, Reference

_FLAGS = ("normalize", "validateFields", "validateNames", "validateRules")
CONFIG_FIELDS = (
    *("alias", *_FLAGS, "compatibilityLevel", "compatibilityPolicy"),
    *("compatibilityGroup", "defaultMetadata", "overrideMetadata"),
)
"""The fields of a configuration, in the order of an answer."""


@attrs.frozen
class SchemaRequest:
    """A schema as a client sends it. `id` is -1 and `version` 0 if the client sends none."""

    schema: str = ""
    type: str = "AVRO"
    references: tuple[Reference, ...] = ()
    metadata: Metadata | None = None
    id: int = -1
    version: int = 0


def decode(raw: bytes) -> dict[str, Any]:
    """The JSON object in a body. Raises ApiError for anything else."""
    if not raw.strip():
        raise ApiError(422, 422, "the request body must not be empty")
    try:
        body = json.loads(raw, parse_constant=_refuse)
        if b"\\u" in raw:
            json.dumps(body, ensure_ascii=False).encode()  # fails for an unpaired surrogate
    except RecursionError:
        raise bad_request("the request body is nested too deeply") from None
    except ValueError as error:
        raise bad_request(f"the request body is not valid JSON: {error}") from None
    if body is None:
        raise ApiError(422, 422, "the request body must not be null")
    if not isinstance(body, dict):
        raise bad_request(f"the request body must be a JSON object, not {_kind(body)}")
    return body


def schema_request(body: dict[str, Any]) -> SchemaRequest:
    """A body that contains a schema. Raises ApiError if a field has the wrong type."""
    return SchemaRequest(
        schema=_text(body, "schema") or "",
        type=_text(body, "schemaType") or "AVRO",
        references=_references(body.get("references")),
        metadata=_metadata(body.get("metadata"), "metadata"),
        id=_integer(body, "id", -1),
        version=_integer(body, "version", 0),
    )


def config_request(body: dict[str, Any]) -> dict[str, Any]:
    """The settings in a body, under the names used in answers; None removes a setting. Raises ApiError."""
    changed: dict[str, Any] = {}
    for field in CONFIG_FIELDS:
        sent = "compatibility" if field == "compatibilityLevel" else field
        if sent not in body:
            continue
        if field in _FLAGS:
            changed[field] = _flag(body, sent)
        elif field.endswith("Metadata"):
            changed[field] = _metadata(body[sent], sent)
        else:
            changed[field] = _text(body, sent)
    return changed


def mode_request(body: dict[str, Any]) -> str | None:
    """The mode in a body. Raises ApiError if it is not a string."""
    return _text(body, "mode")


def _refuse(name: str) -> Any:
    raise ValueError(f"{name} is not a JSON value")


def _kind(value: Any) -> str:
    names = {str: "a string", list: "a list", dict: "an object", bool: "a boolean", int: "a number", float: "a number"}
    return names.get(type(value), "null")


def _as_text(value: Any, field: str) -> str:
    if isinstance(value, (dict, list)):
        raise bad_request(f"{field} must be a string, not {_kind(value)}")
    return value if isinstance(value, str) else json.dumps(value)


def _text(body: dict[str, Any], field: str) -> str | None:
    value = body.get(field)
    return None if value is None else _as_text(value, field)


def _integer(body: dict[str, Any], field: str, default: int) -> int:
    value = body.get(field)
    if value is None or value == "":
        return default
    try:
        number = None if isinstance(value, (dict, list, bool)) else int(value)
    except (ValueError, OverflowError):
        number = None
    if number is None or not -(2**31) <= number < 2**31:
        raise bad_request(f"{field} must be a whole number of 32 bits, not {_kind(value)}")
    return number


def _flag(body: dict[str, Any], field: str) -> bool | None:
    value = body.get(field)
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str) and value.strip().lower() in ("true", "false"):
        return value.strip().lower() == "true"
    if isinstance(value, int):
        return value != 0
    raise bad_request(f"{field} must be true or false, not {_kind(value)}")


def _references(value: Any) -> tuple[Reference, ...]:
    if value is None:
        return ()
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise bad_request(f"references must be a list of objects, not {_kind(value)}")
    found = []
    for item in value:
        name, subject = _text(item, "name"), _text(item, "subject")
        if name is None or subject is None or item.get("version") is None:
            raise ApiError(422, 42201, "Invalid schema reference: it needs a name, a subject and a version")
        found.append(Reference(name, subject, _integer(item, "version", 0)))
    return tuple(found)


def _metadata(value: Any, field: str) -> Metadata | None:
    """Metadata in Confluent's form: sorted, each tag and each sensitive name once, without empty parts."""
    if value is None:
        return None
    tags, properties, sensitive = _parts(value, field)
    metadata: Metadata = {}
    if tags:
        metadata["tags"] = {path: _names(tags[path], f"{field}.tags") for path in sorted(tags)}
    if properties:
        texts = {key: _as_text(properties[key], f"{field}.properties") for key in sorted(properties)}
        metadata["properties"] = texts
    if sensitive:
        metadata["sensitive"] = _names(sensitive, f"{field}.sensitive")
    return metadata


def _parts(value: Any, field: str) -> tuple[dict[str, Any], dict[str, Any], Any]:
    if not isinstance(value, dict):
        raise bad_request(f"{field} must be an object, not {_kind(value)}")
    tags, properties = value.get("tags") or {}, value.get("properties") or {}
    if not isinstance(tags, dict) or not isinstance(properties, dict):
        raise bad_request(f"{field}.tags and {field}.properties must be objects")
    return tags, properties, value.get("sensitive") or []


def _names(value: Any, field: str) -> list[str]:
    if not isinstance(value, list):
        raise bad_request(f"{field} must hold lists of strings, not {_kind(value)}")
    return sorted({_as_text(item, field) for item in value})

"""Confluent's messages of the compatibility check, shown by `verbose=true` and by a refused registration."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import chain, islice
from typing import Any

from tributary.avro.schema import Schema
from tributary.registry.compatibility import Incompatibility, incompatibilities
from tributary.registry.server.schemas import shapes
from tributary.registry.server.schemas.shapes import Shape
from tributary.registry.server.state.model import Metadata, Version

_RESERVED = "confluent:reserved"
_SHOWN_SCHEMA = 10 * 1024


def compatibility_messages(
    config: dict[str, Any],
    candidate: Schema,
    metadata: Metadata | None,
    versions: Iterable[Version],
    parse: Callable[[Version], Schema],
    shape: Callable[[Version], Shape | None],
) -> list[str]:
    """Why a candidate is incompatible with the versions (newest first) under a configuration; empty if compatible.

    Like Confluent's server, it stops at the first incompatible version.
    """
    level = str(config["compatibilityLevel"])
    name, _, transitive = level.partition("_")
    versions = iter(versions)
    newest = list(islice(versions, 1))
    found = _reserved_fields(candidate, metadata, newest) if config.get("validateFields") else []
    group = config.get("compatibilityGroup")
    alike = (
        version
        for version in chain(newest, versions)
        if group is None or _property(version.content.metadata, group) == _property(metadata, group)
    )
    ours = shapes.shape(candidate) if transitive else None
    for version in () if name == "NONE" else alike if transitive else islice(alike, 1):
        if ours is not None and _is_proven(name, ours, shape(version)):
            continue
        if reasons := _reasons(name, candidate, version, parse):
            found += reasons
            break
    if found:
        validate = str(bool(config.get("validateFields"))).lower()
        found.append(f"{{validateFields: '{validate}', compatibility: '{level}'}}")
    return found


def _is_proven(level: str, ours: Shape, theirs: Shape | None) -> bool:
    """Whether two schemas are known to be compatible from their shapes."""
    if theirs is None:
        return False
    backward = level == "FORWARD" or shapes.reads(ours, theirs)
    return backward and (level == "BACKWARD" or shapes.reads(theirs, ours))


def _reasons(level: str, candidate: Schema, version: Version, parse: Callable[[Version], Schema]) -> list[str]:
    earlier = parse(version)
    forward = incompatibilities(earlier, candidate) if level in ("FORWARD", "FULL") else []
    backward = incompatibilities(candidate, earlier) if level in ("BACKWARD", "FULL") else []
    old = [f"{{oldSchemaVersion: {version.version}}}", _shown(earlier.canonical)]
    # Confluent shows the old schema only with the last of the two directions.
    shown = [_message(reason, "old", "new") for reason in forward]
    if backward or (forward and level == "FORWARD"):
        return shown + [_message(reason, "new", "old") for reason in backward] + old
    return shown


def _shown(text: str) -> str:
    units = text.encode("utf-16-le")  # Java counts these
    if len(units) <= 2 * _SHOWN_SCHEMA:
        return f"{{oldSchema: '{text}'}}"
    return f"{{oldSchema: <truncated> '{units[: 2 * _SHOWN_SCHEMA].decode('utf-16-le', 'ignore')}...'}}"


def _message(found: Incompatibility, reader: str, writer: str) -> str:
    path, message = found.location, found.message
    match found.rule:
        case "FIXED_SIZE_MISMATCH":
            text = f"The size of FIXED type field at path '{path}' in the {reader} schema does not match with the "
            text += f"{writer} schema"
        case "TYPE_MISMATCH":
            text = f"The type (path '{path}') of a field in the {reader} schema does not match with the {writer} schema"
        case "NAME_MISMATCH":
            text = f"The name of the schema has changed (path '{path}')"
        case "MISSING_ENUM_SYMBOLS":
            text = f"The {reader} schema is missing enum symbols '{message}' at path '{path}' in the {writer} schema"
        case "MISSING_UNION_BRANCH":
            text = f"The {reader} schema is missing a type inside a union field at path '{path}' in the {writer} schema"
        case "READER_FIELD_MISSING_DEFAULT_VALUE":
            text = f"The field '{message}' at path '{path}' in the {reader} schema has no default value and is missing "
            text += f"in the {writer} schema"
        case _:
            return f"Unexpected exception during compatibility check: {message}"
    return f"{{errorType:'{found.rule}', description:'{text}', additionalInfo:'{message}'}}"


def _property(metadata: Metadata | None, name: str) -> str | None:
    found = metadata.get("properties", {}).get(name) if metadata else None
    return found if found is None else str(found)


def _reserved_fields(candidate: Schema, metadata: Metadata | None, newest: Sequence[Version]) -> list[str]:
    reserved = _reserved(metadata)
    before = _reserved(newest[0].content.metadata) if newest else []
    removed = "The new schema has reserved field {} removed from its metadata which is present in the old schema's"
    clash = "The new schema has field that conflicts with the reserved field {}."
    return [removed.format(name) + " metadata." for name in before if name not in reserved] + [
        clash.format(name) for name in reserved if name in candidate.by_name
    ]


def _reserved(metadata: Metadata | None) -> list[str]:
    names = (_property(metadata, _RESERVED) or "").split(",")
    return list(dict.fromkeys(name.strip() for name in names if name.strip()))

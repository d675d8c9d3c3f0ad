"""Register and look up schemas: which text has which id, and which becomes a new version."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from typing import Any

import attrs

from tributary.avro.fingerprint import fingerprint
from tributary.avro.schema import Schema
from tributary.registry.server import errors
from tributary.registry.server.requests import SchemaRequest
from tributary.registry.server.schemas import parsing
from tributary.registry.server.schemas.messages import compatibility_messages
from tributary.registry.server.schemas.parsing import LATEST
from tributary.registry.server.state import names, scope
from tributary.registry.server.state.model import Content, Metadata, Version, merge_metadata
from tributary.registry.server.state.state import Drop, Planned, State

_VERSION_PROPERTY = "confluent:version"
# Confluent stores a version in one Kafka message, which has at most one mebibyte.
_LARGEST = 2**20 - 1024


def now() -> int:
    """Milliseconds since 1970."""
    return time.time_ns() // 1_000_000


def register(state: State, subject: str, request: SchemaRequest, *, normalize: bool) -> Planned:
    """Register a schema, or find that it is registered. The answer is the version. Raises ApiError if refused."""
    config = scope.config(state, subject)
    if not (config.get("defaultMetadata") or config.get("overrideMetadata")):
        latest_only = request.version == LATEST
        found = _find(state, subject, request, normalize=normalize, deleted=False, latest_only=latest_only)
        if found is not None and (answer := _registered(state, request, found)):
            return Planned((), answer)
    return _register_new(state, subject, request, config, normalize)


def look_up(state: State, subject: str, request: SchemaRequest, *, normalize: bool, deleted: bool) -> Version | None:
    """Find a schema under its subject; for the default context also under the same name in other contexts."""
    found = _look_up(state, subject, request, normalize, deleted)
    if found is not None or names.context_of(subject) != names.DEFAULT_CONTEXT:
        return found
    others = (names.join(context, subject) for context in state.contexts()[1:])
    answers = (_look_up(state, other, request, normalize, deleted) for other in others if other in state.versions)
    return next((answer for answer in answers if answer is not None), None)


def check(
    state: State, subject: str, request: SchemaRequest, versions: Iterable[Version], *, normalize: bool
) -> list[str]:
    """Confluent's messages about incompatibilities with the versions; empty if compatible. Raises ApiError 42201."""
    if not request.schema.strip():
        raise errors.invalid_schema("Empty schema")
    schema, content = parsing.accept(state, subject, request, new=True, normalize=normalize)
    return _messages(state, scope.config(state, subject), schema, content.metadata, versions)


def _messages(
    state: State, config: dict[str, Any], schema: Schema, metadata: Metadata | None, versions: Iterable[Version]
) -> list[str]:
    return compatibility_messages(
        config,
        schema,
        metadata,
        versions,
        lambda version: parsing.parse_stored(state, version),
        lambda version: parsing.shape_stored(state, version),
    )


def _registered(state: State, request: SchemaRequest, found: Version) -> Version | None:
    """The answer for a schema that is already registered, unless the client asks for another id or version."""
    if request.version in (0, LATEST):
        return found if request.id in (-1, found.id) else None
    if request.id != found.id:
        return None
    if request.version == found.version:
        return found
    # The same schema may have been imported under several versions.
    other = state.versions[found.subject].get(request.version)
    is_same = other is not None and not other.deleted and other.id == found.id and other.content == found.content
    return other if is_same else None


def _look_up(state: State, subject: str, request: SchemaRequest, normalize: bool, deleted: bool) -> Version | None:
    found = _find(state, subject, request, normalize=normalize, deleted=deleted)
    latest = state.latest(subject)
    if found is not None or latest is None:
        return found
    metadata = _inherited(scope.config(state, subject), request.metadata, latest)
    if metadata is None or metadata == request.metadata:
        return None
    return _find(state, subject, attrs.evolve(request, metadata=metadata), normalize=normalize, deleted=deleted)


def _find(
    state: State, subject: str, request: SchemaRequest, *, normalize: bool, deleted: bool, latest_only: bool = False
) -> Version | None:
    """A version of the subject with this schema: one with equal content, else one with equal meaning."""
    if not request.schema.strip():
        return None
    _, content = parsing.accept(state, subject, request, new=False, normalize=normalize)
    alike = [version for version in state.meaning(subject, content.meaning) if deleted or not version.deleted]
    if latest_only:
        alike = [version for version in alike if version is state.latest(subject)]
    else:
        held = _held(state, subject, content)
        if held is not None and (deleted or not held.deleted):
            return Version(subject, held.version, held.id, content)
    return next((version for version in alike if _means_same(state, content, version)), None)


def _held(state: State, subject: str, content: Content) -> Version | None:
    """The subject's version that holds the id of this content."""
    context = names.context_of(subject)
    schema_id = state.id_of(context, content.guid())
    number = None if schema_id is None else state.holders(context, schema_id).get(subject)
    return None if number is None else state.versions[subject][number]


def _means_same(state: State, content: Content, version: Version) -> bool:
    """Whether a schema equals this version's after references are resolved or `confluent:version` is removed.

    The stored fingerprint is not sufficient: an import may have replaced what a stored schema refers to.
    """
    theirs = version.content
    if content.references and set(content.references) != set(theirs.references):
        return False
    return _same_metadata(content.metadata, version) and content.meaning == fingerprint(
        parsing.parse_stored(state, version)
    )


def _same_metadata(metadata: Metadata | None, version: Version) -> bool:
    theirs = version.content.metadata
    ours_number, their_number = _number(metadata), _number(theirs)
    if (ours_number is None) == (their_number is None):
        return metadata == theirs
    if ours_number is not None and ours_number != version.version:
        return False
    return _without_number(metadata) == _without_number(theirs)


def _number(metadata: Metadata | None) -> int | None:
    text = metadata.get("properties", {}).get(_VERSION_PROPERTY) if metadata else None
    return int(text) if text is not None and text.isascii() and text.isdigit() else None


def _without_number(metadata: Metadata | None) -> Metadata:
    rest = dict(metadata or {})
    properties = {key: value for key, value in rest.pop("properties", {}).items() if key != _VERSION_PROPERTY}
    return rest | ({"properties": properties} if properties else {})


def _inherited(config: dict[str, Any], metadata: Metadata | None, previous: Version | None) -> Metadata | None:
    """A schema's metadata, or the previous version's, merged with the configured defaults and overrides."""
    if metadata is None and previous is not None:
        metadata = previous.content.metadata
    return merge_metadata(merge_metadata(config.get("defaultMetadata"), metadata), config.get("overrideMetadata"))


def _register_new(
    state: State, subject: str, request: SchemaRequest, config: dict[str, Any], normalize: bool
) -> Planned:
    scope.check_registrable(state, subject, request.id)
    importing = scope.mode(state, subject) in scope.IMPORTING
    last = next(state.newest_first(subject), None)
    number = last.version + 1 if last else 1
    if not importing:
        request = _complete(config, request, state.latest(subject), number)
    if not request.schema.strip():
        raise errors.invalid_schema("Empty schema")
    schema, content = parsing.accept(state, subject, request, new=request.id < 0, normalize=normalize)

    schema_id = request.id
    known = state.id_of(names.context_of(subject), content.guid())
    if known is not None and schema_id in (-1, known):
        held = _held(state, subject, content)
        if request.version == 0 and held is not None and not held.deleted:
            return Planned((), Version(subject, held.version, known, content))
        schema_id = known
    if request.version == 0:
        for version in state.meaning(subject, content.meaning):
            same = not version.deleted and schema_id in (-1, version.id)
            if same and _means_same(state, content, version):
                return Planned((), Version(subject, version.version, version.id, content))

    if not importing:
        live = (version for version in state.newest_first(subject) if not version.deleted)
        if messages := _messages(state, config, schema, content.metadata, live):
            raise errors.incompatible(subject, messages)
        if request.version > 0 and request.version != number:
            raise errors.invalid_schema("Version is not one more than previous version")
    number = request.version if request.version > 0 else number
    return _store(state, subject, number, schema_id, content)


def _complete(config: dict[str, Any], request: SchemaRequest, previous: Version | None, number: int) -> SchemaRequest:
    """Complete what the client left out from the previous version and the configuration."""
    if not request.schema.strip() and previous is not None:
        before = previous.content
        request = attrs.evolve(request, schema=before.schema, type="AVRO", references=before.references)
    metadata = _inherited(config, request.metadata, previous)
    if request.version != 0 or (metadata and _VERSION_PROPERTY in metadata.get("properties", {})):
        metadata = merge_metadata(metadata, {"properties": {_VERSION_PROPERTY: str(number)}})
    return attrs.evolve(request, metadata=metadata)


def _store(state: State, subject: str, number: int, schema_id: int, content: Content) -> Planned:
    context = names.context_of(subject)
    if schema_id < 0:
        schema_id = state.last_id(context) + 1
    elif holders := state.holders(context, schema_id):
        holder, held = next(iter(names.in_java_order(holders))), holders
        if state.versions[holder][held[holder]].content != content:
            raise errors.not_permitted(
                f"Overwrite new schema with id {schema_id} in context {context} is not permitted."
            )
    version = Version(subject, number, schema_id, content, now())
    if len(json.dumps(version.to_json(), ensure_ascii=False).encode()) > _LARGEST:
        raise errors.schema_too_large()
    # A deleted version with the same id does not count.
    alike = state.meaning(subject, content.meaning)
    replaced = [
        Drop(subject, old.version) for old in alike if old.deleted and old.id == schema_id and old.version < number
    ]
    return Planned((*replaced, version), attrs.evolve(version, ts=None))

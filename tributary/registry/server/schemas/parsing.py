"""Schemas as the registry uses them: parsed with their references, and in the text that it stores."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property

import attrs

from tributary.avro import parser
from tributary.avro.canonical import normalized
from tributary.avro.fingerprint import fingerprint
from tributary.avro.schema import Schema, SchemaError
from tributary.registry.server.errors import ApiError, invalid_schema
from tributary.registry.server.requests import SchemaRequest
from tributary.registry.server.schemas.cache import Cache
from tributary.registry.server.schemas.shapes import Shape, shape
from tributary.registry.server.state import names
from tributary.registry.server.state.model import Content, Reference, Version
from tributary.registry.server.state.state import State

LATEST = -1
"""The version number that means the latest version."""


@attrs.frozen
class Parsed:
    """A schema and the fingerprint of its meaning."""

    schema: Schema

    @cached_property
    def meaning(self) -> str:
        """The fingerprint. Raises ApiError 42201 if references nest the schema too deeply for one."""
        try:
            return fingerprint(self.schema)
        except RecursionError:
            raise invalid_schema("the schema is nested too deeply") from None


@Cache
def _parse(text: str, references: tuple[str, ...], new: bool) -> Parsed:
    return Parsed(parser.parse(text, references, validate_defaults=new))


def parse(text: str, references: tuple[str, ...] = (), *, new: bool) -> Parsed:
    """Parse a schema. Defaults must fit their types only if it is `new`. Raises ApiError 42201."""
    try:
        return _parse(text, references, new)
    except SchemaError as error:
        raise invalid_schema(str(error)) from None


def parse_stored(state: State, version: Version) -> Schema:
    """Parse a stored schema. Raises ApiError 42201 if a schema that it refers to no longer exists."""
    return _parse_stored(state, version).schema


def fingerprint_stored(state: State, version: Version) -> str:
    """The fingerprint of a stored schema; "unknown" if a schema that it refers to no longer exists."""
    try:
        return _parse_stored(state, version).meaning
    except ApiError:
        return "unknown"


_shapes: dict[str, Shape | None] = {}
_MOST_SHAPES = 20_000


def shape_stored(state: State, version: Version) -> Shape | None:
    """The shape of a stored schema; None if it has references, because an import may replace their targets."""
    content = version.content
    if content.references:
        return None
    if content.meaning not in _shapes:
        if len(_shapes) >= _MOST_SHAPES:
            _shapes.clear()
        _shapes[content.meaning] = shape(parse_stored(state, version))
    return _shapes.get(content.meaning)


def _parse_stored(state: State, version: Version) -> Parsed:
    content = version.content
    return parse(content.schema, _texts(state, version.subject, content.references, True)[0], new=False)


def accept(state: State, subject: str, request: SchemaRequest, *, new: bool, normalize: bool) -> tuple[Schema, Content]:
    """A client's schema, parsed, and the content that the registry would store. Raises ApiError 42201."""
    if request.type != "AVRO":
        raise invalid_schema(f"schema type {request.type} is not supported; this local registry supports AVRO only")
    texts, references = _texts(state, subject, request.references, not new)
    parsed = parse(request.schema, texts, new=new)
    if normalize:
        parsed = parse(normalized(parsed.schema), texts, new=new)
        references = tuple(sorted(set(references), key=attrs.astuple))
    return parsed.schema, Content(parsed.schema.canonical, references, request.metadata, parsed.meaning)


def _texts(
    state: State, subject: str, references: Iterable[Reference], deleted: bool
) -> tuple[tuple[str, ...], tuple[Reference, ...]]:
    """The texts of the referenced schemas, dependencies first, and the references with LATEST replaced by a number."""
    texts: dict[str, str] = {}
    try:
        found = tuple(_collect(state, subject, references, deleted, texts))
    except RecursionError:
        raise invalid_schema("references are nested too deeply") from None
    return tuple(texts.values()), found


def _collect(
    state: State, subject: str, references: Iterable[Reference], deleted: bool, texts: dict[str, str]
) -> list[Reference]:
    found = []
    for reference in references:
        used = _referenced(state, subject, reference, deleted)
        found.append(attrs.evolve(reference, version=used.version))
        if reference.name not in texts:
            _collect(state, used.subject, used.content.references, deleted, texts)
            texts[reference.name] = used.content.schema
    return found


def _referenced(state: State, subject: str, reference: Reference, deleted: bool) -> Version:
    where = names.within(subject, reference.subject)
    if reference.version == LATEST:
        version = state.latest(where)
    else:
        version = state.versions.get(where, {}).get(reference.version)
    if version is None or (version.deleted and not deleted):
        raise invalid_schema(f'No schema reference found for subject "{where}" and version {reference.version}')
    return version

"""Schemas as the registry handles them: parsed with their references, in the text it stores."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

import attrs

from registry import avro, avro_text
from registry.avro import Schema, SchemaError
from registry.embedded import names
from registry.embedded.bodies import SchemaRequest
from registry.embedded.errors import invalid_schema
from registry.embedded.model import Content, Reference, Version
from registry.embedded.store import Store

LATEST = -1
"""The version number that stands for the last version."""

_CACHED_LENGTH = 100_000


@lru_cache(maxsize=256)
def _parse_and_keep(text: str, references: tuple[str, ...], new: bool) -> Schema:
    return avro.parse(text, references, validate_defaults=new)


def parse(text: str, references: tuple[str, ...] = (), *, new: bool) -> Schema:
    """Parse a schema; only in a `new` one must defaults fit their types. Raises ApiError 42201."""
    kept = len(text) + sum(map(len, references)) <= _CACHED_LENGTH
    try:
        return (_parse_and_keep if kept else _parse_and_keep.__wrapped__)(text, references, new)
    except SchemaError as error:
        raise invalid_schema(str(error)) from None


def warm(request: SchemaRequest) -> None:
    """Parse a client's schema before the lock is taken, so that the work under the lock is short.

    Raises ApiError 42201 for one that is invalid by itself.
    """
    if request.type == "AVRO" and not request.references and request.schema.strip():
        parse(request.schema, new=False)


def parse_stored(store: Store, version: Version) -> Schema:
    """Parse a schema that the registry has."""
    content = version.content
    return parse(content.schema, _texts(store, version.subject, content.references, True)[0], new=False)


def accept(store: Store, subject: str, request: SchemaRequest, *, new: bool, normalize: bool) -> tuple[Schema, Content]:
    """A client's schema, parsed, and what the registry would store of it. Raises ApiError 42201."""
    if request.type != "AVRO":
        raise invalid_schema(f"schema type {request.type} is not supported, this local registry keeps AVRO only")
    texts, references = _texts(store, subject, request.references, not new)
    schema = parse(request.schema, texts, new=new)
    if normalize:
        schema = parse(avro_text.normalized(schema), texts, new=new)
        references = tuple(sorted(set(references), key=attrs.astuple))
    return schema, Content(schema.canonical, references, request.metadata)


def _texts(
    store: Store, subject: str, references: Iterable[Reference], deleted: bool
) -> tuple[tuple[str, ...], tuple[Reference, ...]]:
    """The texts that references stand for, dependencies first, and the references with LATEST made a number."""
    texts: dict[str, str] = {}
    try:
        found = tuple(_collect(store, subject, references, deleted, texts))
    except RecursionError:
        raise invalid_schema("references are nested too deeply") from None
    return tuple(texts.values()), found


def _collect(
    store: Store, subject: str, references: Iterable[Reference], deleted: bool, texts: dict[str, str]
) -> list[Reference]:
    found = []
    for reference in references:
        used = _referenced(store, subject, reference, deleted)
        found.append(attrs.evolve(reference, version=used.version))
        if reference.name not in texts:
            _collect(store, used.subject, used.content.references, deleted, texts)
            texts[reference.name] = used.content.schema
    return found


def _referenced(store: Store, subject: str, reference: Reference, deleted: bool) -> Version:
    where = names.within(subject, reference.subject)
    if reference.version == LATEST:
        version = store.latest(where)
    else:
        version = store.versions.get(where, {}).get(reference.version)
    if version is None or (version.deleted and not deleted):
        raise invalid_schema(f'No schema reference found for subject "{where}" and version {reference.version}')
    return version

"""Read versions, ids, subjects and contexts."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from tributary.registry.server import errors
from tributary.registry.server.state import names
from tributary.registry.server.state.model import Version
from tributary.registry.server.state.state import State


@attrs.frozen
class VersionId:
    """The version that a client asks for; `number` is None for the latest."""

    text: str
    number: int | None


def version_id(text: str) -> VersionId:
    """Read a version in a path: a number from 1 to 2^31-1, "latest" or -1. Raises ApiError 42202."""
    bare = text.strip()
    if bare.lower() == "latest" or bare == "-1":
        return VersionId(text, None)
    if not (bare.isascii() and bare.removeprefix("+").isdigit() and 0 < int(bare) < 2**31):
        raise errors.invalid_version(text)
    return VersionId(text, int(bare))


def get(state: State, subject: str, wanted: VersionId, *, deleted: bool) -> Version | None:
    """A version of a subject, or None. The latest version is never a deleted one."""
    if wanted.number is None:
        return state.latest(subject)
    version = state.of(subject).get(wanted.number)
    return None if version is None or (version.deleted and not deleted) else version


def get_or_raise(state: State, subject: str, wanted: VersionId, *, deleted: bool) -> Version:
    """A version of a subject; in the default context also of the same name in the others. Raises ApiError."""
    places = [subject]
    if names.context_of(subject) == names.DEFAULT_CONTEXT:
        places += [names.join(context, subject) for context in state.contexts()[1:]]
    for place in places:
        if (version := get(state, place, wanted, deleted=deleted)) is not None:
            return version
    if not has_subject(state, subject, deleted=deleted):
        raise errors.subject_not_found(subject)
    raise errors.version_not_found(-1 if wanted.number is None else wanted.number)


def has_subject(state: State, subject: str, *, deleted: bool) -> bool:
    """Whether a subject has versions; a bare context means all subjects in it, "" all subjects."""
    if not names.split(subject)[1]:
        context = names.context_of(subject)
        return any(
            deleted or not version.deleted
            for version in state.all()
            if not subject or names.context_of(version.subject) == context
        )
    return any(deleted or not version.deleted for version in state.of(subject).values())


def subjects_with_prefix(state: State, prefix: str) -> list[str]:
    """Subjects in order, including deleted ones. A prefix applies within its context; `:*:` selects all contexts."""
    context, start = names.split(prefix)
    found = []
    for subject in state.versions:
        where, name = names.split(subject)
        if context in ("*", where) and name.startswith(start):
            found.append(subject)
    return sorted(found)


def by_id(state: State, schema_id: int, subject: str) -> Version | None:
    """A version with an id: one of the subject if it has the id, else any version of the subject's context."""
    context, name = names.split(subject)
    holders = state.holders(context, schema_id)
    if not name or context != names.DEFAULT_CONTEXT or subject in holders:
        return _holder(state, holders, subject if name else "")
    for other in state.contexts()[1:]:
        place = names.join(other, name)
        if place in (elsewhere := state.holders(other, schema_id)):
            return _holder(state, elsewhere, place)
    return _holder(state, holders, "")


def _holder(state: State, holders: Mapping[str, int], subject: str) -> Version | None:
    if subject:
        return state.versions[subject][holders[subject]] if subject in holders else None
    first = next(iter(names.in_java_order(holders)), None)
    return None if first is None else state.versions[first][holders[first]]


def versions_of_id(state: State, schema_id: int, subject: str, *, deleted: bool) -> list[Version] | None:
    """The versions with an id, by subject, or None if no subject has it."""
    found = by_id(state, schema_id, subject)
    if found is None:
        return None
    holders = state.holders(names.context_of(found.subject), schema_id)
    versions = [state.versions[holder][holders[holder]] for holder in names.in_java_order(holders)]
    return [version for version in versions if deleted or not version.deleted]


def by_guid(state: State, guid: str) -> list[tuple[str, int]]:
    """The contexts that contain a content, with its id in each."""
    found = [(context, state.id_of(context, guid)) for context in state.contexts()]
    return [(context, schema_id) for context, schema_id in found if schema_id is not None]

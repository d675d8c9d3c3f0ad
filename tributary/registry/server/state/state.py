"""The state of the registry: immutable, so that a reader needs no lock.

A commit creates the next state. It copies the dictionaries that it changes (microseconds for a thousand entries) and
shares the others.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import attrs

from tributary.registry.server.state import names
from tributary.registry.server.state.model import Version


@attrs.frozen
class Drop:
    """Deletes a version permanently."""

    subject: str
    version: int


@attrs.frozen
class SetConfig:
    """Sets or deletes the configuration of a subject (or "", the global one)."""

    subject: str
    config: dict[str, Any] | None


@attrs.frozen
class SetMode:
    """Sets or deletes the mode of a subject (or "", the global one)."""

    subject: str
    mode: str | None


Change = Version | Drop | SetConfig | SetMode


@attrs.frozen
class Planned:
    """The changes of a request, and its answer after they are on disk."""

    changes: tuple[Change, ...]
    answer: Any


@attrs.frozen
class Context:
    """The ids of one context. `holders` maps an id to the subjects that have it, and to the version."""

    last_id: int = 0
    holders: Mapping[int, Mapping[str, int]] = attrs.field(factory=dict)
    by_guid: Mapping[str, int] = attrs.field(factory=dict)


@attrs.frozen(eq=False)
class State:
    """All versions, configurations and modes.

    `versions` maps subject and number to a version, ordered by number, including deleted ones; `by_meaning` maps
    subject and fingerprint to numbers.
    """

    versions: Mapping[str, dict[int, Version]] = attrs.field(factory=dict)
    by_meaning: Mapping[str, Mapping[str, tuple[int, ...]]] = attrs.field(factory=dict)
    configs: Mapping[str, dict[str, Any]] = attrs.field(factory=dict)
    modes: Mapping[str, str] = attrs.field(factory=dict)
    by_context: Mapping[str, Context] = attrs.field(factory=dict)

    def of(self, subject: str) -> dict[int, Version]:
        """Every version of a subject by its number, in order, including deleted ones. Do not modify it."""
        return self.versions.get(subject, {})

    def latest(self, subject: str) -> Version | None:
        """The last version that is not deleted."""
        return next((version for version in self.newest_first(subject) if not version.deleted), None)

    def newest_first(self, subject: str) -> Iterator[Version]:
        """Every version of a subject, including deleted ones, the newest first."""
        return reversed(self.of(subject).values())

    def meaning(self, subject: str, fingerprint: str) -> list[Version]:
        """The versions of a subject with a fingerprint, including deleted ones, the newest first."""
        numbers = self.by_meaning.get(subject, {}).get(fingerprint, ())
        return [self.versions[subject][number] for number in reversed(numbers)]

    def all(self) -> Iterator[Version]:
        """Every version of every subject."""
        for versions in self.versions.values():
            yield from versions.values()

    def contexts(self) -> list[str]:
        """The contexts, the default first."""
        return [names.DEFAULT_CONTEXT, *sorted(set(self.by_context) - {names.DEFAULT_CONTEXT})]

    def last_id(self, context: str) -> int:
        """The highest id ever assigned in a context, 0 for none. Ids are never reused, not even after a deletion."""
        return self._context(context).last_id

    def holders(self, context: str, schema_id: int) -> Mapping[str, int]:
        """The subjects that have an id, with the version of each."""
        return self._context(context).holders.get(schema_id, {})

    def id_of(self, context: str, guid: str) -> int | None:
        """The id of a content, if a version still has it."""
        schema_id = self._context(context).by_guid.get(guid)
        return schema_id if schema_id is not None and self.holders(context, schema_id) else None

    def after(self, changes: Iterable[Change], last_ids: Mapping[str, int] | None = None) -> State:
        """The state after the changes; `last_ids` gives a lower bound for the last id of each context."""
        draft = _Draft(self)
        for change in changes:
            draft.apply(change)
        for context, last_id in (last_ids or {}).items():
            draft.use_ids(context, last_id)
        return draft.finish()

    def _context(self, name: str) -> Context:
        return self.by_context.get(name, _EMPTY)


_EMPTY = Context()


class _Draft:
    """Builds the next state. Each dictionary is copied before its first change."""

    def __init__(self, before: State) -> None:
        self._versions = dict(before.versions)
        self._meanings = dict(before.by_meaning)
        self._configs, self._modes = dict(before.configs), dict(before.modes)
        self._before = before
        self._contexts: dict[str, _DraftContext] = {}
        self._touched: dict[str, tuple[dict[int, Version], dict[str, tuple[int, ...]]]] = {}

    def apply(self, change: Change) -> None:
        match change:
            case Version():
                self._put(change)
            case Drop(subject, number):
                self._drop(subject, number)
            case SetConfig(subject, config):
                _set(self._configs, subject, config)
            case SetMode(subject, mode):
                _set(self._modes, subject, mode)

    def use_ids(self, context: str, last_id: int) -> None:
        draft = self._context(context)
        draft.last_id = max(draft.last_id, last_id)

    def finish(self) -> State:
        for subject, (versions, meanings) in self._touched.items():
            _set(self._versions, subject, _in_order(versions) or None)
            _set(self._meanings, subject, meanings or None)
        contexts = {name: draft.finish() for name, draft in self._contexts.items()}
        by_context = {**self._before.by_context, **contexts}
        return State(self._versions, self._meanings, self._configs, self._modes, by_context)

    def _put(self, version: Version) -> None:
        versions, meanings = self._subject(version.subject)
        if version.version in versions:
            self._forget(meanings, versions[version.version])
        versions[version.version] = version
        numbers = {*meanings.get(version.content.meaning, ()), version.version}
        meanings[version.content.meaning] = tuple(sorted(numbers))
        context = self._context(names.context_of(version.subject))
        context.last_id = max(context.last_id, version.id)
        context.holders[version.id] = {**context.holders.get(version.id, {}), version.subject: version.version}
        context.by_guid[version.content.guid()] = version.id

    def _drop(self, subject: str, number: int) -> None:
        versions, meanings = self._subject(subject)
        version = versions.pop(number)
        self._forget(meanings, version)
        holders = self._context(names.context_of(subject)).holders
        if holders.get(version.id, {}).get(subject) == number:
            holders[version.id] = {held: at for held, at in holders[version.id].items() if held != subject}

    @staticmethod
    def _forget(meanings: dict[str, tuple[int, ...]], version: Version) -> None:
        meaning = version.content.meaning
        rest = tuple(number for number in meanings[meaning] if number != version.version)
        _set(meanings, meaning, rest or None)

    def _subject(self, subject: str) -> tuple[dict[int, Version], dict[str, tuple[int, ...]]]:
        if subject not in self._touched:
            before = self._before
            self._touched[subject] = (dict(before.of(subject)), dict(before.by_meaning.get(subject, {})))
        return self._touched[subject]

    def _context(self, name: str) -> _DraftContext:
        if name not in self._contexts:
            self._contexts[name] = _DraftContext(self._before.by_context.get(name, _EMPTY))
        return self._contexts[name]


class _DraftContext:
    def __init__(self, before: Context) -> None:
        self.last_id, self.holders, self.by_guid = before.last_id, dict(before.holders), dict(before.by_guid)

    def finish(self) -> Context:
        return Context(self.last_id, self.holders, self.by_guid)


def _in_order(versions: dict[int, Version]) -> dict[int, Version]:
    """The same, ordered by number; almost always it already is."""
    numbers = list(versions)
    ordered = sorted(numbers)
    return versions if numbers == ordered else {number: versions[number] for number in ordered}


def _set(where: dict[Any, Any], key: Any, value: Any) -> None:
    if value is None:
        where.pop(key, None)
    else:
        where[key] = value

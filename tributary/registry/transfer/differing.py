"""What an import would change in a registry, and its conflicts: a pure comparison without requests."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import attrs

from tributary.registry.server.state import names
from tributary.registry.transfer.archive import EVERYONE, Archive, ArchivedSubject, ArchivedVersion, Scope
from tributary.registry.transfer.client import IMPORT

TaskKind = Literal["register", "delete", "configure", "mode"]


@attrs.frozen
class Task:
    """One write, or a remark if `kind` is None."""

    scope: str
    text: str
    kind: TaskKind | None = None
    version: ArchivedVersion | None = None
    """The version to register or to soft-delete."""


@attrs.frozen
class Difference:
    """How an archive and a registry differ."""

    tasks: tuple[Task, ...]
    """In the order of their execution."""
    conflicts: tuple[str, ...]
    """Conflicts with what the registry has. If there is one, nothing is written."""
    unchanged: int
    """The number of the archive's versions that the registry already has."""


def compare(archive: Archive, there: Archive) -> Difference:
    """The writes after which a registry that contains `there` also contains the archive."""
    comparison = _Comparison(archive, there)
    return Difference(tuple(comparison.tasks()), tuple(comparison.conflicts()), comparison.unchanged())


@attrs.frozen
class _Comparison:
    archive: Archive
    there: Archive

    def tasks(self) -> Iterator[Task]:
        """Schemas before those that refer to them, then deletions, then modes: READONLY prevents further writes."""
        ordered = list(dict.fromkeys(place for name in self.archive.subjects for place in self._in_order(name)))
        for name, number in ordered:
            version = self._wanted(name, number)
            if self._found(name, number) is None:
                yield Task(name, f"register v{number} (id {version.id})", "register", version)
        for name, number in reversed(ordered):
            version, found = self._wanted(name, number), self._found(name, number)
            if version.deleted and not (found and found.deleted):
                yield Task(name, f"soft-delete v{number}", "delete", version)
        for name, wanted, present in self._scopes():
            if wanted.config and not present.config:
                yield Task(name, f"configure {_shown(wanted)}", "configure")
        for name, wanted, present in self._scopes():
            yield from _mode(name, wanted, present)
        yield from self._everyone()

    def _in_order(self, name: str) -> Iterator[tuple[str, int]]:
        """The subject's versions, each after the versions that it refers to."""
        subject = self.archive.subjects[name]
        for version in subject.versions:
            yield from self._before(name, version, set())
            yield name, version.version

    def _before(self, name: str, version: ArchivedVersion, seen: set[tuple[str, int]]) -> Iterator[tuple[str, int]]:
        for subject, number in version.references:
            place = names.within(name, subject), number
            found = self.archive.find(*place)
            if found is not None and place not in seen:
                seen.add(place)
                yield from self._before(place[0], found, seen)
                yield place

    def _everyone(self) -> Iterator[Task]:
        """Global settings are written only if no other subject depends on them."""
        wanted, present = self.archive.scopes.get(EVERYONE, Scope()), self.there.scopes.get(EVERYONE, Scope())
        alone = self.there.subjects.keys() <= self.archive.subjects.keys()
        if wanted.config and wanted.config != present.config:
            text = f"configuration {_shown(present)} → {_shown(wanted)}"
            yield Task(EVERYONE, text, "configure") if alone else Task(EVERYONE, f"{text}: {_OTHERS}")
        if wanted.mode and wanted.mode != present.mode:
            text = f"mode {present.mode} → {wanted.mode}"
            if present.mode == "READWRITE" and alone:
                yield Task(EVERYONE, text, "mode")
            else:
                yield Task(EVERYONE, f"{text}: {_OTHERS if present.mode == 'READWRITE' else _SET}")

    def conflicts(self) -> Iterator[str]:
        if self.there.scopes.get(EVERYONE, Scope()).mode == _OVERRIDE:
            yield f"the registry is in mode {_OVERRIDE}: nothing can be written until it is reset"
        ids = {
            (names.context_of(name), one.id): (f"{name} v{one.version} there", one)
            for name, one in self.there.versions()
        }
        for name, version in self.archive.versions():
            where, found = f"subject {name} v{version.version}", self._found(name, version.version)
            if found is not None:
                yield from _version_conflict(where, version, found)
                continue
            key = names.context_of(name), version.id
            holder, held = ids.setdefault(key, (f"{name} v{version.version} in the export", version))
            if held.content != version.content:
                yield f"{where}: id {version.id} is another schema's, {holder}"
            for subject, number in version.references:
                place = names.within(name, subject), number
                if self.archive.find(*place) is None and self._found(*place) is None:
                    yield f"{where} refers to {place[0]} v{number}, which is neither in the export nor there"
        for name, wanted, present in self._scopes():
            if wanted.config and present.config and wanted.config != present.config:
                yield f"{target(name)}: configured {_shown(present)} there, {_shown(wanted)} in the export"
            if wanted.mode and present.mode not in (None, IMPORT, wanted.mode):
                yield f"{target(name)}: mode {present.mode} there, {wanted.mode} in the export"

    def unchanged(self) -> int:
        return sum(self._found(name, version.version) is not None for name, version in self.archive.versions())

    def _wanted(self, name: str, number: int) -> ArchivedVersion:
        wanted = self.archive.find(name, number)
        assert wanted is not None
        return wanted

    def _found(self, name: str, number: int) -> ArchivedVersion | None:
        return self.there.find(name, number)

    def _scopes(self) -> Iterator[tuple[str, Scope, Scope]]:
        """Contexts and subjects with their settings in the archive and in the registry."""
        for name, wanted in self.archive.scopes.items():
            if name != EVERYONE:
                yield name, wanted, self.there.scopes.get(name, Scope())
        for name, subject in self.archive.subjects.items():
            yield name, subject, self.there.subjects.get(name, ArchivedSubject())


_OVERRIDE = "READONLY_OVERRIDE"
_OTHERS = "kept, because the registry has subjects that are not in the export"
_SET = "kept, because it was set explicitly"


def _mode(name: str, wanted: Scope, present: Scope) -> Iterator[Task]:
    """Set a mode that is not set yet. IMPORT in the registry is left over from a killed import."""
    if wanted.mode and present.mode is None:
        yield Task(name, f"mode {wanted.mode}", "mode")
    elif present.mode == IMPORT and wanted.mode != IMPORT:
        yield Task(name, f"mode {IMPORT} → {wanted.mode or 'none of its own'}", "mode")


def _version_conflict(where: str, version: ArchivedVersion, found: ArchivedVersion) -> Iterator[str]:
    if found.content != version.content:
        yield f"{where} is another schema there"
    elif found.id != version.id:
        yield f"{where} is id {found.id} there, {version.id} in the export"
    elif found.deleted and not version.deleted:
        yield f"{where} is soft-deleted there"


def target(scope: str) -> str:
    """The name of a scope: `subject orders-value`, `context .staging`, `everyone`."""
    if scope == EVERYONE:
        return "everyone"
    return f"subject {scope}" if names.split(scope)[1] else f"context {names.context_of(scope)}"


def _shown(scope: Scope) -> str:
    return ", ".join(f"{name} {value}" for name, value in sorted(scope.config.items()))

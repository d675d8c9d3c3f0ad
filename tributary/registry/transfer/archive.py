"""A registry as one JSON document: what `export` writes and `import` reads.

A subject has its own configuration and mode, and every version with its number, id and full text. Global settings and
those of contexts are stored separately. Equal registries yield equal documents: everything is sorted, and the document
names neither the registry nor the time.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import attrs

from tributary.errors import UsageError

FORMAT = "schema-registry-archive/1"

EVERYONE = ""
"""The scope of the global settings."""


class ArchiveError(UsageError):
    """A document is not an archive. The message names the file and the position in it."""


@attrs.frozen
class ArchivedVersion:
    """One version of a subject."""

    version: int
    id: int
    schema: str
    """The full text, as the registry returns it."""
    deleted: bool = False
    """Whether it is soft-deleted: hidden, but still stored."""
    more: Mapping[str, Any] = attrs.field(factory=dict)
    """`schemaType` if it is not AVRO, `references`, `metadata` and `ruleSet`, as the registry returns them."""

    @property
    def content(self) -> tuple[str, Mapping[str, Any]]:
        """The content that an id identifies."""
        return self.schema, self.more

    @property
    def references(self) -> list[tuple[str, int]]:
        """The subjects and versions that the schema refers to."""
        return [(one["subject"], one["version"]) for one in self.more.get("references", ())]


@attrs.frozen
class Scope:
    """The settings of a subject, a context or the whole registry, without inherited ones."""

    config: Mapping[str, Any] = attrs.field(factory=dict)
    """Under the names of the registry's answers, such as `compatibilityLevel`; empty if nothing is set."""
    mode: str | None = None


@attrs.frozen
class ArchivedSubject(Scope):
    """One subject with all its versions."""

    versions: tuple[ArchivedVersion, ...] = ()
    """Ordered by number."""


@attrs.frozen
class Archive:
    """A whole registry."""

    scopes: Mapping[str, Scope] = attrs.field(factory=dict)
    """By `""` (global) or the context in a subject's form, `:.staging:`; scopes without settings are omitted."""
    subjects: Mapping[str, ArchivedSubject] = attrs.field(factory=dict)
    """By qualified name: with the context, unless that is the default."""

    def find(self, subject: str, number: int) -> ArchivedVersion | None:
        """A version by its subject and number, or None."""
        versions = self.subjects[subject].versions if subject in self.subjects else ()
        return next((version for version in versions if version.version == number), None)

    def versions(self) -> Iterator[tuple[str, ArchivedVersion]]:
        """Every version with its subject."""
        for name, subject in self.subjects.items():
            for version in subject.versions:
                yield name, version


def dump(archive: Archive) -> str:
    """The document's text."""
    content = {
        "format": FORMAT,
        "scopes": {name: _scope(scope) for name, scope in sorted(archive.scopes.items())},
        "subjects": {
            name: _scope(subject) | {"versions": [_version(version) for version in subject.versions]}
            for name, subject in sorted(archive.subjects.items())
        },
    }
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def _scope(scope: Scope) -> dict[str, Any]:
    shown: dict[str, Any] = {"config": dict(sorted(scope.config.items()))} if scope.config else {}
    return shown | ({"mode": scope.mode} if scope.mode else {})


def _version(version: ArchivedVersion) -> dict[str, Any]:
    shown: dict[str, Any] = {"version": version.version, "id": version.id}
    if version.deleted:
        shown["deleted"] = True
    return shown | dict(sorted(version.more.items())) | {"schema": version.schema}


def load(path: Path) -> Archive:
    """Read a document's file. Raises ArchiveError."""
    try:
        return parse(path.read_text(encoding="utf-8"), str(path))
    except OSError as error:
        raise ArchiveError(f"{path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ArchiveError(f"{path}: {error}") from error


def parse(text: str, where: str) -> Archive:
    """Parse a document; `where` names it in errors. Raises ArchiveError."""
    try:
        content = json.loads(text)
    except ValueError as error:
        raise ArchiveError(f"{where}: not JSON: {error}") from error
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise ArchiveError(f"{where}: not an export of a registry: expected an object with format {FORMAT!r}")
    scopes = _mapping(content, "scopes", where)
    subjects = _mapping(content, "subjects", where)
    return Archive(
        {name: Scope(*_parsed_scope(entry, f"{where}: scopes[{name!r}]")) for name, entry in sorted(scopes.items())},
        {name: _parsed_subject(entry, f"{where}: subjects[{name!r}]") for name, entry in sorted(subjects.items())},
    )


def _parsed_scope(entry: Any, where: str) -> tuple[dict[str, Any], str | None]:
    if not isinstance(entry, dict):
        raise ArchiveError(f"{where} is {entry!r:.80}, expected an object")
    mode = entry.get("mode")
    if mode is not None and not isinstance(mode, str):
        raise ArchiveError(f"{where}.mode is {mode!r:.80}, expected text")
    return _mapping(entry, "config", where), mode


def _parsed_subject(entry: Any, where: str) -> ArchivedSubject:
    config, mode = _parsed_scope(entry, where)
    versions = entry.get("versions")
    if not isinstance(versions, list):
        raise ArchiveError(f"{where}.versions is {versions!r:.80}, expected a list")
    parsed = [_parsed_version(one, f"{where}.versions[{n}]") for n, one in enumerate(versions)]
    numbers = [version.version for version in parsed]
    if sorted(set(numbers)) != numbers:
        raise ArchiveError(f"{where}.versions has the numbers {numbers!r:.80}, expected each once and in order")
    return ArchivedSubject(config, mode, tuple(parsed))


def _parsed_version(entry: Any, where: str) -> ArchivedVersion:
    expected = {"version": int, "id": int, "schema": str, "deleted": bool}
    entry = {"deleted": False} | entry if isinstance(entry, dict) else {}
    for name, kind in expected.items():
        if type(entry.get(name)) is not kind:
            raise ArchiveError(f"{where}.{name} is {entry.get(name)!r:.80}, expected {_NAMES[kind]}")
    more = {name: value for name, value in entry.items() if name not in expected}
    for reference in more.get("references", ()):
        if not isinstance(reference, dict) or not {"name", "subject", "version"} <= reference.keys():
            raise ArchiveError(f"{where}.references has {reference!r:.80}, expected a name, a subject and a version")
    return ArchivedVersion(entry["version"], entry["id"], entry["schema"], entry["deleted"], more)


_NAMES = {int: "a whole number", str: "text", bool: "true or false"}


def _mapping(entry: dict[str, Any], name: str, where: str) -> dict[str, Any]:
    found = entry.get(name, {})
    if not isinstance(found, dict):
        raise ArchiveError(f"{where}: {name} is {found!r:.80}, expected an object")
    return found

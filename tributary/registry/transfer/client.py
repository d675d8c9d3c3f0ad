"""Requests that only `export` and `import` need: everything in a registry, soft-deleted versions included."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from tributary.registry.client import (
    LEVEL_NOT_SET,
    SUBJECT_NOT_FOUND,
    VERSION_NOT_FOUND,
    RegistryClient,
    RegistryError,
    answers,
    quoted,
)
from tributary.registry.transfer.archive import EVERYONE, ArchivedVersion

IMPORT = "IMPORT"

_VERSION_FIELDS = ("references", "metadata", "ruleSet")
_OLD_LEVEL = "compatibility"
"""The name in requests of what answers call `compatibilityLevel`."""


class TransferClient(RegistryClient):
    """A whole registry. A scope is a subject, a context (`:.staging:`) or `""` for the global settings."""

    def all_subjects(self) -> list[str]:
        """Every subject of every context, soft-deleted ones included."""
        return self._pages(lambda offset: f"/subjects?deleted=true&offset={offset}")

    def contexts(self) -> list[str]:
        """The names of the contexts, `.` for the default; empty if the registry does not support contexts."""
        try:
            return self._requests.read("GET", "/contexts", answers.list_of(str))
        except RegistryError as error:
            if error.status in (404, 405):
                return []
            raise

    def all_versions(self, subject: str) -> list[ArchivedVersion]:
        """The subject's versions in order, including soft-deleted ones.

        Empty if an alias hides them: the registry then answers for the other subject.
        """
        live = set(self._numbers(subject, deleted=False))
        answers = (self._version(subject, number) for number in self._numbers(subject, deleted=True))
        return [_read_version(a, live) for a in answers if a is not None and a["subject"] == subject]

    def config(self, scope: str) -> dict[str, Any]:
        """The scope's own configuration, or empty. The global scope always has a compatibility level."""
        nothing: dict[int, dict[str, Any]] = {SUBJECT_NOT_FOUND: {}, LEVEL_NOT_SET: {}}
        answer = self._requests.read("GET", _path("config", scope), answers.document, missing=nothing)
        return {name: value for name, value in answer.items() if value is not None}

    def set_config(self, scope: str, config: Mapping[str, Any]) -> None:
        """Configure the scope."""
        body = {_OLD_LEVEL if name == "compatibilityLevel" else name: value for name, value in config.items()}
        self._requests.write("PUT", _path("config", scope), answers.ignored, body)

    def mode(self, subject: str) -> str | None:
        """The scope's own mode. The global scope always has one."""
        return self.default_mode() if subject == EVERYONE else super().mode(subject)

    def mode_in_force(self, subject: str) -> str:
        """The mode that applies to the subject, whichever scope sets it."""
        return self._requests.read("GET", _path("mode", subject) + "?defaultToGlobal=true", answers.field("mode", str))

    def set_mode(self, subject: str, mode: str) -> None:
        """Set the scope's mode.

        Uses `force`: without it, IMPORT is refused if there are versions, and deletes soft-deleted ones permanently.
        """
        self._requests.write("PUT", _path("mode", subject) + "?force=true", answers.ignored, {"mode": mode})

    def register_as(self, subject: str, version: ArchivedVersion) -> None:
        """Register a version with its number and id; the subject must be in mode IMPORT."""
        body = {"schema": version.schema, "id": version.id, "version": version.version, **version.more}
        given = self._requests.write("POST", _versions(subject), answers.field("id", int), body)
        if given != version.id:
            raise RegistryError(200, 200, f"the registry assigned id {given} instead of {version.id}")

    def soft_delete(self, subject: str, number: int) -> None:
        """Soft-delete a version; it can still be read with `deleted=true`."""
        self._requests.write("DELETE", f"{_versions(subject)}/{number}", answers.ignored)

    def _numbers(self, subject: str, *, deleted: bool) -> list[int]:
        path = f"{_versions(subject)}?deleted={str(deleted).lower()}"
        none: list[int] = []
        return self._requests.read("GET", path, answers.list_of(int), missing={SUBJECT_NOT_FOUND: none})

    def _version(self, subject: str, number: int) -> dict[str, Any] | None:
        """The version, or None if it was deleted permanently in the meantime."""
        path = f"{_versions(subject)}/{number}?deleted=true"
        gone: dict[int, dict[str, Any] | None] = dict.fromkeys((SUBJECT_NOT_FOUND, VERSION_NOT_FOUND))
        return self._requests.read("GET", path, answers.document, missing=gone)

    def _pages(self, path: Callable[[int], str]) -> list[str]:
        """All entries of a paged listing; registries without paging return all of them at once."""
        found: dict[str, None] = {}
        while True:
            page = dict.fromkeys(self._requests.read("GET", path(len(found)), answers.list_of(str)))
            if page.keys() <= found.keys():
                return list(found)
            found |= page


def _read_version(answer: dict[str, Any], live: set[int]) -> ArchivedVersion:
    more = {name: _without_nulls(answer[name]) for name in _VERSION_FIELDS if answer.get(name)}
    if answer.get("schemaType", "AVRO") != "AVRO":
        more["schemaType"] = answer["schemaType"]
    return ArchivedVersion(answer["version"], answer["id"], answer["schema"], answer["version"] not in live, more)


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nulls(one) for key, one in value.items() if one is not None}
    return [_without_nulls(one) for one in value] if isinstance(value, list) else value


def _path(kind: str, scope: str) -> str:
    return f"/{kind}" if scope == EVERYONE else f"/{kind}/{quoted(scope)}"


def _versions(subject: str) -> str:
    return f"/subjects/{quoted(subject)}/versions"

"""The requests to a Confluent-compatible schema registry, and the meaning of its answers."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import attrs

from tributary.addresses import without_login
from tributary.registry import lock
from tributary.registry.client import answers
from tributary.registry.client.answers import Registered, Verdict
from tributary.registry.client.errors import (
    LEVEL_NOT_SET,
    MODE_NOT_SET,
    SCHEMA_NOT_FOUND,
    SUBJECT_NOT_FOUND,
    VERSION_NOT_FOUND,
    NotRegistered,
    RegistryError,
    RegistryUnavailable,
)
from tributary.registry.client.requests import Requests, quoted
from tributary.registry.client.schema_texts import SchemaTexts
from tributary.settings import Settings

_LEVEL, _MODE = answers.field("compatibilityLevel", str), answers.field("mode", str)
_NO_LEVEL: Mapping[int, str | None] = dict.fromkeys((SUBJECT_NOT_FOUND, LEVEL_NOT_SET))
_NO_MODE: Mapping[int, str | None] = dict.fromkeys((SUBJECT_NOT_FOUND, MODE_NOT_SET))
_UNAUTHORIZED = 401


class RegistryClient:
    """One registry. Safe to use from several threads.

    Requests that only read are repeated when the registry cannot be reached. Every method raises RegistryUnavailable
    when it stays so, and RegistryError for a refusal that the method does not itself explain or for an answer that is
    not a registry's. The first request raises SettingsError when the registry's settings cannot be used.
    """

    def __init__(
        self,
        url: str,
        user: str = "",
        password: str = "",
        lock_path: Path | None = None,
        properties: Mapping[str, str] | None = None,
    ) -> None:
        """`url` may be several with commas between, and have a login; `properties` are more of Confluent's client."""
        self.url, its_user, its_password = without_login(url)
        user, password = (user, password) if user else (its_user, its_password)
        login = {"basic.auth.user.info": f"{user}:{password}"} if user else {}
        self._requests = Requests({**(properties or {}), "url": self.url, **login})
        self._texts = SchemaTexts(self._requests, lock_path)

    @property
    def is_local(self) -> bool:
        """Whether it is this machine's own registry, see `registry/lock.py`."""
        return lock.registry_name(self.url) == lock.LOCAL

    @classmethod
    def from_settings(cls, settings: Settings) -> Self:
        """The client of the registry in `settings`, with that registry's lock.

        Raises `lock.LockError` when the lock is another shared registry's.
        """
        path = lock.path_for(settings)
        return cls(settings.registry_url, lock_path=path, properties=settings.registry_client())

    @classmethod
    def without_lock(cls, settings: Settings) -> Self:
        """The client of the registry in `settings`, whichever registry the lock belongs to."""
        return cls(settings.registry_url, properties=settings.registry_client())

    # ---- what producers and consumers need ----------------------------------------------------

    def lookup(self, subject: str, schema_text: str) -> Registered:
        """The id and version under which the subject has this schema.

        Raises NotRegistered when it has not.
        """
        try:
            path = f"/subjects/{quoted(subject)}"
            return self._requests.read("POST", path, answers.registered, {"schema": schema_text})
        except RegistryError as error:
            if error.code == SUBJECT_NOT_FOUND:
                raise NotRegistered(subject, "no schema is registered") from error
            if error.code == SCHEMA_NOT_FOUND:
                raise NotRegistered(subject, "the schema differs from the registered ones") from error
            raise

    def schema_text(self, schema_id: int) -> str:
        """The Avro schema with that id, as JSON text.

        An id never changes its meaning, so texts are cached. Otherwise the registry is asked once, for at most five
        seconds; the caller may ask again later. If the registry does not answer, or does not have the id, the lock
        answers for the ids that it has.

        Raises SchemaNotFound if the registry has no such id, SchemaUnusable if the schema is not Avro, SchemaConflict
        if the registry and the lock have different schemas for the id, and RegistryUnavailable for everything else: an
        error status, a refused login, an answer that is not a schema.
        """
        return self._texts[schema_id]

    def answers(self, within_s: float) -> bool:
        """Whether a registry answers at the address at once; one that refuses the login does."""
        try:
            self._requests.once("GET", "/subjects", within_s=within_s)
        except RegistryUnavailable:
            return False
        except RegistryError as error:
            return error.status == _UNAUTHORIZED
        return True

    # ---- what governance needs ----------------------------------------------------------------

    def subjects(self) -> list[str]:
        """The names of all subjects, without soft-deleted ones."""
        return self._requests.read("GET", "/subjects", answers.list_of(str))

    def versions(self, subject: str) -> list[lock.Version]:
        """Every version of the subject in order, with its text; empty if there is no such subject.

        The types that a version refers to in other subjects are written out in its text.
        """
        path = f"/subjects/{quoted(subject)}/versions"
        none: list[int] = []
        numbers = self._requests.read("GET", path, answers.list_of(int), missing={SUBJECT_NOT_FOUND: none})
        gone: dict[int, dict[str, Any] | None] = {VERSION_NOT_FOUND: None}
        found = [self._requests.read("GET", f"{path}/{number}", answers.document, missing=gone) for number in numbers]
        return [self._resolved(subject, answer) for answer in found if answer is not None]

    def _resolved(self, subject: str, answer: dict[str, Any]) -> lock.Version:
        version = answers.taken(answers.version, answer)
        if not answers.unresolved(answer):
            return version
        # By the id: not every release of the registry knows the parameter for a version.
        path = f"/schemas/ids/{version.id}?format=resolved&subject={quoted(subject)}"
        return attrs.evolve(version, schema=self._requests.read("GET", path, answers.field("schema", str)))

    def register(self, subject: str, schema_text: str) -> int:
        """Register the schema and return its id. Registering it again returns the same id."""
        return self._requests.write(
            "POST", f"/subjects/{quoted(subject)}/versions", answers.field("id", int), {"schema": schema_text}
        )

    def compatibility(self, subject: str, schema_text: str) -> Verdict:
        """Whether the registry would accept the schema as the subject's next version, at the subject's level."""
        path = f"/compatibility/subjects/{quoted(subject)}/versions?verbose=true"
        return self._requests.read("POST", path, answers.verdict, {"schema": schema_text})

    def level(self, subject: str) -> str | None:
        """The compatibility level set for the subject itself; None where the registry's own applies."""
        return self._requests.read("GET", f"/config/{quoted(subject)}", _LEVEL, missing=_NO_LEVEL)

    def default_level(self) -> str:
        """The level of subjects that have none of their own: with a context in the URL, that in force there."""
        return self._requests.read("GET", "/config?defaultToGlobal=true", _LEVEL)

    def set_level(self, subject: str, level: str) -> None:
        """Set the subject's compatibility level."""
        self._requests.write("PUT", f"/config/{quoted(subject)}", answers.ignored, {"compatibility": level})

    def mode(self, subject: str) -> str | None:
        """The mode set for the subject itself, for example READONLY; None where the registry's own applies."""
        return self._requests.read("GET", f"/mode/{quoted(subject)}", _MODE, missing=_NO_MODE)

    def default_mode(self) -> str:
        """The mode of subjects that have none of their own: with a context in the URL, that in force there."""
        return self._requests.read("GET", "/mode?defaultToGlobal=true", _MODE)

    def set_mode(self, subject: str, mode: str) -> None:
        """Set the subject's mode."""
        self._requests.write("PUT", f"/mode/{quoted(subject)}", answers.ignored, {"mode": mode})

    def clear_mode(self, subject: str) -> None:
        """Take the subject's own mode away: the registry's applies again."""
        self._requests.write("DELETE", f"/mode/{quoted(subject)}", answers.ignored)

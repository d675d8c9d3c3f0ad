"""Talk to a Confluent-compatible Schema Registry: what we ask of it, and what its answers mean."""

from __future__ import annotations

import functools
import json
import logging
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeVar
from urllib.parse import quote

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
    SchemaConflict,
    SchemaNotFound,
    SchemaUnusable,
)
from tributary.settings import Settings

if TYPE_CHECKING:
    from tributary.registry.client.rest import Rest

__all__ = [
    "LEVEL_NOT_SET",
    "MODE_NOT_SET",
    "SCHEMA_NOT_FOUND",
    "SUBJECT_NOT_FOUND",
    "VERSION_NOT_FOUND",
    "NotRegistered",
    "Registered",
    "RegistryClient",
    "RegistryError",
    "RegistryUnavailable",
    "SchemaConflict",
    "SchemaNotFound",
    "SchemaUnusable",
    "Verdict",
]

log = logging.getLogger(__name__)

T = TypeVar("T")

_LEVEL, _MODE = answers.field("compatibilityLevel", str), answers.field("mode", str)
_NO_LEVEL: Mapping[int, str | None] = dict.fromkeys((SUBJECT_NOT_FOUND, LEVEL_NOT_SET))
_NO_MODE: Mapping[int, str | None] = dict.fromkeys((SUBJECT_NOT_FOUND, MODE_NOT_SET))

_TIMEOUT_S = 10.0
_SCHEMA_S = 5.0
"""For a schema by its id: a consumer waits for it, and must hear a signal."""
_LAST_ID = 2**31 - 1
"""An id is an int of Java's: for a greater one a registry says 404 without a code, as if it had no such path."""
_PAUSES_S = (0.1, 0.4, 1.0)
"""Between the attempts of a request that only reads."""
_PASSING = (429, 502, 503, 504)
"""Statuses that a later attempt may not meet: a proxy or a registry that is starting or choosing its leader."""


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
        """`url` may be several with commas between; `properties` are more of Confluent's client."""
        self.url = url.rstrip("/")
        self._properties = {**(properties or {}), "url": self.url}
        if user:
            self._properties["basic.auth.user.info"] = f"{user}:{password}"
        self._lock_path = lock_path
        self._texts: dict[int, str] = {}
        self._warned: set[tuple[int, str]] = set()

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
            return self._read("POST", f"/subjects/{quoted(subject)}", answers.registered, {"schema": schema_text})
        except RegistryError as error:
            if error.code == SUBJECT_NOT_FOUND:
                raise NotRegistered(subject, "no schema is registered") from error
            if error.code == SCHEMA_NOT_FOUND:
                raise NotRegistered(subject, "the schema differs from the registered ones") from error
            raise

    def schema_text(self, schema_id: int) -> str:
        """The Avro schema with that id, as JSON text.

        Ids never change their meaning, so a text is kept. Otherwise the registry is asked once, for five seconds at
        the most: it is for the caller to ask again later. When the registry does not answer as one, or does not know
        the id, the lock answers for the ids that it has.

        Raises SchemaNotFound when the registry says that it has no such id, SchemaUnusable when the schema is not one
        of Avro, SchemaConflict when the registry has another schema for the id than the lock, and RegistryUnavailable
        for everything else: an error's status, a login that is refused, an answer that is no schema.
        """
        text = self._texts.get(schema_id)
        if text is None:
            text = self._texts[schema_id] = self._known(schema_id)
        return text

    def _known(self, schema_id: int) -> str:
        locked = self._locked(schema_id)
        try:
            text = self._asked(schema_id)
            if locked is not None and not _equal(text, locked):
                raise self._conflict(schema_id, "is another than")
        except SchemaUnusable as error:
            if locked is None:
                raise
            raise self._conflict(schema_id, f"cannot be read ({error}), unlike that in") from error
        except (SchemaNotFound, RegistryUnavailable) as error:
            if locked is None:
                raise
            reason = str(error)
            if (schema_id, reason) not in self._warned:
                self._warned.add((schema_id, reason))
                log.warning("schema %d is taken from the lock: %s", schema_id, reason)
            return locked
        return text

    def _asked(self, schema_id: int) -> str:
        if schema_id > _LAST_ID:
            raise SchemaNotFound(schema_id)
        path = f"/schemas/ids/{schema_id}"
        try:
            answer = self._ask("GET", path, None, _SCHEMA_S)
            if isinstance(answer, dict) and answer.get("references"):
                answer = self._ask("GET", f"{path}?format=resolved", None, _SCHEMA_S)
        except RegistryError as error:
            if error.status == 404 and error.code == SCHEMA_NOT_FOUND:
                raise SchemaNotFound(schema_id) from error
            raise RegistryUnavailable(f"the schema registry at {self.url} answers: {error}") from error
        kind = answer.get("schemaType") or "AVRO" if isinstance(answer, dict) else "AVRO"
        if kind != "AVRO":
            raise SchemaUnusable(f"schema id {schema_id} is of type {kind}, expected AVRO")
        try:
            text = answers.field("schema", str)(answer)
            json.loads(text)
        except (LookupError, TypeError, ValueError) as error:
            raise RegistryUnavailable(
                f"the schema registry at {self.url} has no Avro schema in its answer about schema id {schema_id}"
            ) from error
        return text

    def _conflict(self, schema_id: int, differs: str) -> SchemaConflict:
        return SchemaConflict(
            f"schema id {schema_id}: the schema in the registry at {self.url} {differs} the lock ({self._lock_path}). "
            "Is SCHEMA_REGISTRY_URL the registry that the lock belongs to, and was its data deleted? See what differs "
            "with `python -m registry drift`; if the registry is right, run: make register-schemas"
        )

    def _locked(self, schema_id: int) -> str | None:
        known = lock.load(self._lock_path) if self._lock_path else None
        if known is None or known.registry != lock.registry_name(self.url):
            return None
        return known.schema_text(schema_id)

    # ---- what governance needs ----------------------------------------------------------------

    def subjects(self) -> list[str]:
        """The names of all subjects, soft-deleted ones left out."""
        return self._read("GET", "/subjects", answers.list_of(str))

    def versions(self, subject: str) -> list[lock.Version]:
        """Every version of the subject in order, with its text; empty if there is no such subject."""
        path = f"/subjects/{quoted(subject)}/versions"
        none: list[int] = []
        numbers = self._read("GET", path, answers.list_of(int), missing={SUBJECT_NOT_FOUND: none})
        gone: dict[int, lock.Version | None] = {VERSION_NOT_FOUND: None}
        found = [self._read("GET", f"{path}/{number}", answers.version, missing=gone) for number in numbers]
        return [version for version in found if version is not None]

    def register(self, subject: str, schema_text: str) -> int:
        """Register the schema and return its id. Registering it again returns the same id."""
        return self._write(
            "POST", f"/subjects/{quoted(subject)}/versions", answers.field("id", int), {"schema": schema_text}
        )

    def compatibility(self, subject: str, schema_text: str) -> Verdict:
        """Whether the registry would take the schema as the subject's next version, at the subject's level."""
        path = f"/compatibility/subjects/{quoted(subject)}/versions?verbose=true"
        return self._read("POST", path, answers.verdict, {"schema": schema_text})

    def level(self, subject: str) -> str | None:
        """The compatibility level set for the subject itself; None where the registry's own applies."""
        return self._read("GET", f"/config/{quoted(subject)}", _LEVEL, missing=_NO_LEVEL)

    def default_level(self) -> str:
        """The level of subjects that have none of their own: with a context in the URL, that in force there."""
        return self._read("GET", "/config?defaultToGlobal=true", _LEVEL)

    def set_level(self, subject: str, level: str) -> None:
        """Set the subject's compatibility level."""
        self._write("PUT", f"/config/{quoted(subject)}", answers.ignored, {"compatibility": level})

    def mode(self, subject: str) -> str | None:
        """The mode set for the subject itself, for example READONLY; None where the registry's own applies."""
        return self._read("GET", f"/mode/{quoted(subject)}", _MODE, missing=_NO_MODE)

    def default_mode(self) -> str:
        """The mode of subjects that have none of their own: with a context in the URL, that in force there."""
        return self._read("GET", "/mode?defaultToGlobal=true", _MODE)

    def set_mode(self, subject: str, mode: str) -> None:
        """Set the subject's mode."""
        self._write("PUT", f"/mode/{quoted(subject)}", answers.ignored, {"mode": mode})

    def clear_mode(self, subject: str) -> None:
        """Take the subject's own mode away: the registry's applies again."""
        self._write("DELETE", f"/mode/{quoted(subject)}", answers.ignored)

    # ---- the wire -----------------------------------------------------------------------------

    @functools.cached_property
    def _rest(self) -> Rest:
        from tributary.registry.client.rest import Rest

        return Rest(self._properties, self.url)

    def _ask(self, method: str, path: str, body: Any, within_s: float) -> Any:
        return self._rest.request(method, path, body, within_s)

    def _read(
        self, method: str, path: str, take: Callable[[Any], T], body: Any = None, missing: Mapping[int, T] | None = None
    ) -> T:
        """What `take` finds in the answer to a request that changes nothing.

        For an error code in `missing` it is the value given there.
        """
        try:
            return answers.taken(take, _repeated(lambda: self._ask(method, path, body, _TIMEOUT_S)))
        except RegistryError as error:
            if missing is not None and error.code in missing:
                return missing[error.code]
            raise

    def _write(self, method: str, path: str, take: Callable[[Any], T], body: Any = None) -> T:
        return answers.taken(take, self._ask(method, path, body, _TIMEOUT_S))


def quoted(subject: str) -> str:
    """A subject or a context as one segment of a path."""
    return quote(subject, safe="") if subject.strip(".") else subject.replace(".", "%2E")


def _repeated(request: Callable[[], Any]) -> Any:
    for pause in _PAUSES_S:
        try:
            return request()
        except RegistryUnavailable:
            pass
        except RegistryError as error:
            if error.status not in _PASSING:
                raise
        time.sleep(pause)
    return request()


def _equal(text: str, other: str) -> bool:
    """Whether two schemas are one to a registry. Raises RegistryUnavailable if the first is no schema."""
    from tributary.avro.schema import SchemaError

    try:
        return text == other or lock.fingerprint(text) == lock.fingerprint(other)
    except SchemaError as error:
        raise RegistryUnavailable(
            f"the schema registry answers with something that is no Avro schema: {error}"
        ) from error

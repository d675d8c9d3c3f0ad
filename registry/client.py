"""Talk to a Confluent-compatible Schema Registry.

On the standard library's `urllib`, because the client starts with every producer and consumer: importing `httpx` or
Confluent's own client takes five times as long, for a handful of small requests in a process's life.
"""

from __future__ import annotations

import base64
import functools
import http.client
import json
import logging
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import attrs

from registry import lock
from settings import Settings

log = logging.getLogger(__name__)

MEDIA_TYPE = "application/vnd.schemaregistry.v1+json"

SUBJECT_NOT_FOUND = 40401
VERSION_NOT_FOUND = 40402
SCHEMA_NOT_FOUND = 40403
LEVEL_NOT_SET = 40408
MODE_NOT_SET = 40409

_TIMEOUT_S = 10.0
_PAUSES_S = (0.1, 0.4, 1.0)
"""Between the attempts of a request that only reads."""
_PASSING = (429, 502, 503, 504)
"""Statuses that a later attempt may not meet: a proxy or a registry that is starting or choosing its leader."""


class RegistryUnavailable(Exception):
    """The registry cannot be reached, or did not answer in time."""


class RegistryError(Exception):
    """The registry refused a request, or gave an answer that is not a registry's."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(f"{message} (status {status}, error code {code})")
        self.status = status
        """The HTTP status."""
        self.code = code
        """Confluent's error code, for example 40401; equal to the status where the answer has none."""
        self.message = message


class NotRegistered(Exception):
    """The subject has no version with this schema."""

    def __init__(self, subject: str, reason: str) -> None:
        super().__init__(f"{reason} (subject {subject}); run: make register-schemas")
        self.subject = subject


@attrs.frozen
class Registered:
    """Where the registry keeps a schema."""

    id: int
    version: int


@attrs.frozen
class Verdict:
    """The registry's own opinion on a candidate."""

    compatible: bool
    messages: tuple[str, ...]


class RegistryClient:
    """One registry. Safe to use from several threads.

    Requests that only read are repeated when the registry cannot be reached. Every method raises RegistryUnavailable
    when it stays so, and RegistryError for a refusal that the method does not itself explain.
    """

    def __init__(self, url: str, user: str = "", password: str = "", lock_path: Path | None = None) -> None:
        self.url = url.rstrip("/")
        self._lock_path = lock_path
        self._headers = {"Accept": f"{MEDIA_TYPE}, application/json", "Content-Type": MEDIA_TYPE}
        if user:
            credentials = base64.b64encode(f"{user}:{password}".encode()).decode()
            self._headers["Authorization"] = f"Basic {credentials}"
        self._texts: dict[int, str] = {}

    @property
    def is_local(self) -> bool:
        """Whether it is this machine's own registry, see `registry/lock.py`."""
        return lock.registry_name(self.url) == lock.LOCAL

    @classmethod
    def from_settings(cls, settings: Settings) -> RegistryClient:
        """The client of the registry in `settings`, with that registry's lock.

        Raises `lock.LockError` when the lock is another shared registry's.
        """
        return cls(settings.registry_url, settings.registry_user, settings.registry_password, lock.path_for(settings))

    # ---- what producers and consumers need ----------------------------------------------------

    def lookup(self, subject: str, schema_text: str) -> Registered:
        """The id and version under which the subject has this schema.

        Raises NotRegistered when it has not.
        """
        try:
            found = self._read("POST", f"/subjects/{_quoted(subject)}", {"schema": schema_text})
        except RegistryError as error:
            if error.code == SUBJECT_NOT_FOUND:
                raise NotRegistered(subject, "no schema is registered") from error
            if error.code == SCHEMA_NOT_FOUND:
                raise NotRegistered(subject, "the schema differs from the registered ones") from error
            raise
        return Registered(found["id"], found["version"])

    def schema_text(self, schema_id: int) -> str:
        """The schema with that id, as JSON text.

        Ids never change their meaning, so each is asked for once. While the registry is down, the lock answers for
        the ids it knows; RegistryUnavailable for the others.
        """
        text = self._texts.get(schema_id)
        if text is None:
            try:
                text = str(self._read("GET", f"/schemas/ids/{schema_id}")["schema"])
            except RegistryUnavailable:
                text = self._locked(schema_id)
                if text is None:
                    raise
                log.warning("the registry at %s is down; schema %d taken from the lock", self.url, schema_id)
            self._texts[schema_id] = text
        return text

    def _locked(self, schema_id: int) -> str | None:
        known = lock.load(self._lock_path) if self._lock_path else None
        if known is None or known.registry != lock.registry_name(self.url):
            return None
        return known.schema_text(schema_id)

    # ---- what governance needs ----------------------------------------------------------------

    def subjects(self) -> list[str]:
        """The names of all subjects, soft-deleted ones left out."""
        return list(self._read("GET", "/subjects"))

    def versions(self, subject: str) -> list[lock.Version]:
        """Every version of the subject in order, with its text; empty if there is no such subject."""
        path = f"/subjects/{_quoted(subject)}/versions"
        numbers: list[int] = self._read("GET", path, missing={SUBJECT_NOT_FOUND: []})
        answers = [self._read("GET", f"{path}/{number}", missing={VERSION_NOT_FOUND: None}) for number in numbers]
        return [lock.Version(a["version"], a["id"], a["schema"]) for a in answers if a is not None]

    def register(self, subject: str, schema_text: str) -> int:
        """Register the schema and return its id. Registering it again returns the same id."""
        return int(self._write("POST", f"/subjects/{_quoted(subject)}/versions", {"schema": schema_text})["id"])

    def compatibility(self, subject: str, schema_text: str) -> Verdict:
        """Whether the registry would take the schema as the subject's next version, at the subject's level."""
        path = f"/compatibility/subjects/{_quoted(subject)}/versions?verbose=true"
        answer = self._read("POST", path, {"schema": schema_text})
        return Verdict(answer["is_compatible"], tuple(answer.get("messages", ())))

    def level(self, subject: str) -> str | None:
        """The compatibility level set for the subject itself; None where the registry's own applies."""
        answer = self._read("GET", f"/config/{_quoted(subject)}", missing=dict.fromkeys(_NO_LEVEL))
        return None if answer is None else str(answer["compatibilityLevel"])

    def default_level(self) -> str:
        """The level of subjects that have none of their own."""
        return str(self._read("GET", "/config")["compatibilityLevel"])

    def set_level(self, subject: str, level: str) -> None:
        """Set the subject's compatibility level."""
        self._write("PUT", f"/config/{_quoted(subject)}", {"compatibility": level})

    def mode(self, subject: str) -> str | None:
        """The mode set for the subject itself, for example READONLY; None where the registry's own applies."""
        answer = self._read("GET", f"/mode/{_quoted(subject)}", missing=dict.fromkeys(_NO_MODE))
        return None if answer is None else str(answer["mode"])

    def default_mode(self) -> str:
        """The mode of subjects that have none of their own."""
        return str(self._read("GET", "/mode")["mode"])

    def set_mode(self, subject: str, mode: str) -> None:
        """Set the subject's mode."""
        self._write("PUT", f"/mode/{_quoted(subject)}", {"mode": mode})

    def clear_mode(self, subject: str) -> None:
        """Take the subject's own mode away: the registry's applies again."""
        self._write("DELETE", f"/mode/{_quoted(subject)}", None)

    # ---- the wire -----------------------------------------------------------------------------

    def _read(self, method: str, path: str, body: Any = None, missing: dict[int, Any] | None = None) -> Any:
        """The answer to a request that changes nothing; for an error code in `missing`, the value given there."""
        request = functools.partial(self._request, method, path, body)
        try:
            return _repeated(request)
        except RegistryError as error:
            if missing is not None and error.code in missing:
                return missing[error.code]
            raise

    def _write(self, method: str, path: str, body: Any) -> Any:
        return self._request(method, path, body)

    def _request(self, method: str, path: str, body: Any) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, self._headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as response:
                return _json(response.status, response.read())
        except urllib.error.HTTPError as error:
            with error:
                raise _refusal(error.code, error.read()) from error
        except (OSError, http.client.HTTPException) as error:
            reason = error.reason if isinstance(error, urllib.error.URLError) else error
            raise RegistryUnavailable(
                f"the schema registry at {self.url} cannot be reached ({reason}); "
                "start the local stack with `make up`, or set SCHEMA_REGISTRY_URL"
            ) from error


_NO_LEVEL = (SUBJECT_NOT_FOUND, LEVEL_NOT_SET)
_NO_MODE = (SUBJECT_NOT_FOUND, MODE_NOT_SET)


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


def _json(status: int, content: bytes) -> Any:
    try:
        return json.loads(content)
    except ValueError as error:
        raise RegistryError(
            status, status, f"expected JSON, got {content[:80]!r}; is SCHEMA_REGISTRY_URL a schema registry?"
        ) from error


def _refusal(status: int, content: bytes) -> RegistryError:
    try:
        answer = json.loads(content)
        return RegistryError(status, int(answer["error_code"]), str(answer["message"]))
    except (ValueError, KeyError, TypeError):
        return RegistryError(status, status, content[:200].decode(errors="replace") or "no reason given")


def _quoted(subject: str) -> str:
    return quote(subject, safe="")

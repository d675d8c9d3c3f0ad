"""The text of a schema by its id: from the registry, or from the lock while the registry does not answer."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

from tributary.avro.schema import SchemaError
from tributary.registry import lock
from tributary.registry.client import answers
from tributary.registry.client.errors import (
    SCHEMA_NOT_FOUND,
    RegistryError,
    RegistryUnavailable,
    SchemaConflict,
    SchemaNotFound,
    SchemaUnusable,
)
from tributary.registry.client.requests import Requests

log = logging.getLogger(__name__)

_WITHIN_S = 5.0
"""A consumer waits for the answer, and must react to a signal."""
_LAST_ID = 2**31 - 1
"""An id is an int of Java's: for a greater one a registry says 404 without a code, as if it had no such path."""


class SchemaTexts:
    """The schemas of one registry by their ids, which never change their meaning: a text is kept."""

    def __init__(self, requests: Requests, lock_path: Path | None) -> None:
        self._requests = requests
        self._lock_path = lock_path
        self._texts: dict[int, str] = {}
        self._warned: set[tuple[int, str]] = set()

    def __getitem__(self, schema_id: int) -> str:
        """See `RegistryClient.schema_text`."""
        text = self._texts.get(schema_id)
        if text is None:
            text = self._texts[schema_id] = self._known(schema_id)
        return text

    def _known(self, schema_id: int) -> str:
        locked = self._locked(schema_id)
        try:
            text = self._registered(schema_id)
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

    def _locked(self, schema_id: int) -> str | None:
        known = lock.load(self._lock_path) if self._lock_path else None
        if known is None or known.registry != lock.registry_name(self._requests.url):
            return None
        return known.schema_text(schema_id)

    def _registered(self, schema_id: int) -> str:
        url = self._requests.url
        if schema_id > _LAST_ID:
            raise SchemaNotFound(schema_id)
        try:
            answer = self._ask(f"/schemas/ids/{schema_id}")
            # Only then: otherwise the text is the one that was registered, to the letter, as the lock has it.
            if answers.unresolved(answer):
                answer = self._ask(f"/schemas/ids/{schema_id}?format=resolved")
        except RegistryError as error:
            if error.status == 404 and error.code == SCHEMA_NOT_FOUND:
                raise SchemaNotFound(schema_id) from error
            raise RegistryUnavailable(f"the schema registry at {url} answers: {error}") from error
        kind = answer.get("schemaType") or "AVRO" if isinstance(answer, dict) else "AVRO"
        if kind != "AVRO":
            raise SchemaUnusable(f"schema id {schema_id} is of type {kind}, expected AVRO")
        try:
            text = answers.field("schema", str)(answer)
            json.loads(text)
        except (LookupError, TypeError, ValueError) as error:
            raise RegistryUnavailable(
                f"the schema registry at {url} has no Avro schema in its answer about schema id {schema_id}"
            ) from error
        return text

    def _ask(self, path: str) -> Any:
        return self._requests.once("GET", path, within_s=_WITHIN_S)

    def _conflict(self, schema_id: int, differs: str) -> SchemaConflict:
        return SchemaConflict(
            f"schema id {schema_id}: the schema in the registry at {self._requests.url} {differs} the lock "
            f"({self._lock_path}). Is SCHEMA_REGISTRY_URL the registry that the lock belongs to, and was its data "
            "deleted? See what differs with `tributary drift`; if the registry is right, run: "
            "tributary apply"
        )


def _equal(text: str, other: str) -> bool:
    """Whether two schemas are one to a registry. Raises RegistryUnavailable if the first is no schema."""
    try:
        return text == other or lock.fingerprint(text) == lock.fingerprint(other)
    except SchemaError as error:
        raise RegistryUnavailable(f"the schema registry's answer is not an Avro schema: {error}") from error

"""Writer schemas by id, requested from the registry in a thread of their own.

A registry that is down, slow or wrong must neither stop the member nor cost a message. So a reader waits a moment for a
schema. If it is still unknown then, the partition is paused at that message, and the other partitions are read.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection

import attrs

from tributary.avro.columns.reader import SchemaPending, UnknownSchema
from tributary.registry.client import RegistryUnavailable, SchemaNotFound, SchemaUnusable

LAST_ID = 2**31 - 1
"""Schema ids are of Java's type int. For a greater id, the registry answers 404 as for an unknown path."""

_AT_HAND_S = 1.0
"""How long a reader waits for an answer of the registry."""
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.25, 4.0
"""Backoff between two rounds of requests: doubled from the first to the longest."""
_UNKNOWN_FOR_S = 300.0
"""How long an id that does not exist is not requested again."""
_MOST_UNKNOWN = 100_000
"""Maximum of ids that are kept as unknown; the oldest are dropped."""


@attrs.frozen
class _Missing:
    """An id that the registry does not have, or whose schema cannot be used."""

    reason: str
    until: float
    """When to request it again, in seconds of `time.monotonic`."""


class WriterSchemas:
    """Writer schemas by id. The methods are for one thread, the one that decodes.

    `ask` returns the text of a schema, as `RegistryClient.schema_text` does. An id that the registry does not have is
    unknown only after `wait_s` seconds, because a replica of the registry may lag.
    """

    def __init__(self, ask: Callable[[int], str], wait_s: float) -> None:
        self._ask = ask
        self._wait_s = wait_s
        self._known: dict[int, str] = {}
        self._missing: dict[int, _Missing] = {}
        self._asked: dict[int, float] = {}
        """Requested ids without an answer, and when each was first needed."""
        self._absent: set[int] = set()
        """Those of them that the registry did not have at the last request."""
        self._failure: Exception | None = None
        self._away = ""
        self._closed = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="writer schemas", daemon=True)

    def text(self, schema_id: int) -> str:
        """The schema with that id, as JSON text.

        Raises UnknownSchema if it does not exist, SchemaPending if there is no answer yet, and any other error of
        `ask`, such as SchemaConflict if the registry and the lock disagree.
        """
        if schema_id > LAST_ID:
            raise UnknownSchema(f"schema id {schema_id} is beyond the ids of a registry")
        with self._changed:
            self._need(schema_id)
            deadline = time.monotonic() + _AT_HAND_S
            while self._is_worth_waiting(schema_id, deadline):
                self._changed.wait(deadline - time.monotonic())
            if self._failure:
                raise self._failure
            if schema_id in self._known:
                return self._known[schema_id]
            if schema_id in self._missing:
                raise UnknownSchema(self._missing[schema_id].reason)
        raise SchemaPending(f"schema id {schema_id} is not known yet")

    def pending(self, ids: Collection[int]) -> set[int]:
        """Those of the ids without an answer. All new ids are requested together.

        Raises an error of `ask`, as `text` does, because `text` is not called for a paused partition.
        """
        with self._changed:
            if self._failure:
                raise self._failure
            for schema_id in ids:
                if schema_id <= LAST_ID:
                    self._need(schema_id)
            return {schema_id for schema_id in ids if schema_id in self._asked}

    @property
    def waiting_for(self) -> str:
        """What missing schemas wait for; empty when none is missing."""
        with self._changed:
            if not self._asked:
                return ""
            if self._away:
                return f"the registry: {self._away}"
            if self._absent:
                return (
                    f"schemas that the registry does not have yet: id {_listed(self._absent)}; their messages count as "
                    f"unreadable after {self._wait_s:g} s"
                )
            return f"the registry: no answer yet about schema id {_listed(self._asked)}"

    def close(self) -> None:
        """End the thread, after the request that it may be waiting for."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _need(self, schema_id: int) -> None:
        """Request an id that has no answer yet. The caller holds the lock."""
        missing = self._missing.get(schema_id)
        if missing is not None and missing.until <= time.monotonic():
            del self._missing[schema_id]
            missing = None
        if missing is None and schema_id not in self._known and schema_id not in self._asked:
            self._asked[schema_id] = time.monotonic()
            if self._thread.ident is None:
                self._thread.start()
            self._changed.notify_all()

    def _is_worth_waiting(self, schema_id: int, deadline: float) -> bool:
        """Whether the answer is likely to come soon. The caller holds the lock."""
        now = time.monotonic()
        if self._failure or self._away or len(self._asked) > 1 or now >= deadline:
            return False
        return schema_id in self._asked and now - self._asked[schema_id] < _AT_HAND_S

    def _run(self) -> None:
        try:
            self._answer_all()
        except Exception as failure:  # any error must reach the thread that decodes
            with self._changed:
                self._failure = failure
                self._changed.notify_all()

    def _answer_all(self) -> None:
        pause = _FIRST_PAUSE_S
        while not self._closed:
            with self._changed:
                while not self._asked and not self._closed:
                    self._changed.wait()
                    pause = _FIRST_PAUSE_S
                ids = list(self._asked)
            for schema_id in ids:
                if self._closed or not self._answer(schema_id):
                    break
            with self._changed:
                if self._asked and not self._closed:
                    self._changed.wait(pause)
                    pause = min(2 * pause, _LONGEST_PAUSE_S)

    def _answer(self, schema_id: int) -> bool:
        """Request one id and keep the answer. Returns False if the registry does not answer."""
        try:
            text = self._ask(schema_id)
        except RegistryUnavailable as error:
            self._note_away(str(error))
            return False
        except SchemaUnusable as error:
            self._note_missing(schema_id, _Missing(str(error), float("inf")))
        except SchemaNotFound:
            now = time.monotonic()
            if now - self._asked[schema_id] >= self._wait_s:
                missing = _Missing(f"schema id {schema_id} is not in the registry", now + _UNKNOWN_FOR_S)
                self._note_missing(schema_id, missing)
            else:
                with self._changed:
                    self._absent.add(schema_id)
        else:
            with self._changed:
                self._known[schema_id] = text
                self._forget_question(schema_id)
        self._note_away("")
        return True

    def _note_missing(self, schema_id: int, missing: _Missing) -> None:
        with self._changed:
            self._missing[schema_id] = missing
            while len(self._missing) > _MOST_UNKNOWN:
                del self._missing[next(iter(self._missing))]
            self._forget_question(schema_id)

    def _forget_question(self, schema_id: int) -> None:
        del self._asked[schema_id]
        self._absent.discard(schema_id)
        self._changed.notify_all()

    def _note_away(self, reason: str) -> None:
        with self._changed:
            self._away = reason
            self._changed.notify_all()


def _listed(ids: Collection[int]) -> str:
    return ", ".join(map(str, sorted(ids)[:5])) + (", …" if len(ids) > 5 else "")

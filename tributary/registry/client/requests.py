"""Requests to a registry: reads are repeated, answers are checked."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote

from tributary.registry.client import answers
from tributary.registry.client.errors import RegistryError, RegistryUnavailable

if TYPE_CHECKING:
    from tributary.registry.client.rest import Rest

T = TypeVar("T")

_TIMEOUT_S = 10.0
_PAUSES_S = (0.1, 0.4, 1.0)
"""Between the attempts of a request that only reads."""
_PASSING = (429, 502, 503, 504)
"""Statuses that a later attempt may not meet: a proxy or a registry that is starting or choosing its leader."""


class Requests:
    """Requests to one registry. Safe to use from several threads.

    Every method raises RegistryUnavailable when no answer comes, RegistryError for a refusal or for an answer that is
    not a registry's, and, with the first request, SettingsError when the registry's settings cannot be used.
    """

    def __init__(self, properties: Mapping[str, str]) -> None:
        """`properties` as Confluent's client names them; `url` may be several with commas between."""
        self.url = properties["url"]
        self._properties = properties

    @functools.cached_property
    def _rest(self) -> Rest:
        from tributary.registry.client.rest import Rest

        return Rest(self._properties, self.url)

    def once(self, method: str, path: str, body: Any = None, within_s: float = _TIMEOUT_S) -> Any:
        """The decoded answer to one request, which is not repeated."""
        return self._rest.request(method, path, body, within_s)

    def read(
        self, method: str, path: str, take: Callable[[Any], T], body: Any = None, missing: Mapping[int, T] | None = None
    ) -> T:
        """What `take` finds in the answer to a request that changes nothing; it is repeated when no answer comes.

        For an error code in `missing` it is the value given there.
        """
        try:
            return answers.taken(take, _repeated(lambda: self.once(method, path, body)))
        except RegistryError as error:
            if missing is not None and error.code in missing:
                return missing[error.code]
            raise

    def write(self, method: str, path: str, take: Callable[[Any], T], body: Any = None) -> T:
        """What `take` finds in the answer to a request that may change something."""
        return answers.taken(take, self.once(method, path, body))


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

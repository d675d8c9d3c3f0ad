"""One request, as the handlers see it, and what a handler is."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import attrs

from tributary.avro import canonical
from tributary.registry.server import errors
from tributary.registry.server.schemas.parsing import parse_stored
from tributary.registry.server.state import names
from tributary.registry.server.state.model import Version
from tributary.registry.server.state.scope import EVERYONE
from tributary.registry.server.state.scope import config as config_in_scope
from tributary.registry.server.state.state import Planned, State

_LIST_LIMIT = 20_000


@attrs.frozen
class Raw:
    """An answer that is text already: a schema as such."""

    text: str


@attrs.frozen
class Call:
    """One request, routed. `path` holds the values of the path's parameters, each decoded."""

    state: State
    path: Mapping[str, str]
    query: Mapping[str, Sequence[str]]
    body: dict[str, Any]

    @property
    def subject(self) -> str:
        """The subject in the path, in its normal form."""
        return names.normal(self.path["subject"])

    @property
    def place(self) -> str:
        """Whose setting the path is about: the subject's, or else everyone's."""
        return self.subject if "subject" in self.path else EVERYONE

    def text(self, name: str, default: str = "") -> str:
        """A query parameter, its first value."""
        return next(iter(self.query.get(name, ())), default)

    def flag(self, name: str) -> bool:
        """A query parameter that is true or not."""
        return self.text(name).lower() == "true"

    def number(self, name: str, default: int) -> int:
        """A query parameter that is a number. Raises ApiError 404, as Jersey does, for one that is none."""
        return number(self.text(name, str(default)))

    @property
    def normalize(self) -> bool:
        """Whether to normalize the schema: if the request or the subject's configuration says so."""
        return self.flag("normalize") or config_in_scope(self.state, self.subject).get("normalize") is True

    def page(self, items: Sequence[Any], limit: int = _LIST_LIMIT) -> list[Any]:
        """The part of a list that `offset` and `limit` name; `limit` counts from 1 to the greatest allowed."""
        offset, wanted = max(self.number("offset", 0), 0), self.number("limit", -1)
        return list(items[offset : offset + (wanted if 0 < wanted <= limit else limit)])

    def kept(self, version: Version) -> bool:
        """Whether the parameters `deleted` and `deletedOnly` let a version through."""
        if self.flag("deletedOnly"):
            return version.deleted
        return not version.deleted or self.flag("deleted")

    def shown(self, version: Version) -> dict[str, Any]:
        """A version in the answer, with its references resolved if the parameter `format` asks for that."""
        shown = version.to_json()
        if self.text("format").strip().lower() == "resolved":
            shown["schema"] = canonical.resolved(parse_stored(self.state, version))
        return shown


@attrs.frozen
class Write:
    """A handler that plans a change. It may run more than once for a request."""

    plan: Callable[[Call], Planned]


Handler = Callable[[Call], Any] | Write
Routes = dict[str, Mapping[str, Handler]]
"""What each path answers, by method."""


def number(text: str) -> int:
    """A number in a path or query. Raises ApiError 404, as Jersey does, for what is none of 32 bits."""
    bare = text.strip()
    if not (bare.isascii() and bare.lstrip("+-").isdigit() and len(bare) < 12 and -(2**31) <= int(bare) < 2**31):
        raise errors.not_found()
    return int(bare)

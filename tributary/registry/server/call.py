"""One request, as its handler receives it, and the types of handlers."""

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
    """An answer that is text already, such as a bare schema."""

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
        """The scope of the setting that the path names: the subject, or else the whole registry."""
        return self.subject if "subject" in self.path else EVERYONE

    def text(self, name: str, default: str = "") -> str:
        """A query parameter, its first value."""
        return next(iter(self.query.get(name, ())), default)

    def flag(self, name: str) -> bool:
        """A boolean query parameter."""
        return self.text(name).lower() == "true"

    def number(self, name: str, default: int) -> int:
        """A numeric query parameter. Raises ApiError 404 if it is not a number, as Jersey does."""
        return number(self.text(name, str(default)))

    @property
    def normalize(self) -> bool:
        """Whether to normalize the schema: if the request or the subject's configuration says so."""
        return self.flag("normalize") or config_in_scope(self.state, self.subject).get("normalize") is True

    def page(self, items: Sequence[Any], limit: int = _LIST_LIMIT) -> list[Any]:
        """The page of a list that `offset` and `limit` select; `limit` is between 1 and the maximum."""
        offset, wanted = max(self.number("offset", 0), 0), self.number("limit", -1)
        return list(items[offset : offset + (wanted if 0 < wanted <= limit else limit)])

    def kept(self, version: Version) -> bool:
        """Whether the parameters `deleted` and `deletedOnly` select a version."""
        if self.flag("deletedOnly"):
            return version.deleted
        return not version.deleted or self.flag("deleted")

    def shown(self, version: Version) -> dict[str, Any]:
        """A version as JSON, with its references resolved if the parameter `format` is `resolved`."""
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
    """A 32-bit integer in a path or query. Raises ApiError 404 for anything else, as Jersey does."""
    bare = text.strip()
    if not (bare.isascii() and bare.lstrip("+-").isdigit() and len(bare) < 12 and -(2**31) <= int(bare) < 2**31):
        raise errors.not_found()
    return int(bare)

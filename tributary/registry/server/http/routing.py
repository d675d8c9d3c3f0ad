"""From a URL to a handler: contexts in the path, aliases of subjects, parameters.

Segments are decoded one by one, because a subject may contain a slash (`%2F`), which the framework's own routing would
treat as a separator.
"""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import parse_qs, unquote_to_bytes

from tributary.registry.server import errors
from tributary.registry.server.call import Handler, Routes
from tributary.registry.server.errors import ApiError
from tributary.registry.server.resources import about, compatibility, config, mode, schemas, subjects, versions
from tributary.registry.server.state import names
from tributary.registry.server.state.state import State

Query = dict[str, list[str]]
_RESOURCES = (subjects, versions, compatibility, schemas, config, mode, about)
ROUTES: Routes = {pattern: methods for resource in _RESOURCES for pattern, methods in resource.ROUTES.items()}
_PATTERNS = [(pattern.split("/") if pattern else [], methods) for pattern, methods in ROUTES.items()]


def route(state: State, method: str, raw_path: bytes, raw_query: bytes) -> tuple[Handler, dict[str, str], Query]:
    """The handler, the values of the path's parameters and the query. Raises ApiError 404, 405 or 400."""
    raw_segments = raw_path.strip(b"/").split(b"/") if raw_path.strip(b"/") else []
    segments = [_decode(segment) for segment in raw_segments]
    query = _decode_query(raw_query)
    if segments[:1] == ["contexts"] and len(segments) > 2:
        segments = _in_context(raw_segments[1], segments[2:], query)
    segments = _without_aliases(state, segments, query)
    for pattern, methods in _PATTERNS:
        values = _match(pattern, segments)
        if values is not None:
            handler = methods.get("GET" if method == "HEAD" else method)
            if handler is None:
                raise ApiError(405, 405, "HTTP 405 Method Not Allowed")
            return handler, values, query
    raise errors.not_found()


def _decode(segment: bytes) -> str:
    try:
        return unquote_to_bytes(segment).decode()
    except UnicodeDecodeError:
        raise errors.bad_request("the path is not valid UTF-8") from None


def _decode_query(raw: bytes) -> Query:
    try:
        return parse_qs(raw.decode(), keep_blank_values=True, max_num_fields=1000)
    except ValueError as error:
        raise errors.bad_request(f"the query cannot be read: {error}") from None


def _match(pattern: Sequence[str], segments: Sequence[str]) -> dict[str, str] | None:
    if len(pattern) != len(segments):
        return None
    values = {}
    for expected, segment in zip(pattern, segments, strict=True):
        if expected.startswith("{"):
            if not segment:
                return None
            values[expected[1:-1]] = segment
        elif expected != segment:
            return None
    return values


def _in_context(context: bytes, segments: list[str], query: Query) -> list[str]:
    """`/contexts/staging/subjects/orders` is `/subjects/:.staging:orders`.

    As in Confluent's filter, the context is used as sent: `%3A` in it is not a colon until the path is assembled.
    """
    try:
        prefix = _decode(names.context_prefix(context.decode("latin-1")).encode("latin-1"))
    except ValueError as error:
        raise errors.bad_request(str(error)) from None
    if segments[0] in ("config", "mode"):
        subject = segments[1] if len(segments) > 1 else ""
        placed = _qualified(prefix, subject)
        return [segments[0], placed, *segments[2:]] if placed else segments
    if segments[:2] == ["schemas", "ids"]:
        query["subject"] = [_qualified(prefix, query.get("subject", [""])[0])]
    elif segments in (["schemas"], ["subjects"]):
        query["subjectPrefix"] = [_qualified(prefix, start) for start in query.get("subjectPrefix", [""])]
    return [
        _qualified(prefix, segment) if index and segments[index - 1] == "subjects" else segment
        for index, segment in enumerate(segments)
    ]


def _qualified(prefix: str, subject: str) -> str:
    return subject if subject.startswith((":.", names.WILDCARD)) else prefix + subject


def _without_aliases(state: State, segments: list[str], query: Query) -> list[str]:
    """The subject, or the one it is an alias for by its configuration."""
    if segments[:2] == ["schemas", "ids"] and "subject" in query:
        query["subject"] = [_behind(state, query["subject"][0])]
    return [
        _behind(state, segment) if index and segments[index - 1] == "subjects" else segment
        for index, segment in enumerate(segments)
    ]


def _behind(state: State, subject: str) -> str:
    alias = state.configs.get(names.normal(subject), {}).get("alias") if subject else None
    return names.within(subject, alias) if alias else subject

"""The registry over HTTP: a Starlette application around the store."""

from __future__ import annotations

import base64
import hmac
import json
import logging
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from registry.embedded import schemas
from registry.embedded.bodies import decode, schema_request
from registry.embedded.call import Call, Raw
from registry.embedded.errors import ApiError
from registry.embedded.routing import route
from registry.embedded.store import Store

MEDIA_TYPE = "application/vnd.schemaregistry.v1+json"
LARGEST_BODY = 4 * 2**20
"""Bytes; a schema may have about one million once it is stripped of white space."""

_MEDIA_TYPES = (MEDIA_TYPE, "application/vnd.schemaregistry+json", "application/json")
_ACCEPTED_BODIES = (*_MEDIA_TYPES, "application/octet-stream")
_log = logging.getLogger("registry.embedded")


def create_app(data: Path | None, user: str = "", password: str = "") -> Starlette:
    """A registry that keeps its data in a folder, or in memory for None; with a user, only for who names both.

    Raises StoreInUse if another process has the folder open, OSError if it cannot be used.
    """
    api = Api(Store(None if data is None else data / "registry.sqlite"), user, password)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        api.store.close()

    app = Starlette(lifespan=lifespan)
    # In place of routes: the framework's do not match every subject (see routing.py).
    app.router.default = api
    app.state.api = api
    return app


class Api:
    """Answers requests in worker threads, one at a time on the store, so that the loop waits for no disk."""

    def __init__(self, store: Store, user: str, password: str) -> None:
        self.store = store
        self._lock = threading.Lock()
        self._credentials = base64.b64encode(f"{user}:{password}".encode()) if user else None

    def replace(self, store: Store) -> None:
        """Go on with another store; the old one is closed."""
        with self._lock:
            self.store.close()
            self.store = store

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        try:
            response = await self._respond(request)
        except ClientDisconnect:
            return
        await response(scope, receive, send)

    async def _respond(self, request: Request) -> Response:
        try:
            self._authorize(request)
            media_type = _media_type(request)
            body = await _body(request)
            answer = await run_in_threadpool(self._answer, request, body)
        except ApiError as error:
            return _error(error)
        except Exception:
            _log.exception("%s %s failed", request.method, request.url.path)
            return _error(ApiError(500, 50001, "Error in the backend data store; the server's log says which"))
        text = answer.text if isinstance(answer, Raw) else json.dumps(answer, ensure_ascii=False)
        return Response(text, media_type=media_type)

    def _authorize(self, request: Request) -> None:
        if self._credentials is None:
            return
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "basic" or not hmac.compare_digest(given.strip().encode(), self._credentials):
            raise ApiError(401, 401, "Unauthorized")

    def _answer(self, request: Request, raw: bytes) -> Any:
        raw_path = request.scope.get("raw_path") or request.url.path.encode()
        handler, path, query = route(self.store, request.method, raw_path, request.scope["query_string"])
        body = decode(raw) if request.method in ("POST", "PUT") and path else {}
        body = decode(raw) if request.method == "PUT" else body
        if "schema" in body:
            schemas.warm(schema_request(body))
        with self._lock:
            return handler(Call(self.store, path, query, body))


def _media_type(request: Request) -> str:
    """The type of the answer. Raises ApiError 406 if the client takes none of ours, 415 for a body of another type."""
    if request.method in ("POST", "PUT"):
        kind = request.headers.get("content-type", MEDIA_TYPE).partition(";")[0].strip().lower()
        if kind not in _ACCEPTED_BODIES:
            raise ApiError(415, 415, "HTTP 415 Unsupported Media Type")
    accept = request.headers.get("accept", "*/*").lower()
    wanted = [part.partition(";")[0].strip() for part in accept.split(",")]
    if "*/*" in wanted or "application/*" in wanted or MEDIA_TYPE in wanted:
        return MEDIA_TYPE
    for kind in _MEDIA_TYPES:
        if kind in wanted:
            return kind
    raise ApiError(406, 406, "HTTP 406 Not Acceptable")


async def _body(request: Request) -> bytes:
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > LARGEST_BODY:
            raise ApiError(413, 413, f"the request body is larger than {LARGEST_BODY} bytes")
        parts.append(part)
    return b"".join(parts)


def _error(error: ApiError) -> Response:
    body = json.dumps({"error_code": error.code, "message": error.message}, ensure_ascii=False)
    headers = {"WWW-Authenticate": 'Basic realm="schema-registry"'} if error.status == 401 else None
    return Response(body, error.status, headers, MEDIA_TYPE)

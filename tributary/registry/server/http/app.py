"""The registry over HTTP: a Starlette application that uses the store."""

from __future__ import annotations

import asyncio
import base64
import hmac
import json
import logging
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from anyio import CapacityLimiter
from anyio.to_thread import run_sync
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from tributary.http_server import OwnHost
from tributary.registry.server.call import Call, Raw, Write
from tributary.registry.server.errors import ApiError, invalid_schema
from tributary.registry.server.http.routing import route
from tributary.registry.server.requests import decode
from tributary.registry.server.state.state import Planned, State
from tributary.registry.server.store import Store

MEDIA_TYPE = "application/vnd.schemaregistry.v1+json"
LARGEST_BODY = 4 * 2**20
"""Bytes. A schema may have about a million after white space is removed."""
BODY_S = 30.0
"""Seconds to wait for a complete request body."""

_MEDIA_TYPES = (MEDIA_TYPE, "application/vnd.schemaregistry+json", "application/json")
_ACCEPTED_BODIES = (*_MEDIA_TYPES, "application/octet-stream")
_READERS, _WRITERS = 8, 2
_log = logging.getLogger("tributary.registry.server")


def create_app(data: Path | None, user: str = "", password: str = "", host: str = "127.0.0.1") -> Starlette:
    """A registry that keeps its data in a folder, or in memory for None. With a user, clients must send both.

    `host` is the address that it listens on.

    Raises StoreInUse if another process has the folder open, OSError if it cannot be used.
    """
    api = Api(Store(None if data is None else data / "registry.sqlite"), user, password)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        api.store.close()

    app = Starlette(lifespan=lifespan, middleware=[Middleware(OwnHost, host=host)])
    # Replaces the framework's routes, which do not match every subject (see routing.py).
    app.router.default = api
    app.state.api = api
    return app


class Api:
    """Answers requests in worker threads, so that the event loop does not wait for the disk.

    A request reads the current state and never waits for a change in progress.
    """

    def __init__(self, store: Store, user: str, password: str) -> None:
        self.store = store
        self._committing = threading.Lock()
        self._credentials = base64.b64encode(f"{user}:{password}".encode()) if user else None
        # Changes have a few threads of their own: they hold the interpreter, which they share with reads.
        self._readers, self._writers = CapacityLimiter(_READERS), CapacityLimiter(_WRITERS)

    def replace(self, store: Store) -> None:
        """Continue with another store. The old one is closed."""
        with self._committing:
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
            async with asyncio.timeout(BODY_S):
                body = await _body(request)
            answer = await self._answer(request, body)
        except ApiError as error:
            return _error(error)
        except RecursionError:
            return _error(invalid_schema("the schema is nested too deeply"))
        except TimeoutError:
            return _error(ApiError(408, 408, f"the request body did not arrive within {BODY_S:.0f} s"))
        except ClientDisconnect:
            raise
        except Exception:
            _log.exception("%s %s failed", request.method, request.scope["path"])
            return _error(ApiError(500, 50001, "Error in the backend data store; the server's log says which"))
        return Response(answer, media_type=media_type)

    def _authorize(self, request: Request) -> None:
        if self._credentials is None:
            return
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "basic" or not hmac.compare_digest(given.strip().encode(), self._credentials):
            raise ApiError(401, 401, "Unauthorized")

    async def _answer(self, request: Request, raw: bytes) -> bytes:
        raw_path = request.scope.get("raw_path") or request.scope["path"].encode()
        handler, path, query = route(self.store.state, request.method, raw_path, request.scope["query_string"])
        has_body = request.method == "PUT" or (request.method == "POST" and bool(path))

        def read(handle: Callable[[Call], Any]) -> bytes:
            return _encoded(handle(Call(self.store.state, path, query, decode(raw) if has_body else {})))

        def change(plan: Callable[[Call], Planned]) -> bytes:
            body = decode(raw) if has_body else {}
            return _encoded(self._change(lambda state: plan(Call(state, path, query, body))))

        if isinstance(handler, Write):
            return await run_sync(change, handler.plan, limiter=self._writers)
        return await run_sync(read, handler, limiter=self._readers)

    def _change(self, plan: Callable[[State], Planned]) -> Any:
        """Plan without the lock and commit with it. If another change was committed in between, plan again."""
        state = self.store.state
        planned = plan(state)
        if planned.changes:
            with self._committing:
                if self.store.state is not state:
                    planned = plan(self.store.state)
                if planned.changes:
                    self.store.commit(planned.changes)
        return planned.answer


def _encoded(answer: Any) -> bytes:
    return (answer.text if isinstance(answer, Raw) else json.dumps(answer, ensure_ascii=False)).encode()


def _media_type(request: Request) -> str:
    """The answer's content type. Raises ApiError 406 if the client accepts none, 415 for a body of another type."""
    if request.method in ("POST", "PUT"):
        # Without a type, or as text/plain, a page of another site may send a request without a CORS preflight.
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
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


_ERROR_HEADERS = {401: {"WWW-Authenticate": 'Basic realm="schema-registry"'}, 408: {"Connection": "close"}}


def _error(error: ApiError) -> Response:
    body = json.dumps({"error_code": error.code, "message": error.message}, ensure_ascii=False)
    return Response(body, error.status, _ERROR_HEADERS.get(error.status), MEDIA_TYPE)

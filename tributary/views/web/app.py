"""The addresses that the web server answers: the page, the figures, their stream, and the metrics."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from tributary.http_server import OwnHost
from tributary.views import prometheus
from tributary.views.arrangement import Arrangement, F
from tributary.views.feed import Feed
from tributary.views.web.api import to_json
from tributary.views.web.metrics import all_metrics
from tributary.views.web.page import page

_EVERY_S = 1.0
_POLL_S = 0.2


def create_app(
    arrangement: Arrangement[F], feed: Feed[F], stopping: Callable[[], bool], host: str = "127.0.0.1"
) -> Starlette:
    """The application, for a server that listens on `host`.

    Its streams end when `stopping` returns true; the caller ends the feed.
    """
    html, policy = page(arrangement.page)

    def current() -> dict[str, Any]:
        return to_json(arrangement, feed.latest, feed.rate)

    async def index(_: Request) -> Response:
        return HTMLResponse(html, headers={"Content-Security-Policy": policy, "Cache-Control": "no-cache"})

    async def figures(_: Request) -> Response:
        return JSONResponse(current(), headers={"Cache-Control": "no-store"})

    async def stream(_: Request) -> Response:
        return StreamingResponse(
            _events(current, stopping),
            media_type="text/event-stream",
            # X-Accel-Buffering: proxies pass each event on at once.
            headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
        )

    async def metrics(_: Request) -> Response:
        return PlainTextResponse(
            prometheus.text(all_metrics(arrangement, feed.latest)), media_type=prometheus.MEDIA_TYPE
        )

    async def health(_: Request) -> Response:
        return JSONResponse({"status": "ok", "store": feed.latest is not None})

    return Starlette(
        routes=[
            Route("/", index),
            Route("/api/figures", figures),
            Route("/api/stream", stream),
            Route("/metrics", metrics),
            Route("/healthz", health),
        ],
        middleware=[Middleware(OwnHost, host=host)],
    )


async def _events(current: Callable[[], dict[str, Any]], stopping: Callable[[], bool]) -> AsyncIterator[str]:
    """The figures once per second, as Server-Sent Events."""
    due = 0.0
    while not stopping():
        if time.monotonic() >= due:
            due = time.monotonic() + _EVERY_S
            yield f"data: {json.dumps(current())}\n\n"
        await asyncio.sleep(_POLL_S)

"""The web page and what it is fed with: every address that the server answers."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from consumers.feed import Feed
from consumers.labels import product_names
from consumers.web import metrics
from consumers.web.figures import as_json
from tributary.http_server import OwnHost

PRODUCTS = 12
_FOLDER = Path(__file__).parent
_EVERY_S = 1.0
_LOOK_S = 0.2


def create_app(feed: Feed, stopping: Callable[[], bool], host: str = "127.0.0.1") -> Starlette:
    """The application, for a server that listens on `host`.

    Its streams end when `stopping` says so; the caller ends the feed.
    """
    names = product_names()
    page, policy = _page()

    def current() -> dict[str, Any]:
        return as_json(feed.latest, feed.rate, names)

    async def index(_: Request) -> Response:
        return HTMLResponse(page, headers={"Content-Security-Policy": policy, "Cache-Control": "no-cache"})

    async def figures(_: Request) -> Response:
        return JSONResponse(current(), headers={"Cache-Control": "no-store"})

    async def stream(_: Request) -> Response:
        return StreamingResponse(
            _events(current, stopping),
            media_type="text/event-stream",
            # Proxies that gather a response before they pass it on are told not to.
            headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
        )

    async def prometheus(_: Request) -> Response:
        return PlainTextResponse(metrics.text(feed.latest), media_type=metrics.MEDIA_TYPE)

    async def health(_: Request) -> Response:
        return JSONResponse({"status": "ok", "store": feed.latest is not None})

    return Starlette(
        routes=[
            Route("/", index),
            Route("/api/figures", figures),
            Route("/api/stream", stream),
            Route("/metrics", prometheus),
            Route("/healthz", health),
        ],
        middleware=[Middleware(OwnHost, host=host)],
    )


async def _events(current: Callable[[], dict[str, Any]], stopping: Callable[[], bool]) -> AsyncIterator[str]:
    """The figures once a second, as Server-Sent Events."""
    due = 0.0
    while not stopping():
        if time.monotonic() >= due:
            due = time.monotonic() + _EVERY_S
            yield f"data: {json.dumps(current())}\n\n"
        await asyncio.sleep(_LOOK_S)


def _page() -> tuple[str, str]:
    """The page with its style and script inside, and the policy that lets the browser run these and nothing else."""
    html, style, script = ((_FOLDER / f"page.{kind}").read_text("utf-8") for kind in ("html", "css", "js"))
    policy = (
        f"default-src 'none'; style-src '{_digest(style)}'; script-src '{_digest(script)}'; "
        "connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    return html.replace("/* page.css */", style).replace("/* page.js */", script), policy


def _digest(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"

"""What the HTTP servers share: whom they answer, and how long they wait for a client.

A server on a laptop has the laptop's browser as its neighbour. Any page in it can send requests to 127.0.0.1, and can
give its own name that address (DNS rebinding) to read the answers. The `Host` and `Origin` that the browser adds
tell such a request from the user's own.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from typing import Any
from urllib.parse import urlsplit

import h11
import uvicorn
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

REQUEST_S = 10.0
"""The longest wait for the line and the headers of a request, in seconds."""
STALL_S = 30.0
"""The longest wait for a client that does not read its answer, in seconds."""
MOST_CONNECTIONS = 256
"""Below the usual limit of 1,024 open files."""
_SHUTDOWN_S = 3

_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_EVERY_ADDRESS = ("", "0.0.0.0", "::")
_NOT_PUBLIC = (".internal", ".local", ".localhost")


class OwnHost:
    """Refuses with 403 what a browser sends for the page of another site."""

    def __init__(self, app: ASGIApp, host: str) -> None:
        """`host` is the address to listen on; its name is accepted beside those of the loopback address."""
        self._app, self._host = app, host.strip("[]").lower()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 403, or hand the request on."""
        refusal = self._refusal(dict(scope["headers"])) if scope["type"] == "http" else None
        if refusal is None:
            await self._app(scope, receive, send)
        else:
            await JSONResponse({"error_code": 403, "message": refusal}, 403)(scope, receive, send)

    def _refusal(self, headers: dict[bytes, bytes]) -> str | None:
        host, origin = headers.get(b"host"), headers.get(b"origin")
        if host is not None and not self._accepts(name := _name(host.decode("latin-1"))):
            return f"the Host {name!r} is not this server's; it answers to localhost and to the name given with --host"
        if origin is not None and _authority(origin) != (host or b"").lower():
            return f"the Origin {origin.decode('latin-1')!r} is another site; a page may use its own server only"
        return None

    def _accepts(self, name: str) -> bool:
        if name in (*_LOOPBACK, self._host):
            return True
        return self._host in _EVERY_ADDRESS and _is_not_public(name)


def _is_not_public(name: str) -> bool:
    """Whether a name is an address, or one that no public name server gives out: nobody can rebind it."""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        own = socket.gethostname().lower()
        return bool(name) and ("." not in name or name.endswith(_NOT_PUBLIC) or name == own)
    return True


def _name(host: str) -> str:
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _authority(origin: bytes) -> bytes:
    return origin.partition(b"://")[2].lower()


class Connection(H11Protocol):
    """HTTP/1.1 in which every wait for the client ends: uvicorn has a limit between two requests alone.

    The application bounds the wait for a body.
    """

    _request_timer: asyncio.TimerHandle | None = None
    _stall_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if len(self.connections) > MOST_CONNECTIONS:
            transport.abort()
        else:
            self._limit_request()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._limit_request()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._limit_request()

    def send_400_response(self, msg: str) -> None:
        """Refuse what is not HTTP; within a request, in place of the application's answer.

        Where no answer with a body can be sent, because one was begun or the request is HEAD, hang up.
        """
        method = ""
        if self.cycle is not None:
            method = self.cycle.scope["method"]
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE) and method != "HEAD":
            super().send_400_response(msg)
        else:
            self.transport.abort()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._stall_timer = self.loop.call_later(STALL_S, self.transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        self._end_stall()

    def connection_lost(self, exc: Exception | None) -> None:
        self._end_request()
        self._end_stall()
        super().connection_lost(exc)

    def shutdown(self) -> None:
        if self._is_answering() and (self.cycle.more_body or self._stall_timer):
            self.transport.abort()  # the client is the one that is waited for
        else:
            super().shutdown()

    def _is_answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _limit_request(self) -> None:
        if self._is_answering():
            self._end_request()
        elif self._request_timer is None and not self.transport.is_closing():
            self._request_timer = self.loop.call_later(REQUEST_S, self.transport.abort)

    def _end_request(self) -> None:
        if self._request_timer is not None:
            self._request_timer.cancel()
            self._request_timer = None

    def _end_stall(self) -> None:
        if self._stall_timer is not None:
            self._stall_timer.cancel()
            self._stall_timer = None


def configuration(app: Any) -> uvicorn.Config:
    """How both servers run: quiet, and stopped within seconds whatever their clients do."""
    return uvicorn.Config(
        app,
        http=Connection,
        ws="none",
        log_config=None,  # the command decides how lines are written
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=_SHUTDOWN_S,
    )

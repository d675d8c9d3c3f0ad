"""A real HTTP proxy in front of a real registry that can simulate each faulty state that registries were seen in.

with faulty_registry(registry.url) as faulty:
    client = RegistryClient(faulty.url)
    faulty.fault = Fault.SILENT
"""

from __future__ import annotations

import http.client
import json
import re
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from enum import Enum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

import attrs

from tributary.stack import ports

_BY_ID = re.compile(r"/schemas/ids/(\d+)")
_FORWARDED = ("Accept", "Authorization", "Content-Type")
_HTML = b"<html><body><h1>It works!</h1></body></html>"
_JSON = "application/vnd.schemaregistry.v1+json"


class Fault(Enum):
    """The faulty states."""

    NONE = "none"
    UNKNOWN_IDS = "unknown ids"
    """Every id is unknown: error code 40403."""
    BARE_404 = "bare 404"
    """404 for every path, without an error code, as from a wrong path or a web server."""
    NULL_SCHEMA = "null schema"
    """`{"schema": null}`"""
    NONSENSE = "nonsense"
    """The JSON of another service."""
    NO_JSON = "no json"
    """`{"schema": "{`: a truncated answer sent as if it were complete."""
    HTML = "html"
    """A page with status 200, as of a captive portal or a login form."""
    ERROR_500 = "status 500"
    ERROR_502 = "status 502"
    ERROR_503 = "status 503"
    TOO_MANY = "status 429"
    UNAUTHORIZED = "status 401"
    FORBIDDEN = "status 403"
    SLOW = "slow"
    """It answers after `delay_s`."""
    TRICKLING = "trickling"
    """It sends one byte of the body per half second."""
    SILENT = "silent"
    """It accepts connections and requests but never answers."""
    REFUSING = "refusing"
    """No server listens at its address."""
    CUT = "cut"
    """The connection closes in the middle of the body."""
    WRONG_SCHEMA = "wrong schema"
    """It returns another schema for every id."""
    PROTOBUF = "protobuf"
    """It returns a schema of another type for every id."""
    LAGGING = "lagging"
    """A replica that is behind: an id is unknown until `delay_s` after it was first asked for."""


_STATUSES = {
    Fault.ERROR_500: 500,
    Fault.ERROR_502: 502,
    Fault.ERROR_503: 503,
    Fault.TOO_MANY: 429,
    Fault.UNAUTHORIZED: 401,
    Fault.FORBIDDEN: 403,
}
_BODIES: dict[Fault, bytes] = {
    Fault.NULL_SCHEMA: b'{"schema": null}',
    Fault.NONSENSE: b'{"status": "UP", "components": {"db": {"status": "UP"}}}',
    Fault.NO_JSON: b'{"schema": "{',
    Fault.HTML: _HTML,
    Fault.WRONG_SCHEMA: json.dumps(
        {"schema": '{"type":"record","name":"Wrong","fields":[{"name":"nothing","type":"null"}]}'}
    ).encode(),
    Fault.PROTOBUF: b'{"schema": "message R {}", "schemaType": "PROTOBUF"}',
}


@attrs.frozen
class Asked:
    """A received request."""

    method: str
    path: str
    authorization: str | None


class FaultyRegistry:
    """The proxy. `fault` may be set at any time, from any thread; it applies to later requests.

    Requests that wait for a SLOW or SILENT registry end when the fault changes.
    """

    def __init__(self, target: str, delay_s: float = 3.0, tls: ssl.SSLContext | None = None) -> None:
        """Start in front of the registry at `target`; with `tls`, serve https."""
        self.delay_s = delay_s
        self._target = urlsplit(target)
        self._tls = tls
        self._port = ports.free()
        self._server: ThreadingHTTPServer | None = None
        self._fault = Fault.NONE
        self._changed = threading.Event()
        self._lock = threading.Lock()
        self._asked: list[Asked] = []
        self._first_asked: dict[str, float] = {}
        self._listen()

    @property
    def url(self) -> str:
        return f"{'https' if self._tls else 'http'}://{ports.LOOPBACK}:{self._port}"

    @property
    def requests(self) -> list[Asked]:
        """All requests so far."""
        with self._lock:
            return list(self._asked)

    def count(self, path: str = "") -> int:
        """The number of requests for paths with this prefix."""
        return sum(one.path.startswith(path) for one in self.requests)

    @property
    def fault(self) -> Fault:
        return self._fault

    @fault.setter
    def fault(self, fault: Fault) -> None:
        with self._lock:
            self._fault = fault
            self._first_asked.clear()
            self._changed.set()
            self._changed = threading.Event()
        if fault is Fault.REFUSING:
            self.close()
        elif self._server is None:
            self._listen()

    def close(self) -> None:
        """Stop listening."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def _listen(self) -> None:
        registry = self

        class Handler(BaseHTTPRequestHandler):
            timeout = 60

            def answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                with suppress(OSError):  # the client left
                    registry._handle(self, body)

            do_GET = do_POST = do_PUT = do_DELETE = answer

            def log_message(self, *_: object) -> None:
                pass

        class Server(ThreadingHTTPServer):
            def get_request(self) -> Any:
                connection, address = super().get_request()
                if registry._tls is None:
                    return connection, address
                connection.settimeout(10)
                # The handshake runs in the thread that reads, so that no client blocks the others.
                return registry._tls.wrap_socket(connection, server_side=True, do_handshake_on_connect=False), address

            def handle_error(self, *_: object) -> None:
                pass  # a handshake that failed

        self._server = Server((ports.LOOPBACK, self._port), Handler)
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def _handle(self, handler: BaseHTTPRequestHandler, body: bytes) -> None:
        with self._lock:
            fault, changed = self._fault, self._changed
            self._asked.append(Asked(handler.command, handler.path, handler.headers["Authorization"]))
        by_id = _BY_ID.match(handler.path)
        if fault is Fault.SILENT:
            changed.wait()
            return
        if fault is Fault.SLOW:
            changed.wait(self.delay_s)
        if fault in _STATUSES:
            status = _STATUSES[fault]
            _send(handler, status, json.dumps({"error_code": status, "message": f"fault {fault.name}"}).encode())
        elif fault in _BODIES:
            _send(handler, 200, _BODIES[fault], "text/html" if fault is Fault.HTML else _JSON)
        elif fault is Fault.BARE_404:
            _send(handler, 404, _HTML, "text/html")
        elif by_id and (fault is Fault.UNKNOWN_IDS or (fault is Fault.LAGGING and self._behind(by_id[1]))):
            _send(handler, 404, json.dumps({"error_code": 40403, "message": f"Schema {by_id[1]} not found"}).encode())
        else:
            self._forward(handler, body, fault, changed)

    def _behind(self, schema_id: str) -> bool:
        now = time.monotonic()
        with self._lock:
            return now - self._first_asked.setdefault(schema_id, now) < self.delay_s

    def _forward(self, handler: BaseHTTPRequestHandler, body: bytes, fault: Fault, changed: threading.Event) -> None:
        connection = http.client.HTTPConnection(self._target.hostname or "", self._target.port, timeout=60)
        headers = {name: handler.headers[name] for name in _FORWARDED if name in handler.headers}
        try:
            connection.request(handler.command, self._target.path + handler.path, body or None, headers)
            response = connection.getresponse()
            status, content = response.status, response.read()
            kind = response.headers.get("Content-Type", _JSON)
        except (OSError, http.client.HTTPException):
            status, content, kind = 502, b"the registry behind the proxy is away", "text/plain"
        finally:
            connection.close()
        if fault is Fault.CUT:
            _send(handler, status, content[: len(content) // 2], kind, length=len(content))
        elif fault is Fault.TRICKLING:
            _send(handler, status, b"", kind, length=len(content))
            for byte in content:
                handler.wfile.write(bytes([byte]))
                handler.wfile.flush()
                if changed.wait(0.5):
                    return
        else:
            _send(handler, status, content, kind)


def _send(
    handler: BaseHTTPRequestHandler, status: int, content: bytes, kind: str = _JSON, length: int | None = None
) -> None:
    handler.send_response(status)
    handler.send_header("Content-Type", kind)
    handler.send_header("Content-Length", str(len(content) if length is None else length))
    handler.end_headers()
    handler.wfile.write(content)


@contextmanager
def faulty_registry(target: str, delay_s: float = 3.0, tls: ssl.SSLContext | None = None) -> Iterator[FaultyRegistry]:
    """A proxy in front of the registry at `target` during the block."""
    registry = FaultyRegistry(target, delay_s, tls)
    try:
        yield registry
    finally:
        registry.fault = Fault.REFUSING

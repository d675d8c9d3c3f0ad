"""What the HTTP servers refuse to other sites' pages, and how they get rid of clients that hang."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from tests.support.paths import ROOT
from tools.conformance import MEDIA_TYPE
from tributary import http_server
from tributary.http_server import OwnHost
from tributary.registry.server.http import app as server
from tributary.registry.testing import serve

SCHEMA = json.dumps({"schema": '"int"'})
PATIENCE_S = 30


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with serve() as registry:
        yield int(registry.url.rpartition(":")[2])


def ask(port: int, method: str, path: str, body: str | None = None, **headers: str) -> tuple[int, Any]:
    """A request with these headers and no others that a caller could choose."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    with closing(connection):
        connection.request(method, path, body, sent)
        response = connection.getresponse()
        answer = response.read()
        return response.status, json.loads(answer) if "json" in response.headers["Content-Type"] else answer


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8081", "127.0.0.1.evil.example", "10.0.0.7", "", "[", "localhost.evil"]
)
def test_a_foreign_host_is_refused(port: int, host: str) -> None:
    status, answer = ask(port, "GET", "/subjects", Host=host)
    assert (status, answer["error_code"]) == (403, 403)
    assert "Host" in answer["message"]


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:1", "127.0.0.1", "127.0.0.1:8081", "[::1]", "[::1]:8081"])
def test_each_name_of_this_machine_is_accepted(port: int, host: str) -> None:
    assert ask(port, "GET", "/subjects", Host=host)[0] == 200


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "http://127.0.0.1:1", "http://localhost", "", "evil"]
)
@pytest.mark.parametrize("method, path", [("GET", "/subjects"), ("POST", "/subjects/s/versions"), ("DELETE", "/mode")])
def test_a_foreign_origin_is_refused(port: int, origin: str, method: str, path: str) -> None:
    body = SCHEMA if method == "POST" else None
    assert ask(port, method, path, body, Origin=origin, Content_Type=MEDIA_TYPE)[0] == 403
    assert ask(port, "GET", "/subjects") == (200, [])


def test_a_page_may_use_its_own_server(port: int) -> None:
    assert ask(port, "GET", "/subjects", Origin=f"http://127.0.0.1:{port}")[0] == 200


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "", None])
@pytest.mark.parametrize(
    "method, path", [("POST", "/subjects/s/versions"), ("POST", "/subjects/s"), ("PUT", "/config")]
)
def test_a_body_needs_a_content_type_that_no_foreign_page_can_send(
    port: int, kind: str | None, method: str, path: str
) -> None:
    headers = {} if kind is None else {"Content_Type": kind}
    assert ask(port, method, path, SCHEMA, **headers)[0] == 415


@pytest.mark.parametrize("kind", [MEDIA_TYPE, "application/json", "application/json; charset=utf-8"])
def test_the_content_types_of_clients_are_accepted(kind: str) -> None:
    with serve() as registry:
        port = int(registry.url.rpartition(":")[2])
        assert ask(port, "POST", "/subjects/s/versions", SCHEMA, Content_Type=kind)[0] == 200


def page(host: str) -> TestClient:
    app = Starlette(
        routes=[Route("/", lambda _: PlainTextResponse("fine"))], middleware=[Middleware(OwnHost, host=host)]
    )
    return TestClient(app)


@pytest.mark.parametrize(
    "listens_on, host, status",
    [
        ("127.0.0.1", "shop.lan", 403),
        ("shop.lan", "shop.lan:8081", 200),
        ("shop.lan", "SHOP.lan", 200),
        ("shop.lan", "other.lan", 403),
        ("10.1.2.3", "10.1.2.3:8081", 200),
        ("::1", "[::1]:8081", 200),
        ("0.0.0.0", "10.1.2.3:8081", 200),
        ("0.0.0.0", "[fe80::1]", 200),
        ("::", "registry:8081", 200),
        ("0.0.0.0", "host.docker.internal:8081", 200),
        ("0.0.0.0", socket.gethostname(), 200),
        ("0.0.0.0", "evil.example", 403),
        ("::", "10.1.2.3.evil.example", 403),
    ],
)
def test_the_address_to_listen_on_says_which_hosts(listens_on: str, host: str, status: int) -> None:
    assert page(listens_on).get("/", headers={"Host": host}).status_code == status


# ---- clients that hang or leave --------------------------------------------------------------


def connected(port: int, sent: bytes = b"") -> socket.socket:
    client = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S)
    client.sendall(sent)
    return client


def received(client: socket.socket) -> bytes:
    """What comes before the server ends the connection; it fails if the server does not."""
    parts = []
    try:
        while part := client.recv(65536):
            parts.append(part)
    except ConnectionError:
        pass
    return b"".join(parts)


POST = f"POST /subjects/s/versions HTTP/1.1\r\nHost: localhost\r\nContent-Type: {MEDIA_TYPE}\r\n".encode()
HALF = POST + b"Content-Length: 1000\r\n\r\n{"
SLOW = {
    "nothing": b"",
    "half a line": b"GET /sub",
    "half of the headers": b"GET /subjects HTTP/1.1\r\nHost: localhost\r\nAcc",
    "half of the second request": b"GET /subjects HTTP/1.1\r\nHost: localhost\r\n\r\nGET /sub",
    "half a body": HALF,
}


@pytest.mark.parametrize("sent", SLOW.values(), ids=SLOW)
def test_a_client_that_sends_no_whole_request_is_let_go(sent: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_server, "REQUEST_S", 0.2)
    monkeypatch.setattr(server, "BODY_S", 0.2)
    with serve() as registry, connected(int(registry.url.rpartition(":")[2]), sent) as client:
        received(client)


def test_a_client_that_sends_byte_after_byte_is_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_server, "REQUEST_S", 0.3)
    with serve() as registry, connected(int(registry.url.rpartition(":")[2])) as client, pytest.raises(OSError):
        for _ in range(int(PATIENCE_S / 0.02)):
            client.sendall(b"G")
            time.sleep(0.02)


def test_a_body_that_does_not_come_is_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "BODY_S", 0.2)
    with serve() as registry, connected(int(registry.url.rpartition(":")[2]), HALF) as client:
        assert client.recv(65536).startswith(b"HTTP/1.1 408 ")


def test_a_client_that_does_not_read_is_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_server, "STALL_S", 0.2)
    large = json.dumps({"type": "enum", "name": "E", "symbols": [f"symbol_number_{n}" for n in range(30_000)]})
    with serve() as registry:
        port = int(registry.url.rpartition(":")[2])
        body = json.dumps({"schema": large})
        assert ask(port, "POST", "/subjects/s/versions", body, Content_Type=MEDIA_TYPE)[0] == 200
        with socket.socket() as client:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            client.settimeout(PATIENCE_S)
            client.connect(("127.0.0.1", port))
            client.sendall(b"GET /schemas/ids/1 HTTP/1.1\r\nHost: localhost\r\n\r\n" * 50)
            time.sleep(1)
            assert received(client).count(b"HTTP/1.1 200") < 50


def test_huge_headers_and_too_many_connections_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_server, "MOST_CONNECTIONS", 5)
    with serve() as registry:
        port = int(registry.url.rpartition(":")[2])
        with connected(port, b"GET / HTTP/1.1\r\nX: " + b"x" * 100_000) as client:
            assert b" 200 " not in received(client)
        clients = [connected(port) for _ in range(5)]
        with connected(port) as another:
            assert received(another) == b""
        for client in clients:
            client.close()
        assert ask_until_served(port) == (200, [])


def ask_until_served(port: int) -> tuple[int, Any]:
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            return ask(port, "GET", "/subjects")
        except (ConnectionError, http.client.HTTPException):
            assert time.monotonic() < deadline


@contextmanager
def process(folder: Path, module: str, *options: object) -> Iterator[tuple[subprocess.Popen[str], int, Path]]:
    """A server as a process, once it is ready: its port, and the file with all that it prints."""
    log = folder / "log"
    environment = os.environ | {"STORE_PATH": str(folder / "none.sqlite")}
    with log.open("w") as out:
        child = subprocess.Popen(
            [sys.executable, "-m", module, *map(str, options)], stdout=out, stderr=out, cwd=ROOT, env=environment
        )
    try:
        while not (ready := re.search(r"http://\S+?:(\d+)", log.read_text())):
            assert child.poll() is None, log.read_text()
            time.sleep(0.02)
        ask(int(ready[1]), "GET", "/")
        yield child, int(ready[1]), log
    finally:
        child.kill()
        child.wait()


def registry(folder: Path) -> Any:
    return process(folder, "registry", "serve", "--port", 0, "--data", folder / "data", "--user", "")


def web(folder: Path) -> Any:
    return process(folder, "consumers.web", "--port", 0)


def reset(client: socket.socket) -> None:
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()


@pytest.mark.parametrize("started", [registry, web])
def test_a_client_that_leaves_leaves_no_traceback(tmp_path: Path, started: Callable[[Path], Any]) -> None:
    with started(tmp_path) as (child, port, log):
        for sent in (
            *SLOW.values(),
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
            POST + b"Content-Length: x\r\n\r\n",
        ):
            connected(port, sent).close()
            reset(connected(port, sent))
        for _ in range(20):
            reset(connected(port, b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n" * 20))
        assert ask(port, "GET", "/healthz" if started is web else "/")[0] == 200
        time.sleep(0.2)
        child.send_signal(signal.SIGTERM)
        assert child.wait(PATIENCE_S) == 0
        assert "Traceback" not in log.read_text()
        assert "Error" not in log.read_text()


@pytest.mark.parametrize("started", [registry, web])
def test_a_stop_waits_for_no_client(tmp_path: Path, started: Callable[[Path], Any]) -> None:
    with started(tmp_path) as (child, port, log):
        clients = [connected(port, sent) for sent in SLOW.values()]
        asked_at = time.monotonic()
        child.send_signal(signal.SIGTERM)
        assert child.wait(PATIENCE_S) == 0
        assert time.monotonic() - asked_at < 10
        assert "Traceback" not in log.read_text()
        for client in clients:
            client.close()


def test_the_page_answers_its_own_host_alone(tmp_path: Path) -> None:
    with web(tmp_path) as (_, port, __):
        assert ask(port, "GET", "/api/figures")[0] == 200
        assert ask(port, "GET", "/api/figures", Host=f"localhost:{port}")[0] == 200
        assert ask(port, "GET", "/api/figures", Host="evil.example")[0] == 403
        assert ask(port, "GET", "/metrics", Origin="http://evil.example")[0] == 403

"""The registry's server: any bytes on a connection. It answers or hangs up, and continues to serve others."""

from __future__ import annotations

import atexit
import http.client
import json
import logging
import re
import socket
from collections.abc import Iterator
from contextlib import ExitStack, closing
from functools import lru_cache

from tests.fuzz import requests
from tests.fuzz.requests import check_answer
from tributary.registry.testing import TestRegistry, serve

PATIENCE_S = 15.0
"""Seconds to wait for an answer, or for the end of a connection."""
PAUSE_S = 0.02
"""Seconds that the server has for an answer after the client's last byte; the request may be incomplete."""
STATUSES = (*requests.STATUSES, 100)
WORDS = (
    *requests.WORDS,
    *(
        b"HTTP/1.1\r\n",
        b"HTTP/1.0\r\n",
        b"\r\n\r\n",
        b"Host: localhost\r\n",
        b"Content-Length: ",
        b"Expect: 100-continue",
    ),
    *(b"Transfer-Encoding: chunked\r\n", b"0\r\n\r\n", b"Connection: keep-alive\r\n", b"Connection: close\r\n"),
    *(
        b"Expect: 100-continue\r\n",
        b"Upgrade: websocket\r\n",
        b"Content-Type: application/json\r\n",
        b"ffffffff\r\n",
        b"OPTIONS * ",
    ),
)
_STATUS_LINE = re.compile(rb"HTTP/1\.1 (\d{3}) ")


def seeds() -> Iterator[bytes]:
    """Inputs: the bytes that a client sends on one connection."""
    body = json.dumps({"schema": '"int"'}).encode()
    head = b"Host: localhost\r\nContent-Type: application/json\r\n"
    yield b"GET /subjects HTTP/1.1\r\nHost: localhost\r\n\r\n"
    yield b"GET /subjects HTTP/1.1\r\nHost: localhost\r\n\r\nGET /schemas/types HTTP/1.1\r\nHost: localhost\r\n\r\n"
    yield b"POST /subjects/s/versions HTTP/1.1\r\n" + head + b"Content-Length: %d\r\n\r\n" % len(body) + body
    yield (
        b"POST /subjects/s/versions HTTP/1.1\r\n"
        + head
        + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n" % len(body)
        + body
        + b"\r\n0\r\n\r\n"
    )
    yield (
        b"PUT /config HTTP/1.1\r\n"
        + head
        + b'Expect: 100-continue\r\nContent-Length: 24\r\n\r\n{"compatibility":"NONE"}'
    )
    yield b"GET / HTTP/1.0\r\n\r\n"
    yield b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"


class _Errors(logging.Handler):
    """The errors in the server's log. No client may cause one."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)

    def text(self) -> str:
        return "\n".join(map(logging.Formatter().format, self.records))


_errors = _Errors()


def check(data: bytes) -> None:
    """Raise AssertionError if the server answers wrongly or stops serving."""
    registry = _server()
    registry.reset()
    _errors.records.clear()
    address = ("127.0.0.1", int(registry.url.rpartition(":")[2]))
    with closing(socket.create_connection(address, PATIENCE_S)) as connection:
        connection.sendall(data)
        answer = _answer(connection)
    for status in _STATUS_LINE.findall(answer):
        assert int(status) in STATUSES, f"{status.decode()}: {answer[:500]!r}"
    assert not _errors.records, f"the log has an error: {_errors.text()}"
    with closing(http.client.HTTPConnection(*address, timeout=PATIENCE_S)) as other:
        other.request("GET", "/subjects")
        response = other.getresponse()
        check_answer("GET /subjects", response.status, response.read())
        assert response.status == 200


def _answer(connection: socket.socket) -> bytes:
    """The bytes received within PAUSE_S, and until the server hangs up after the client has."""
    answer = b""
    connection.settimeout(PAUSE_S)
    try:
        while part := connection.recv(65536):
            answer += part
    except ConnectionResetError:
        return answer
    except TimeoutError:
        connection.settimeout(PATIENCE_S)
        try:
            connection.shutdown(socket.SHUT_WR)
            while part := connection.recv(65536):
                answer += part
        except (ConnectionResetError, OSError) as error:
            assert not isinstance(error, TimeoutError), "the server keeps a connection that the client has ended"
    return answer


def case(data: bytes) -> str:
    """The input as text that stays valid when the code changes."""
    return json.dumps(data.decode("latin-1"))


def replay(text: str) -> None:
    """Check a case."""
    check(json.loads(text).encode("latin-1"))


@lru_cache(None)
def _server() -> TestRegistry:
    stack = ExitStack()
    atexit.register(stack.close)
    registry = stack.enter_context(serve())
    for name in ("uvicorn", "asyncio", "tributary.registry.server"):
        logging.getLogger(name).addHandler(_errors)
        logging.getLogger(name).setLevel(logging.ERROR)
    logging.getLogger("uvicorn.error").setLevel(logging.ERROR)
    return registry

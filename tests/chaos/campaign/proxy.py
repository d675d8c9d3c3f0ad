"""A TCP proxy in front of the broker, which can be cut."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from enum import Enum

from tributary.stack import ports

_BYTES = 1 << 16


class Line(Enum):
    """What the proxy does with connections."""

    OPEN = "open"
    CUT = "cut"
    """They are closed, and so are new ones."""
    DEAF = "deaf"
    """They stay open but no data passes, as with a firewall that drops packets."""


class Proxy:
    """Forwards connections to a port of this machine. `line` may be set at any time, from any thread."""

    def __init__(self, target_port: int) -> None:
        self._target = target_port
        self._line = Line.OPEN
        self._open = threading.Event()
        self._open.set()
        self._sockets: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._listener = socket.create_server((ports.LOOPBACK, 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, name="proxy", daemon=True).start()

    @property
    def line(self) -> Line:
        return self._line

    @line.setter
    def line(self, line: Line) -> None:
        self._line = line
        if line is Line.DEAF:
            self._open.clear()
        else:
            self._open.set()
        if line is Line.CUT:
            with self._lock:
                known = list(self._sockets)
            for one in known:
                _end(one)

    def close(self) -> None:
        """Stop listening and end all connections."""
        _end(self._listener)
        self.line = Line.CUT

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            if self._line is Line.CUT:
                client.close()
            else:
                threading.Thread(target=self._connect, args=(client,), daemon=True).start()

    def _connect(self, client: socket.socket) -> None:
        self._open.wait()
        try:
            server = socket.create_connection((ports.LOOPBACK, self._target), timeout=5)
        except OSError:
            client.close()
            return
        server.settimeout(None)
        with self._lock:
            self._sockets |= {client, server}
        back = threading.Thread(target=self._forward, args=(server, client), daemon=True)
        back.start()
        self._forward(client, server)
        back.join()
        with self._lock:
            self._sockets -= {client, server}
        client.close()
        server.close()

    def _forward(self, source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while some := source.recv(_BYTES):
                self._open.wait()
                sink.sendall(some)
        _end(source)
        _end(sink)


def _end(one: socket.socket) -> None:
    with suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)

"""The local registry as a process."""

from __future__ import annotations

import signal
import socket
import sys
from pathlib import Path

from tributary.errors import TributaryError


def listen(host: str, port: int) -> socket.socket:
    """A listening socket. Raises OSError if the address cannot be used."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # With an explicit protocol, asyncio disables Nagle's algorithm; otherwise each answer waits 40 ms for an ACK.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(512)
    except OSError:
        listener.close()
        raise
    return listener


def serve(listener: socket.socket, host: str, data: Path, user: str, password: str) -> None:
    """Serve until SIGINT or SIGTERM, then finish pending requests. Raises TributaryError if it cannot start."""
    import uvicorn

    from tributary.http_server import configuration
    from tributary.registry.server.http.app import create_app
    from tributary.registry.server.store import StoreInUse

    try:
        app = create_app(data, user, password, host)
    except (StoreInUse, OSError) as error:
        listener.close()
        raise TributaryError(f"cannot start: {error}") from error
    # A read switches threads three times, and each switch waits this long while a registration runs.
    sys.setswitchinterval(0.001)
    subjects = len(app.state.api.store.state.versions)

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            address, port = listener.getsockname()[:2]
            print(f"Registry ready at http://{address}:{port}, {subjects} subjects, data in {data}", flush=True)

    # uvicorn raises the signal again after it has drained; the line below is enough.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: None)
    Server(configuration(app)).run(sockets=[listener])
    print("Registry stopped; every acknowledged change is on disk", flush=True)

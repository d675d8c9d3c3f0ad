"""The web server, from the first request to the signal that stops it."""

from __future__ import annotations

import socket

import uvicorn

from tributary.http_server import configuration
from tributary.settings import Settings
from tributary.signals import stop_signal
from tributary.views.arrangement import Arrangement, F
from tributary.views.feed import Feed
from tributary.views.web.app import create_app


def serve(arrangement: Arrangement[F], settings: Settings, host: str, listener: socket.socket) -> None:
    """Serve the figures until SIGINT or SIGTERM. `host` is the address of the listener."""
    with Feed(arrangement, settings) as feed:
        # The server waits for streams before it stops, and a stream never ends by itself.
        app = create_app(arrangement, feed, stopping=lambda: server.should_exit, host=host)
        server = uvicorn.Server(configuration(app))
        # After it has stopped in order, the server raises the signal once more for the handler that it replaced.
        with stop_signal():
            server.run(sockets=[listener])

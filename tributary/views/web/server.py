"""The command line of the web page."""

from __future__ import annotations

import argparse
import os
import socket
import sys
from collections.abc import Sequence

from tributary.printable import log_to_stderr, printable
from tributary.settings import Settings, SettingsError, load


def main(argv: Sequence[str] | None = None) -> int:
    """Serve the page until it is stopped. Returns the exit code: 0 fine, 1 it could not start, 2 wrong settings."""
    log_to_stderr()
    options = _arguments().parse_args(argv)
    try:
        settings = load()
        address = options.host or settings.web_host
        listener = _listen(address, settings.web_port if options.port is None else options.port)
    except (SettingsError, OSError) as error:
        print(printable(f"web: {error}"), file=sys.stderr)
        return 2 if isinstance(error, SettingsError) else 1
    host = f"[{address}]" if ":" in address else address
    print(f"http://{host}:{listener.getsockname()[1]}  (Ctrl-C stops it)", flush=True)
    _serve(settings, address, listener)
    return 0


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m consumers.web",
        description="Serve the live figures as a web page (/), as JSON (/api/figures), as Server-Sent Events "
        "(/api/stream) and for Prometheus (/metrics). It only reads the store, and consumes nothing.",
        epilog="Settings come from the environment and .env: see .env.example. "
        "exit code: 0 stopped, 1 it could not start, 2 wrong usage",
    )
    parser.add_argument(
        "--host", help="address to listen on; whoever reaches it sees the figures (default: WEB_HOST, else 127.0.0.1)"
    )
    parser.add_argument("--port", type=port, help="port, 0 for any that is free (default: WEB_PORT, else 8090)")
    return parser


def port(text: str) -> int:
    """The number of a port. Raises ValueError and ArgumentTypeError, which argparse explains."""
    number = int(text)
    if not 0 <= number < 65536:
        raise argparse.ArgumentTypeError(f"{number} is not a port: expected 0 to 65535")
    return number


def _listen(host: str, port: int) -> socket.socket:
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        return socket.create_server(address[:2], family=family)
    except OSError as error:
        # The system's words: those of `create_server` repeat the address.
        reason = os.strerror(error.errno) if error.errno and error.errno > 0 else error.strerror
        raise OSError(f"cannot listen on {host}:{port}: {reason}; choose another with --port or WEB_PORT") from error


def _serve(settings: Settings, host: str, listener: socket.socket) -> None:
    import uvicorn

    from consumers.feed import Feed
    from consumers.web.app import PRODUCTS, create_app
    from tributary.http_server import configuration
    from tributary.signals import stop_signal

    with Feed(settings, PRODUCTS) as feed:
        # A stream never ends by itself, and the server waits for it before it stops.
        app = create_app(feed, stopping=lambda: server.should_exit, host=host)
        server = uvicorn.Server(configuration(app))
        # After it has stopped in order, the server raises the signal once more, to whoever had it before.
        with stop_signal():
            server.run(sockets=[listener])


if __name__ == "__main__":
    sys.exit(main())

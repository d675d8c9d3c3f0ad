"""The command line of the web page."""

from __future__ import annotations

import argparse
import os
import socket
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from tributary import imports
from tributary.errors import UsageError
from tributary.printable import log_to_stderr, printable
from tributary.settings import load

if TYPE_CHECKING:  # `--help` needs none of it
    from tributary.views.arrangement import Arrangement


def main(program: str, arrangement: Callable[[], Arrangement[Any]], argv: Sequence[str] | None = None) -> int:
    """Serve the page until it is stopped. Returns the exit code: 0 stopped, 1 it could not start, 2 wrong settings.

    `arrangement` is called when the server starts, so that `--help` does not import what it needs.
    """
    log_to_stderr()
    options = _arguments(program).parse_args(argv)
    try:
        with imports.extras_named():
            from tributary.views.web.server import serve
        settings = load()
        address = options.host or settings.web_host
        listener = _listen(address, settings.web_port if options.port is None else options.port)
    except (UsageError, OSError) as error:
        print(printable(f"web: {error}"), file=sys.stderr)
        return 2 if isinstance(error, UsageError) else 1
    host = f"[{address}]" if ":" in address else address
    print(f"http://{host}:{listener.getsockname()[1]}  (Ctrl-C stops it)", flush=True)
    serve(arrangement(), settings, address, listener)
    return 0


def _arguments(program: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=program,
        description="Serve the live figures as a web page (/), as JSON (/api/figures), as Server-Sent Events "
        "(/api/stream) and for Prometheus (/metrics). It only reads the store, and consumes nothing.",
        epilog="Settings come from the environment and .env: see .env.example. "
        "exit code: 0 stopped, 1 it could not start, 2 wrong usage",
    )
    parser.add_argument(
        "--host", help="address to listen on; everyone who reaches it sees the figures (default: WEB_HOST or 127.0.0.1)"
    )
    parser.add_argument("--port", type=port, help="port, 0 for any that is free (default: WEB_PORT or 8090)")
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
        # The system's message: that of `create_server` repeats the address.
        reason = os.strerror(error.errno) if error.errno and error.errno > 0 else error.strerror
        raise OSError(f"cannot listen on {host}:{port}: {reason}; choose another with --port or WEB_PORT") from error

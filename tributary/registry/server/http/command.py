"""`python -m registry serve`: run the local registry as a process."""

from __future__ import annotations

import argparse
import errno
import signal
import socket
import sys
from pathlib import Path

from tributary.printable import printable


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `serve`."""
    parser.description = (
        "Serve a schema registry for Avro that answers as Confluent's does. For laptops, tests and demos: one process, "
        "no TLS. With a user and a password (SCHEMA_REGISTRY_USER, SCHEMA_REGISTRY_PASSWORD), clients must send both."
    )
    parser.add_argument("--port", type=_port, help="the port, 0 for a free one (default: that of SCHEMA_REGISTRY_URL)")
    parser.add_argument(
        "--host", default="127.0.0.1", help="the address to listen on (default: %(default)s, this machine only)"
    )
    parser.add_argument("--data", type=Path, help="the folder for the schemas (default: registry, in STACK_DIR)")
    parser.add_argument("--user", help="the user that clients must send (default: SCHEMA_REGISTRY_USER)")
    parser.add_argument(
        "--password", help="the password; prefer SCHEMA_REGISTRY_PASSWORD (the default), which other users cannot see"
    )


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port: expected 0 to 65535")
    return int(text)


def run(args: argparse.Namespace) -> int:
    """Serve until SIGINT or SIGTERM, then finish pending requests. Returns 0, or 1 if it could not start.

    Raises SettingsError.
    """
    from tributary import settings

    values = settings.load()
    port = values.registry_port if args.port is None else args.port
    try:
        listener = listen(args.host, port)
    except OSError as error:
        print(f"cannot listen on {args.host}:{port}: {error.strerror}", file=sys.stderr)
        if error.errno == errno.EADDRINUSE:
            print("Another process uses the port; choose another with --port (0 selects a free one).", file=sys.stderr)
        return 1
    data = args.data or values.stack_dir / "registry"
    user = values.registry_user if args.user is None else args.user
    password = values.registry_password if args.password is None else args.password
    return _serve(listener, args.host, data, user, password)


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


def _serve(listener: socket.socket, host: str, data: Path, user: str, password: str) -> int:
    import uvicorn

    from tributary.http_server import configuration
    from tributary.registry.server.http.app import create_app
    from tributary.registry.server.store import StoreInUse

    try:
        app = create_app(data, user, password, host)
    except (StoreInUse, OSError) as error:
        listener.close()
        print(printable(f"cannot start: {error}"), file=sys.stderr)
        return 1
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
    return 0

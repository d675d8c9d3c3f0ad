"""`python -m registry serve`: the local registry as a process."""

from __future__ import annotations

import argparse
import os
import signal
import socket
import sys
from pathlib import Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `serve`."""
    import settings

    values = settings.load()
    parser.description = (
        "Serve a schema registry for Avro that answers as Confluent's does. For laptops, tests and demos: one process, "
        "no TLS. With a user and a password (SCHEMA_REGISTRY_USER, SCHEMA_REGISTRY_PASSWORD) it asks clients for them."
    )
    parser.add_argument("--port", type=int, default=values.registry_port, help="the port (%(default)s)")
    parser.add_argument("--host", default="127.0.0.1", help="the address to listen on (%(default)s: this machine only)")
    folder = values.stack_dir / "registry"
    parser.add_argument("--data", type=Path, default=folder, help="the folder that keeps the schemas (%(default)s)")
    parser.add_argument("--user", default=values.registry_user, help="the user that clients must name")
    parser.add_argument(
        "--password",
        default=values.registry_password,
        help="the user's password; better given as SCHEMA_REGISTRY_PASSWORD, which others on this machine do not see",
    )


def run(args: argparse.Namespace) -> int:
    """Serve until SIGINT or SIGTERM, then finish the requests at hand. Returns 0, or 1 if it could not start."""
    try:
        listener = listen(args.host, args.port)
    except OSError as error:
        print(f"cannot listen on {args.host}:{args.port}: {os.strerror(error.errno or 0)}", file=sys.stderr)
        print("Another process has the port; name a free one with --port (0 picks one).", file=sys.stderr)
        return 1
    return _serve(args, listener)


def listen(host: str, port: int) -> socket.socket:
    """A listening socket. Raises OSError if the address cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # With the protocol named, asyncio turns Nagle's algorithm off; else each answer waits 40 ms for an acknowledgement.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(512)
    except OSError:
        listener.close()
        raise
    return listener


def _serve(args: argparse.Namespace, listener: socket.socket) -> int:
    import uvicorn

    from registry.embedded.server import create_app
    from registry.embedded.store import StoreInUse

    try:
        app = create_app(args.data, args.user, args.password)
    except (StoreInUse, OSError) as error:
        listener.close()
        print(f"cannot start: {error}", file=sys.stderr)
        return 1
    subjects = len(app.state.api.store.versions)

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            host, port = listener.getsockname()[:2]
            print(f"Registry ready at http://{host}:{port}, {subjects} subjects, data in {args.data}", flush=True)

    # uvicorn raises the signal again once it has drained; the summary below is the answer to it.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: None)
    config = uvicorn.Config(app, log_level="warning", access_log=False, timeout_graceful_shutdown=10, ws="none")
    Server(config).run(sockets=[listener])
    print("Registry stopped; every acknowledged change is on the disk", flush=True)
    return 0

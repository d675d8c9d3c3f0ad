"""`tributary serve`: the local registry as a process."""

from __future__ import annotations

import argparse
import errno
from pathlib import Path

from tributary import settings
from tributary.cli import exits
from tributary.cli.options import port
from tributary.registry.server.http import process


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Its options."""
    command.description = (
        "Serve a schema registry for Avro that answers as Confluent's does. For laptops, tests and demos: one process, "
        "no TLS. With a user and a password (SCHEMA_REGISTRY_USER, SCHEMA_REGISTRY_PASSWORD), clients must send both."
    )
    command.add_argument("--port", type=port, help="the port, 0 for a free one (default: that of SCHEMA_REGISTRY_URL)")
    command.add_argument(
        "--host", default="127.0.0.1", help="the address to listen on (default: %(default)s, this machine only)"
    )
    command.add_argument(
        "--data", type=Path, help="the folder for the schemas (default: that of stack up, registry/data in STACK_DIR)"
    )
    command.add_argument("--user", help="the user that clients must send (default: SCHEMA_REGISTRY_USER)")
    command.add_argument(
        "--password", help="the password; prefer SCHEMA_REGISTRY_PASSWORD (the default), which other users cannot see"
    )


def run(args: argparse.Namespace) -> int:
    """Serve until SIGINT or SIGTERM, then finish pending requests; 1 if it could not start."""
    values = settings.load()
    number = values.registry_port if args.port is None else args.port
    try:
        listener = process.listen(args.host, number)
    except OSError as error:
        hint = "; another process uses the port: choose another with --port (0 selects a free one)"
        in_use = error.errno == errno.EADDRINUSE
        return exits.report(f"cannot listen on {args.host}:{number}: {error.strerror}{hint if in_use else ''}")
    data = args.data or values.stack_dir / "registry" / "data"  # as `stack up` has it
    user = values.registry_user if args.user is None else args.user
    password = values.registry_password if args.password is None else args.password
    process.serve(listener, args.host, data, user, password)
    return exits.FINE

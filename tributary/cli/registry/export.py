"""`tributary export`: all that a registry has, as one document."""

from __future__ import annotations

import argparse
import contextlib
import sys
from pathlib import Path

from tributary import settings
from tributary.cli import exits
from tributary.cli.output import add_format, every_two_seconds, show
from tributary.destination import announce, file, registry
from tributary.printable import paragraphs
from tributary.registry import lock
from tributary.registry.render import transfers
from tributary.registry.render.text import shown
from tributary.registry.transfer import archive, exporting
from tributary.registry.transfer.client import TransferClient


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Its options."""
    add_format(command)
    command.add_argument("--output", type=Path, metavar="FILE", help="the document's file (default: stdout)")


def run(args: argparse.Namespace) -> int:
    """Write the document. If it goes to standard output, the summary goes to standard error."""
    loaded = settings.load()
    if args.output is not None:
        announce(registry(loaded), file("document", args.output))
    # Without a lock: the registry may be another one than the lock's.
    client = TransferClient.without_lock(loaded)
    found = exporting.export(client, every_two_seconds("subjects"))
    if args.output is None:
        print(paragraphs(archive.dump(found)), end="")
    else:
        try:
            lock.rewrite(args.output, archive.dump(found))
        except OSError as error:
            return exits.report(f"{args.output} cannot be written: {error.strerror}")
    where = "stdout" if args.output is None else shown(args.output)
    with contextlib.redirect_stdout(sys.stderr if args.output is None else sys.stdout):
        show(
            args.format,
            *(found, client.url, where),
            text=transfers.exported,
            json=transfers.exported_document,
            markdown=transfers.exported_markdown,
        )
    return exits.FINE

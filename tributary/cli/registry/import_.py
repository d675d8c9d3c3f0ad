"""`tributary import`: bring an exported document into a registry."""

from __future__ import annotations

import argparse
from pathlib import Path

import attrs

from tributary import settings
from tributary.cli import exits
from tributary.cli.output import add_format, every_two_seconds, show
from tributary.destination import announce, file, registry
from tributary.registry.render import text, transfers
from tributary.registry.transfer import archive, differing, exporting, importing
from tributary.registry.transfer.client import TransferClient
from tributary.signals import stop_signal


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Its arguments."""
    command.description = (
        "Bring an exported document into the registry at SCHEMA_REGISTRY_URL: versions under their numbers and ids, "
        "soft-deleted ones too, configurations and modes. What the registry has already is left; if it has something "
        "else in a place that the document fills, nothing is written. Import again to carry on after a failure."
    )
    add_format(command)
    command.add_argument("file", type=Path, metavar="FILE", help="a document that export wrote")
    command.add_argument("--dry-run", action="store_true", help="say what would be done, and write nothing")


def run(args: argparse.Namespace) -> int:
    """All checks, then all writes; 1 if the registry has other content or a write failed."""
    wanted = archive.load(args.file)
    loaded = settings.load()
    announce(registry(loaded), file("document", args.file))
    client = TransferClient.without_lock(loaded)
    there = exporting.export(client, every_two_seconds("subjects of the registry"))
    difference = differing.compare(wanted, there)
    job = importing.Import(wanted, difference, client)
    result = transfers.Imported(text.shown(args.file), client.url, difference, job.steps, dry_run=args.dry_run)
    if result.ok and not args.dry_run:
        as_text = args.format == "text"
        with stop_signal() as stop:
            try:
                done = job.run(stop, lambda one: print(text.done(one), flush=True) if as_text else None)
                result = attrs.evolve(result, done=done)
            except importing.ImportStopped as stopped:
                result = attrs.evolve(result, stopped=stopped)
    show(
        args.format,
        result,
        text=transfers.imported,
        json=transfers.imported_document,
        markdown=transfers.imported_markdown,
    )
    return exits.passed(result.ok)

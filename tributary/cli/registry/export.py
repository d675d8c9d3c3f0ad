"""`tributary export`: all that a registry has, as one document."""

from __future__ import annotations

import argparse
import contextlib
import sys
from pathlib import Path
from typing import Any

from tributary import settings
from tributary.cli import exits
from tributary.cli.output import add_format, every_two_seconds, show
from tributary.destination import announce, file, registry, shown
from tributary.printable import paragraphs
from tributary.registry import lock
from tributary.registry.render.markup import code, table
from tributary.registry.render.words import number
from tributary.registry.transfer import archive, exporting
from tributary.registry.transfer.archive import Archive
from tributary.registry.transfer.client import TransferClient


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Its options."""
    add_format(command)
    command.add_argument(
        "--output", type=Path, metavar="FILE", help="the file of the document (default: standard output)"
    )


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
        show(args.format, found, client.url, where, text=_text, json=_document, markdown=_markdown)
    return exits.FINE


def _text(archive: Archive, registry: str, where: str) -> str:
    """How much was exported, and where to."""
    counts = _counts(archive)
    deleted = f" ({counts['soft_deleted']:,} of them soft-deleted)" if counts["soft_deleted"] else ""
    contexts = f" in {counts['contexts'] + 1:,} contexts" if counts["contexts"] else ""
    subjects, versions = number(counts["subjects"], "subject"), number(counts["versions"], "version")
    return f"{subjects}{contexts}, {versions}{deleted}: from {registry} to {where}"


def _document(archive: Archive, registry: str, where: str) -> dict[str, Any]:
    """`registry`, `file`, and how many `subjects`, `versions`, `soft_deleted` and `contexts` beside the default."""
    return {"registry": registry, "file": where, **_counts(archive)}


def _markdown(archive: Archive, registry: str, where: str) -> str:
    """A table of the counts."""
    rows = [(name.replace("_", "-"), f"{count:,}") for name, count in _counts(archive).items()]
    return "\n".join([f"### {registry} → {code(where)}", *table(("exported", "number"), rows)])


def _counts(archive: Archive) -> dict[str, int]:
    versions = [version for _, version in archive.versions()]
    return {
        "subjects": len(archive.subjects),
        "versions": len(versions),
        "soft_deleted": sum(version.deleted for version in versions),
        "contexts": len({name.split(":")[1] for name in archive.subjects if name.startswith(":")}),
    }

"""What `export` and `import` do, as `registry.commands` has it for the others."""

from __future__ import annotations

import argparse
import contextlib
import signal
import sys
import time
from collections.abc import Callable

import attrs

from tributary import destination, settings
from tributary.cli.commands import FINDINGS, show
from tributary.destination import announce, file
from tributary.printable import paragraphs, printable
from tributary.registry.render import text, transfers
from tributary.registry.transfer.client import TransferClient
from tributary.settings import Settings

_PROGRESS_S = 2.0


def export(args: argparse.Namespace) -> int:
    """Write all that a registry has into one document; if that goes to stdout, what is said about it goes to stderr."""
    from tributary.registry import lock
    from tributary.registry.transfer import archive, exporting

    signal.signal(signal.SIGTERM, signal.default_int_handler)
    loaded = settings.load()
    if args.output is not None:
        announce(destination.registry(loaded), file("document", args.output))
    registry = _whole_registry(loaded)
    found = exporting.export(registry, _telling("subjects"))
    if args.output is None:
        print(paragraphs(archive.dump(found)), end="")
    else:
        try:
            lock.rewrite(args.output, archive.dump(found))
        except OSError as error:
            print(printable(f"error: {args.output} cannot be written: {error.strerror}"), file=sys.stderr)
            return FINDINGS
    told = found, registry.url, "stdout" if args.output is None else text.shown(args.output)
    with contextlib.redirect_stdout(sys.stderr if args.output is None else sys.stdout):
        show(
            args,
            text=lambda: transfers.exported(*told),
            json=lambda: transfers.exported_document(*told),
            markdown=lambda: transfers.exported_markdown(*told),
        )
    return 0


def import_archive(args: argparse.Namespace) -> int:
    """Bring an exported document into a registry: all checks, then all writes."""
    from tributary.registry.transfer import archive, differing, exporting, importing
    from tributary.signals import stop_signal

    signal.signal(signal.SIGTERM, signal.default_int_handler)
    wanted = archive.load(args.file)
    loaded = settings.load()
    announce(destination.registry(loaded), file("document", args.file))
    registry = _whole_registry(loaded)
    difference = differing.compare(wanted, exporting.export(registry, _telling("subjects of the registry")))
    job = importing.Import(wanted, difference, registry)
    result = transfers.Imported(text.shown(args.file), registry.url, difference, job.steps, dry_run=args.dry_run)
    if result.ok and not args.dry_run:
        with stop_signal() as stop:
            as_text = args.format == "text"
            try:
                done = job.run(stop, lambda one: print(text.done(one), flush=True) if as_text else None)
                result = attrs.evolve(result, done=done)
            except importing.ImportStopped as stopped:
                result = attrs.evolve(result, stopped=stopped)
    show(
        args,
        text=lambda: transfers.imported(result),
        json=lambda: transfers.imported_document(result),
        markdown=lambda: transfers.imported_markdown(result),
    )
    return 0 if result.ok else FINDINGS


def _whole_registry(loaded: Settings) -> TransferClient:
    """Without a lock: the registry may be another one than the lock's."""
    return TransferClient.without_lock(loaded)


def _telling(what: str) -> Callable[[int, int], None]:
    """Says every two seconds how far a long reading is."""
    told = time.monotonic()

    def tell(read: int, total: int) -> None:
        nonlocal told
        if time.monotonic() - told > _PROGRESS_S:
            told = time.monotonic()
            print(f"read {read:,} of {total:,} {what}", file=sys.stderr, flush=True)

    return tell

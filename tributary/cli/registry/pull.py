"""`tributary pull`: take what the registry has into the lock."""

from __future__ import annotations

import argparse

from tributary import catalog, settings
from tributary.cli import exits
from tributary.cli.output import add_format, show
from tributary.destination import announce, file, registry
from tributary.registry import lock
from tributary.registry.apply.pull import pull
from tributary.registry.render import pulls


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Its options."""
    add_format(command)


def run(args: argparse.Namespace) -> int:
    """Write the lock and print what was taken in."""
    loaded = settings.load()
    announce(registry(loaded), file("lock", lock.path_for(loaded)))
    result = pull(loaded, catalog.load(loaded))
    show(args.format, result, text=pulls.text, json=pulls.document, markdown=pulls.markdown)
    return exits.FINE

"""`tributary generate`: the events of the contracts as attrs classes."""

from __future__ import annotations

import argparse

from tributary import catalog, settings
from tributary.avro import codegen
from tributary.cli import exits
from tributary.destination import announce, file, project, shown
from tributary.project import FILE
from tributary.registry import lock


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Its options."""
    command.description = "Write the module that tributary.toml names: the events of the contracts as attrs classes."
    command.add_argument("--check", action="store_true", help="write nothing; exit with 1 if the file is stale")


def run(args: argparse.Namespace) -> int:
    """Write the file, or compare it; 1 if it is stale."""
    loaded = settings.load()
    path = loaded.project.events
    if path is None:
        raise loaded.project.error('events is missing; expected a module to write, such as "schemas/events.py"')
    if not args.check:
        announce(project(loaded), file("contracts", loaded.project.contracts.parent), file("events", path))
    source = codegen.events(catalog.load(loaded))
    try:
        if path.exists() and path.read_bytes() == source.encode():
            print(f"{shown(path)}: up to date")
            return exits.FINE
        if args.check:
            return exits.report(f"{path} is stale: run `tributary generate` and commit it")
        lock.rewrite(path, source)
    except OSError as error:
        key = f"{loaded.project.folder / FILE} names it as events"
        return exits.report(f"{path} cannot be {'read' if args.check else 'written'}: {error.strerror}; {key}")
    print(f"{shown(path)}: written")
    return exits.FINE

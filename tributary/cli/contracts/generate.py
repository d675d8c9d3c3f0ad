"""`tributary generate`: the events of the contracts as attrs classes."""

from __future__ import annotations

import argparse

from tributary import catalog, settings
from tributary.avro import codegen
from tributary.cli import exits
from tributary.destination import announce, file, project


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
    if path.exists() and path.read_text(encoding="utf-8") == source:
        print(f"{path.name}: up to date")
        return exits.FINE
    if args.check:
        return exits.report(f"{path} is stale: run `tributary generate` and commit it")
    path.write_text(source, encoding="utf-8")
    print(f"{path.name}: written")
    return exits.FINE

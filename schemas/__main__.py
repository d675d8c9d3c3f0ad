"""The contracts' command: `python -m schemas generate`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from tributary.printable import paragraphs, printable


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command. Returns 0, or 1 where something is stale or cannot be used; argparse exits with 2."""
    parser = argparse.ArgumentParser(prog="python -m schemas", description="Turn the contracts into Python.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    generate = commands.add_parser(
        "generate",
        help="write schemas/events.py from the contracts",
        description="Write schemas/events.py: the events of the contracts as attrs classes.",
    )
    generate.add_argument("--check", action="store_true", help="write nothing; exit with 1 if the file is stale")
    return _generate(check=parser.parse_args(arguments).check)


def _generate(*, check: bool) -> int:
    from tributary import catalog
    from tributary.avro import codegen as generate
    from tributary.destination import announce, file
    from tributary.settings import SettingsError, load

    if not check:
        announce(file("contracts", catalog.CATALOG.parent), file("events", generate.EVENTS))
    try:
        source = generate.events(catalog.load(load()))
    except (SettingsError, catalog.CatalogError, generate.GenerateError) as error:
        print(paragraphs(f"error: {error}"), file=sys.stderr)
        return 2 if isinstance(error, SettingsError) else 1
    path = generate.EVENTS
    if path.exists() and path.read_text(encoding="utf-8") == source:
        print(f"{path.name}: up to date")
        return 0
    if check:
        print(printable(f"error: {path} is stale: run `make generate` and commit it"), file=sys.stderr)
        return 1
    path.write_text(source, encoding="utf-8")
    print(f"{path.name}: written")
    return 0


if __name__ == "__main__":
    sys.exit(main())

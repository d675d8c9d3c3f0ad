"""`tributary docs`: the event catalogue."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tributary import catalog, settings
from tributary.cli import exits
from tributary.cli.output import add_format, show
from tributary.destination import announce, file, project, shown
from tributary.registry import lock
from tributary.registry.catalogue import EventCatalogue, build
from tributary.registry.render import catalogue, page


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Its options."""
    command.description = (
        "The event catalogue: each event with its fields, owner, topic, key, personal data, versions and the changes "
        "between them, from the contracts and the lock. Needs neither Kafka nor a registry."
    )
    add_format(command)
    command.add_argument(
        "--output",
        type=Path,
        metavar="DIR",
        help="write events.md and events.html to this folder, and print which changed",
    )


def run(args: argparse.Namespace) -> int:
    """Print the catalogue, or write it."""
    loaded = settings.load()
    known = lock.load(loaded.lock_path) or lock.Lock(lock.registry_name(loaded.registry_url))
    if args.output:
        announce(project(loaded), file("catalogue", args.output), file("lock", loaded.lock_path))
    events = build(catalog.load(loaded), known, loaded.project)
    if args.output is None:
        show(args.format, events, text=catalogue.text, json=catalogue.document, markdown=_printed)
        return exits.FINE
    contents = {"events.md": catalogue.markdown(events), "events.html": page.page(events)}
    try:
        files = {name: lock.rewrite(args.output / name, content) for name, content in contents.items()}
    except OSError as error:
        return exits.report(f"the catalogue cannot be written to --output {args.output}: {error.strerror}")
    written = {shown(args.output / name): new for name, new in files.items()}
    show(args.format, written, text=_text, json=_document, markdown=lambda files: _text(files, bullet="- "))
    return exits.FINE


def _printed(events: EventCatalogue) -> str:
    return catalogue.markdown(events).rstrip()


def _text(files: Mapping[str, bool], bullet: str = "") -> str:
    return "\n".join(f"{bullet}{path}: {'written' if new else 'up to date'}" for path, new in files.items())


def _document(files: Mapping[str, bool]) -> dict[str, Any]:
    return {"files": [{"path": path, "written": new} for path, new in files.items()]}

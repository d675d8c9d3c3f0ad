"""`tributary drift`: compare registry, lock and working copy."""

from __future__ import annotations

import argparse

from tributary import catalog, settings
from tributary.cli import exits
from tributary.cli.output import add_format, show
from tributary.registry import lock
from tributary.registry.apply.drift import drift
from tributary.registry.apply.subjects import snapshot
from tributary.registry.client import RegistryClient
from tributary.registry.render import documents, markdown, text


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Its options."""
    add_format(command)
    command.add_argument(
        "--shared", action="store_true", help="the registry has other teams' subjects too: do not report those"
    )


def run(args: argparse.Namespace) -> int:
    """Print the differences; 3 if there are any."""
    loaded = settings.load()
    registry = RegistryClient.from_settings(loaded)
    known = lock.load(lock.path_for(loaded)) or lock.Lock(lock.registry_name(loaded.registry_url))
    topics = catalog.load(loaded).topics
    names = registry.subjects()
    if args.shared:
        names = [name for name in names if name in known.subjects or name in {topic.subject for topic in topics}]
    present = {name: snapshot(registry, name) for name in names}
    found = drift(topics, known, present, registry=lock.registry_name(loaded.registry_url))
    show(args.format, found, text=text.drift, json=documents.drift, markdown=markdown.drift)
    return exits.DRIFT if found else exits.FINE

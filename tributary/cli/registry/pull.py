"""`tributary pull`: take what the registry has into the lock."""

from __future__ import annotations

import argparse
from typing import Any

from tributary import catalog, settings
from tributary.cli import exits
from tributary.cli.output import add_format, show
from tributary.destination import announce, file, project, registry, shown
from tributary.printable import lines
from tributary.registry import lock
from tributary.registry.apply.pull import Pulled, pull
from tributary.registry.render import unknowns
from tributary.registry.render.plans import lock_outcome


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Its options."""
    add_format(command)


def run(args: argparse.Namespace) -> int:
    """Write the lock and print what was taken in."""
    loaded = settings.load()
    announce(registry(loaded), project(loaded), file("lock", lock.path_for(loaded)))
    result = pull(loaded, catalog.load(loaded))
    show(args.format, result, text=_text, json=_document, markdown=_markdown)
    return exits.FINE


def _text(result: Pulled) -> str:
    rows = [row for one in result.taken for row in unknowns.lines(one, "taken in")]
    return lines([*rows, *_next(result), lock_outcome(result.lock_path, changed=result.lock_changed)])


def _document(result: Pulled) -> dict[str, Any]:
    return {
        "taken": unknowns.documents(result.taken),
        "lock": {"path": shown(result.lock_path), "updated": result.lock_changed},
    }


def _markdown(result: Pulled) -> str:
    sections = [unknowns.section(one, "✅", "taken in") for one in result.taken]
    outcome = lock_outcome(result.lock_path, changed=result.lock_changed)
    return "\n\n".join([*sections, *_next(result), f"**{outcome}**"])


def _next(result: Pulled) -> list[str]:
    if any(one.undone for one in result.taken):
        return ["Add to the contract what it lacks, then run: tributary generate, tributary check"]
    return []

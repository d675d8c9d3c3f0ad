"""`tributary plan`: what apply would do."""

from __future__ import annotations

import argparse

from tributary import settings
from tributary.cli import exits
from tributary.cli.options import add_allow_unknown, add_lock_down
from tributary.cli.output import add_format, show
from tributary.destination import announce, broker, file, project, registry
from tributary.registry import lock
from tributary.registry.apply import plan
from tributary.registry.render import plans


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Its options."""
    add_format(command)
    add_lock_down(command)
    add_allow_unknown(command)


def run(args: argparse.Namespace) -> int:
    """Print the plan; 1 if a check failed."""
    loaded = settings.load()
    announce(broker(loaded), registry(loaded), project(loaded), file("lock", lock.path_for(loaded)))
    made = plan.make(loaded, lock_down=args.lock_down, allow_unknown=args.allow_unknown)
    show(args.format, made, text=plans.text, json=plans.document, markdown=plans.markdown)
    return exits.passed(made.ok)

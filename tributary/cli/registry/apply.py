"""`tributary apply`: check everything, then write."""

from __future__ import annotations

import argparse
import sys

from tributary import settings
from tributary.cli import exits
from tributary.cli.options import add_allow_unknown, add_lock_down
from tributary.cli.output import add_format, show
from tributary.destination import announce, broker, file, project, registry
from tributary.registry import lock
from tributary.registry.apply import plan
from tributary.registry.render import plans
from tributary.registry.steps import Incomplete


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Its options."""
    add_format(command)
    add_lock_down(command)
    add_allow_unknown(command)


def run(args: argparse.Namespace) -> int:
    """Apply the plan and print what was done; 1 if a check or a step failed."""
    loaded = settings.load()
    announce(broker(loaded), registry(loaded), project(loaded), file("lock", lock.path_for(loaded)))
    as_text = args.format == "text"
    try:
        result = plan.apply(
            loaded,
            lock_down=args.lock_down,
            allow_unknown=args.allow_unknown,
            on_done=lambda done: print(plans.done(done), flush=True) if as_text else None,
        )
    except plan.ChecksFailed as failure:
        show(args.format, failure.plan, text=plans.text, json=plans.document, markdown=plans.markdown)
        return exits.FAILED
    except Incomplete as failure:
        if as_text:
            print(plans.failed_text(failure), file=sys.stderr)
        else:
            show(args.format, failure, json=plans.failed_document, markdown=plans.failed_markdown)
        return exits.FAILED
    show(
        args.format,
        result,
        text=plans.applied_text,
        json=plans.applied_document,
        markdown=plans.applied_markdown,
    )
    return exits.FINE

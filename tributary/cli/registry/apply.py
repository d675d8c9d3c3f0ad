"""`tributary apply`: check everything, then write."""

from __future__ import annotations

import argparse
import sys

from tributary import settings
from tributary.cli import exits
from tributary.cli.output import show
from tributary.cli.registry import plan as planning
from tributary.destination import announce, broker, file, registry
from tributary.registry import lock
from tributary.registry.apply import plan
from tributary.registry.render import documents, markdown, text

add_arguments = planning.add_arguments


def run(args: argparse.Namespace) -> int:
    """Apply the plan and print what was done; 1 if a check or a step failed."""
    loaded = settings.load()
    announce(broker(loaded), registry(loaded), file("lock", lock.path_for(loaded)))
    as_text = args.format == "text"
    try:
        result = plan.apply(
            loaded,
            lock_down=args.lock_down,
            allow_unknown=args.allow_unknown,
            on_done=lambda done: print(text.done(done), flush=True) if as_text else None,
        )
    except plan.ChecksFailed as failure:
        show(args.format, failure.plan, text=text.plan, json=documents.plan, markdown=markdown.plan)
        return exits.FAILED
    except plan.ApplyFailed as failure:
        if as_text:
            print(text.failed(failure), file=sys.stderr)
        else:
            show(args.format, failure, json=documents.failed, markdown=markdown.failed)
        return exits.FAILED
    show(args.format, result, text=text.applied, json=documents.applied, markdown=markdown.applied)
    return exits.FINE

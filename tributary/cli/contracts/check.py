"""`tributary check`: check the contracts of the working copy against a baseline."""

from __future__ import annotations

import argparse
import sys

from tributary import catalog, settings
from tributary.cli import exits
from tributary.cli.options import add_against, add_allow_unknown
from tributary.cli.output import ALL_FORMATS, add_format, show
from tributary.printable import printable
from tributary.registry.apply.unknown import ask
from tributary.registry.check.baseline import baseline
from tributary.registry.check.verdict import check_all
from tributary.registry.render import ci, documents, markdown, text, unknowns
from tributary.registry.render.problems import of_check, of_unknown


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Its options."""
    add_format(command, ALL_FORMATS)
    add_against(command)
    add_allow_unknown(command, also="; check then does not ask it")


def run(args: argparse.Namespace) -> int:
    """Print each subject's verdict; 1 if one did not pass."""
    loaded = settings.load()
    topics = catalog.load(loaded).topics
    checked = check_all(topics, baseline(args.against, loaded, topics), loaded.project)
    valid = [one.topic for one in checked if not one.invalid]
    asked = None if args.allow_unknown or args.against.startswith("git:") else ask(loaded, valid)
    unknown = asked.unknown if asked else ()
    show(
        args.format,
        text=lambda: "\n".join([text.checks(checked), *([unknowns.text(unknown)] if unknown else [])]),
        json=lambda: documents.checks(checked, asked),
        markdown=lambda: "\n\n".join([markdown.checks(checked), *([unknowns.markdown(unknown)] if unknown else [])]),
        sarif=lambda: ci.sarif(
            [*(problem for one in checked for problem in of_check(one)), *of_unknown(topics, unknown)]
        ),
        junit=lambda: ci.junit(checked, of_unknown(topics, unknown)),
    )
    print(printable(unknowns.asked(asked)) if asked else "the registry was not asked", file=sys.stderr)
    return exits.passed(all(one.passed for one in checked) and not unknown)

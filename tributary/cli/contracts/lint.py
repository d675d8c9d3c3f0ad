"""`tributary lint`: run the rules on the contracts, or explain one."""

from __future__ import annotations

import argparse

from tributary import catalog, settings
from tributary.cli import exits
from tributary.cli.output import add_format, show
from tributary.registry.lint.engine import explain, known_rules, lint
from tributary.registry.render import documents, markdown, text


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Its options."""
    add_format(command)
    command.add_argument("--explain", metavar="RULE", help="say why a rule exists; all for every rule")


def run(args: argparse.Namespace) -> int:
    """Print the findings; 1 if there are any."""
    if args.explain:
        names = known_rules() if args.explain == "all" else [args.explain]
        reasons = {name: explain(name) for name in names}
        show(args.format, reasons, text=_rules, json=lambda rules: {"rules": rules}, markdown=markdown.rules)
        return exits.FINE
    loaded = settings.load()
    contracts = catalog.load(loaded)
    found = lint(contracts, loaded.project)
    show(args.format, len(contracts.topics), found, text=text.lint, json=documents.lint, markdown=markdown.lint)
    return exits.passed(not found)


def _rules(reasons: dict[str, str]) -> str:
    return "\n\n".join(f"{name}\n\n{reason}" for name, reason in reasons.items())

"""`tributary lint`: run the rules on the contracts, or explain one."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from typing import Any

from tributary import catalog, settings
from tributary.cli import exits
from tributary.cli.output import ALL_FORMATS, add_format, show
from tributary.registry.finding import Finding
from tributary.registry.lint.engine import explain, known_rules, lint
from tributary.registry.render import findings
from tributary.registry.render.markup import code, paragraph
from tributary.registry.render.words import number


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Its options."""
    add_format(command, ALL_FORMATS)
    command.add_argument("--explain", metavar="RULE", help="print the reason for a rule; all for every rule")


def run(args: argparse.Namespace) -> int:
    """Print the findings; 1 if there are any."""
    if args.explain:
        names = known_rules() if args.explain == "all" else [args.explain]
        reasons = {name: explain(name) for name in names}
        show(args.format, reasons, text=_rules, json=lambda rules: {"rules": rules}, markdown=_rules_as_markdown)
        return exits.FINE
    loaded = settings.load()
    topics = catalog.load(loaded)
    found = lint(topics, loaded.project)
    names = [topic.contract for topic in topics.topics]
    show(args.format, names, found, text=text, json=document, markdown=markdown, sarif=_sarif, junit=_junit)
    return exits.passed(not found)


def text(contracts: Sequence[str], found: Sequence[Finding]) -> str:
    """The findings and a summary."""
    summary = _summary(contracts, found)
    return f"{findings.text(found)}\n{summary}" if found else summary


def document(contracts: Sequence[str], found: Sequence[Finding]) -> dict[str, Any]:
    """`contracts` (how many), `findings`."""
    return {"contracts": len(contracts), "findings": [findings.document(finding) for finding in found]}


def markdown(contracts: Sequence[str], found: Sequence[Finding]) -> str:
    """A table of the findings."""
    return "\n".join([f"**{_summary(contracts, found)}**", *findings.markdown(found)])


def _sarif(_: Sequence[str], found: Sequence[Finding]) -> str:
    return findings.sarif(found, explain)


def _junit(contracts: Sequence[str], found: Sequence[Finding]) -> str:
    return findings.junit("lint", findings.cases(contracts, found))


def _summary(contracts: Sequence[str], found: Sequence[Finding]) -> str:
    return f"{number(len(contracts), 'contract')}, {number(len(found), 'finding')}"


def _rules(reasons: Mapping[str, str]) -> str:
    return "\n\n".join(f"{name}\n\n{reason}" for name, reason in reasons.items())


def _rules_as_markdown(reasons: Mapping[str, str]) -> str:
    return "\n\n".join(f"### {code(name)}\n\n{paragraph(reason)}" for name, reason in reasons.items())

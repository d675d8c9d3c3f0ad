"""`tributary lint`: run the rules on the contracts, or explain one."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import attrs

from tributary import catalog, project, settings
from tributary.cli import exits
from tributary.cli.output import ALL_FORMATS, add_format, show
from tributary.registry.finding import Finding, errors
from tributary.registry.lint.engine import explain, known_rules, lint, rules
from tributary.registry.lint.rule import Registration
from tributary.registry.lint.rules import RULES
from tributary.registry.render import findings
from tributary.registry.render.markup import code, line, paragraph
from tributary.registry.render.words import number


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Its options."""
    add_format(command, ALL_FORMATS)
    command.add_argument(
        "--explain",
        metavar="RULE",
        help="print the reason for a rule, its options, and whether it is on; all for every rule",
    )


def run(args: argparse.Namespace) -> int:
    """Print the findings; 1 if there is an error among them."""
    if args.explain:
        names = known_rules() if args.explain == "all" else [args.explain]
        chosen = _here()
        explained = [Explained(name, explain(name), RULES.get(name), chosen.get(name)) for name in names]
        show(args.format, explained, text=_rules, json=_rules_document, markdown=_rules_as_markdown)
        return exits.FINE
    loaded = settings.load()
    topics = catalog.load(loaded)
    found = lint(topics, loaded.project)
    names = [topic.contract for topic in topics.topics]
    show(args.format, names, found, text=text, json=document, markdown=markdown, sarif=_sarif, junit=_junit)
    return exits.passed(not errors(found))


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
    warnings = len(found) - len(errors(found))
    of_which = f" ({number(warnings, 'warning')})" if warnings else ""
    return f"{number(len(contracts), 'contract')}, {number(len(found), 'finding')}{of_which}"


# ---- a rule explained --------------------------------------------------------------------------


@attrs.frozen
class Explained:
    """A rule, why it exists, and what a project can set of it."""

    name: str
    reason: str
    default: Registration | None
    """None for a rule that is always on."""
    here: Registration | None
    """As the project has it; None outside a project."""


def _here() -> Mapping[str, Registration]:
    found = project.current_or_none()
    return {rule.id: rule for rule in rules(found)} if found else {}


def _settings(rule: Explained) -> Iterator[str]:
    """What a project can set of the rule, and what this one has."""
    if rule.default is None:
        yield "always on"
        return
    here = rule.here or rule.default
    yield f"default: {_severity(rule.default)}"
    yield f"here: {_severity(here)}" if rule.here else "here: no project"
    if rule.default.basic:
        yield "an error also stops apply"
    for option, words in rule.default.options.items():
        yield f"option {option}: {', '.join(words)}"
        if here.options[option] != words:
            yield f"option {option} here: {', '.join(here.options[option])}"


def _severity(rule: Registration) -> str:
    return rule.severity or "off"


def _rules(explained: Sequence[Explained]) -> str:
    return "\n\n".join("\n".join([rule.name, "", rule.reason, "", *_settings(rule)]) for rule in explained)


def _rules_as_markdown(explained: Sequence[Explained]) -> str:
    return "\n\n".join(
        "\n".join(
            [f"### {code(rule.name)}", "", paragraph(rule.reason), "", *(f"- {line(s)}" for s in _settings(rule))]
        )
        for rule in explained
    )


def _rules_document(explained: Sequence[Explained]) -> dict[str, Any]:
    """`rules` with the reason for each, and `settings`: of each that a project can set its `default` and its severity
    `here` (null outside a project), and its `options`."""
    return {
        "rules": {rule.name: rule.reason for rule in explained},
        "settings": {
            rule.name: {
                "default": _severity(rule.default),
                "here": rule.here and _severity(rule.here),
                "options": dict((rule.here or rule.default).options),
            }
            for rule in explained
            if rule.default
        },
    }

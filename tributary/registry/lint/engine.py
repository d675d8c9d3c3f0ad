"""Lint the contracts: run the rules that are on for the project, and drop what its exemptions accept."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import attrs

from tributary.avro.parser import stored
from tributary.avro.schema import SchemaError
from tributary.catalog import Catalog, CatalogError
from tributary.errors import UsageError
from tributary.project import Project, RuleSeverity, meant
from tributary.registry.contract import json_edit
from tributary.registry.contract.hazards import DANGERS, NOTES
from tributary.registry.finding import Finding
from tributary.registry.lint import exemptions
from tributary.registry.lint.exemptions import Exemption
from tributary.registry.lint.rule import Contract, Contracts, Problem, Registration
from tributary.registry.lint.rules import RULES


class UnknownRule(UsageError):
    """There is no rule with that id; the message says which there are."""


def rules(project: Project) -> list[Registration]:
    """The rules, with the project's severities and options. Raises ProjectError for an unknown rule or option."""
    for name, choice in project.rules.items():
        if name not in RULES:
            raise project.error(f"rules.{name} is not a rule of lint; {meant(name, RULES)}")
        for option in choice.options:
            if option not in (options := RULES[name].options):
                hint = meant(option, options) if options else "it has none"
                raise project.error(f"rules.{name}.{option} is not an option of the rule; {hint}")
    return [_as_chosen(rule, project) for rule in RULES.values()]


def _as_chosen(rule: Registration, project: Project) -> Registration:
    choice = project.rules.get(rule.id)
    if choice is None:
        return rule
    return attrs.evolve(rule, severity=choice.severity, options={**rule.options, **choice.options})


def lint(catalog: Catalog, project: Project, *, basics_only: bool = False) -> list[Finding]:
    """Everything that the project's rules find, by file and line. Raises ExemptionError and ProjectError.

    `basics_only` leaves out the rules that `apply` does not require. A contract that does not parse is one finding,
    `parses`, and no other rule sees it.
    """
    parsed, findings = _contracts(catalog)
    _require_topics(catalog, project)
    contracts = Contracts(tuple(parsed), project.envelope, project.co_partitioned)
    for rule in rules(project):
        if rule.severity and (rule.basic or not basics_only):
            problems = rule.run(contracts, **rule.options)
            findings += [_finding(rule.id, problem, rule.severity) for problem in problems]
    off = [e for e in exemptions.load(known_rules(), project.exemptions) if e.rule in RULES]
    findings = list(_exempt(findings, off, report_unused=not basics_only))
    order = [topic.contract for topic in catalog.topics]
    return sorted(findings, key=lambda f: (order.index(f.topic) if f.topic in order else -1, f.line, f.rule))


PARSES = """\
The contract is JSON that Avro's specification accepts: known types, legal names, no name defined twice in one schema.
A registry would refuse anything else, but only after a part of the change has been applied."""


EXEMPTION_USED = """\
An exemption accepts at least one finding. An unused one would silently accept a finding that appears later."""


def known_rules() -> list[str]:
    """The ids of all rules: lint's, and those of `check` for what the registry does not see."""
    return ["parses", *RULES, *DANGERS, *NOTES]


def explain(name: str) -> str:
    """Why the rule exists. Raises UnknownRule."""
    reasons = {
        "parses": PARSES,
        "exemption-used": EXEMPTION_USED,
        **{rule.id: rule.reason for rule in RULES.values()},
        **DANGERS,
        **NOTES,
    }
    if name not in reasons:
        raise UnknownRule(f"no rule {name!r}; the rules are: {', '.join(reasons)}")
    return reasons[name]


def _require_topics(catalog: Catalog, project: Project) -> None:
    topics = [topic.contract for topic in catalog.topics]
    for name in (name for group in project.co_partitioned for name in group):
        if name not in topics:
            raise project.error(f"co-partitioned has {name!r}, not a topic of the catalogue; {meant(name, topics)}")


def _contracts(catalog: Catalog) -> tuple[list[Contract], list[Finding]]:
    contracts, findings = [], []
    for topic in catalog.topics:
        try:
            schema = topic.schema
            parsed = stored(topic.text)
        except CatalogError as error:
            findings.append(
                Finding("parses", topic.contract, topic.path, 1, "", str(error).removeprefix(f"{topic.path}: "))
            )
        except SchemaError as error:
            findings.append(Finding("parses", topic.contract, topic.path, 1, "", str(error)))
        else:
            contracts.append(Contract(topic, schema, parsed, json_edit.lines(topic.text)))
    return contracts, findings


def _finding(name: str, problem: Problem, severity: RuleSeverity) -> Finding:
    contract, at = problem.contract, problem.at
    path = "" if at is None else at.path or (at.name if at.pointer else "")
    line = contract.lines[at.pointer] if at else 1
    topic = contract.topic
    return Finding(name, topic.contract, topic.path, line, path, problem.message, problem.fix, severity=severity)


def _exempt(findings: list[Finding], off: Iterable[Exemption], *, report_unused: bool) -> Iterator[Finding]:
    for exemption in off:
        kept = [f for f in findings if not exemption.covers(f.rule, f.topic, f.path)]
        if report_unused and len(kept) == len(findings):
            message = f"{exemption.rule} is switched off here, but finds nothing: remove the entry"
            yield Finding("exemption-used", exemption.topic, exemption.file, 1, exemption.field, message)
        findings = kept
    yield from findings

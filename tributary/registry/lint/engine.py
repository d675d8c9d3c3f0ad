"""Lint the contracts: rules with ids, each with its reason, that can be switched off for a field with a reason.

A rule is a function whose docstring is what `lint --explain` prints. They are in `rules/`; this module finds
the contracts, runs the rules that the project has on, and takes out what its exemptions switch off.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import attrs

from tributary.avro.parser import stored
from tributary.avro.schema import Schema, SchemaError
from tributary.catalog import Catalog, CatalogError, Topic
from tributary.errors import UsageError
from tributary.project import Project, meant
from tributary.registry.contract import walk
from tributary.registry.contract.hazards import DANGERS, NOTES
from tributary.registry.lint import exemptions
from tributary.registry.lint.exemptions import Exemption


class UnknownRule(UsageError):
    """There is no rule with that id; the message says which there are."""


@attrs.frozen
class Finding:
    """What a rule found."""

    rule: str
    topic: str
    """The contract's key in the catalogue."""
    file: Path
    line: int
    path: str
    """The field in words (`items[].quantity`), or the name of a type; empty for the contract itself."""
    message: str
    fix: str = ""
    """Text to paste or a step to take; empty where the message says it all."""


@attrs.frozen
class Contract:
    """One contract as the rules see it."""

    topic: Topic
    schema: dict[str, Any]
    """The contract as JSON, for texts and places."""
    parsed: Schema
    lines: dict[str, int]

    def nodes(self) -> list[walk.Node]:
        """Every definition and field."""
        return list(walk.walk(self.schema))

    def fields(self) -> list[walk.Field]:
        """Every field, nested ones included."""
        return walk.fields(self.schema)


@attrs.frozen
class Contracts:
    """All contracts that parse, as a rule sees them."""

    each: tuple[Contract, ...]
    envelope: tuple[str, ...]
    """The fields that every event has."""

    def __iter__(self) -> Iterator[Contract]:
        return iter(self.each)


@attrs.frozen
class Problem:
    """What a rule yields; `lint` makes a Finding of it."""

    contract: Contract
    at: walk.Node | None
    message: str
    fix: str = ""


Rule = Callable[..., Iterator[Problem]]
"""Takes the contracts, and its options as keywords."""


@attrs.frozen
class Registration:
    """A rule and how it is known."""

    id: str
    basic: bool
    """Whether `apply` insists on it; the others are for `lint`, before a merge."""
    run: Rule
    options: Mapping[str, Sequence[str]] = attrs.field(factory=dict)
    """What a project can set, with the default."""

    @property
    def reason(self) -> str:
        """Why the rule exists, for people."""
        return inspect.getdoc(self.run) or ""


RULES: dict[str, Registration] = {}


def rule(name: str, *, basic: bool = False, **options: Sequence[str]) -> Callable[[Rule], Rule]:
    """Register a rule under an id, with the defaults of its options."""

    def register(run: Rule) -> Rule:
        RULES[name] = Registration(name, basic, run, options)
        return run

    return register


def registered() -> dict[str, Registration]:
    """All rules by id, the basic ones first."""
    from tributary.registry.lint.rules import basics, shapes, values  # noqa: F401  (they fill RULES, and import this module)

    return dict(sorted(RULES.items(), key=lambda item: not item[1].basic))


def switched_on(project: Project) -> list[Registration]:
    """The rules that the project has on, with its options. Raises ProjectError for a rule or option that is none."""
    rules = registered()
    for name, value in project.rules.items():
        if name not in rules:
            raise project.error(f"rules.{name} is no rule of lint; {meant(name, rules)}")
        for option in value if isinstance(value, Mapping) else ():
            if option not in (known := rules[name].options):
                hint = meant(option, known) if known else "it has none"
                raise project.error(f"rules.{name}.{option} is no option of the rule; {hint}")
    on = [rule for rule in rules.values() if project.rules.get(rule.id) is not False]
    return [attrs.evolve(rule, options={**rule.options, **_options(project, rule)}) for rule in on]


def _options(project: Project, rule: Registration) -> Mapping[str, Sequence[str]]:
    given = project.rules.get(rule.id)
    return given if isinstance(given, Mapping) else {}


def lint(catalog: Catalog, project: Project, *, basics_only: bool = False) -> list[Finding]:
    """Everything that the project's rules find, by file and line. Raises ExemptionError and ProjectError.

    A contract that does not parse is one finding, `parses`, and no other rule sees it.
    """
    parsed, findings = _contracts(catalog)
    contracts = Contracts(tuple(parsed), project.envelope)
    for rule in switched_on(project):
        if rule.basic or not basics_only:
            findings += [_finding(rule.id, problem) for problem in rule.run(contracts, **rule.options)]
    off = [e for e in exemptions.load(known_rules(), project.exemptions) if e.rule in RULES]
    findings = list(_exempt(findings, off, report_unused=not basics_only))
    order = [topic.contract for topic in catalog.topics]
    return sorted(findings, key=lambda f: (order.index(f.topic) if f.topic in order else -1, f.line, f.rule))


PARSES = """\
The contract is JSON that Avro's specification accepts: known types, legal names, no name defined twice in one schema.
A registry would refuse anything else, but only after part of a change was applied."""


def known_rules() -> list[str]:
    """The ids of all rules: lint's, and those of `check` for what the registry does not see."""
    return ["parses", *registered(), *DANGERS, *NOTES]


def explain(name: str) -> str:
    """Why the rule exists. Raises UnknownRule."""
    reasons = {
        "parses": PARSES,
        **{rule: registration.reason for rule, registration in registered().items()},
        **DANGERS,
        **NOTES,
    }
    if name not in reasons:
        raise UnknownRule(f"no rule {name!r}; the rules are: {', '.join(reasons)}")
    return reasons[name]


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
            contracts.append(Contract(topic, schema, parsed, walk.lines(topic.text)))
    return contracts, findings


def _finding(name: str, problem: Problem) -> Finding:
    contract, at = problem.contract, problem.at
    path = "" if at is None else at.path or (at.name if at.pointer else "")
    line = contract.lines[at.pointer] if at else 1
    return Finding(name, contract.topic.contract, contract.topic.path, line, path, problem.message, problem.fix)


def _exempt(findings: list[Finding], off: Iterable[Exemption], *, report_unused: bool) -> Iterator[Finding]:
    for exemption in off:
        kept = [f for f in findings if not exemption.covers(f.rule, f.topic, f.path)]
        if report_unused and len(kept) == len(findings):
            message = f"{exemption.rule} is switched off here, but finds nothing: take the entry out"
            yield Finding("exemption-used", exemption.topic, exemption.file, 1, exemption.field, message)
        findings = kept
    yield from findings

"""Findings in each format: text, JSON, Markdown, SARIF 2.1.0 (code scanning) and JUnit XML (test reports)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any
from xml.etree import ElementTree

import attrs

from tributary.destination import shown
from tributary.printable import lines
from tributary.registry.finding import Finding, errors
from tributary.registry.render.markup import code, plain, table
from tributary.registry.render.words import attributes

_SARIF = "https://json.schemastore.org/sarif-2.1.0.json"


def text(found: Iterable[Finding]) -> str:
    """One finding a line with file and line first, so that editors can jump to it, and its fix below.

    A finding that is no error says its severity, as compilers do.
    """
    return lines(line for finding in found for line in _text(finding))


def _text(finding: Finding) -> Iterator[str]:
    field = f"{finding.path}: " if finding.path else ""
    severity = f"{severity}: " if (severity := _unless_error(finding)) else ""
    yield f"{_where(finding)}: {severity}{field}{finding.message} [{finding.rule}]"
    if finding.fix:
        yield f"  fix: {finding.fix}"


def _where(finding: Finding) -> str:
    return f"{shown(finding.file)}:{finding.line}" if finding.line else finding.subject


def _unless_error(finding: Finding) -> str:
    return "" if finding.severity == "error" else finding.severity


def document(finding: Finding) -> dict[str, Any]:
    """A finding as JSON has it."""
    return {
        **attributes(finding, "rule", "severity", "topic", "subject"),
        "file": shown(finding.file),
        **attributes(finding, "line", "path", "message", "fix"),
    }


def markdown(found: Iterable[Finding]) -> Iterator[str]:
    """The lines of a table, with a blank one before it; none where nothing was found. Empty columns are left out."""
    heads = ("where", "field", "rule", "severity", "finding", "fix")
    rows = [(code(_where(f)), code(f.path), f.rule, _unless_error(f), plain(f.message), code(f.fix)) for f in found]
    if columns := [column for column in zip(heads, *rows, strict=True) if any(column[1:])]:
        first, *rest = zip(*columns, strict=True)
        yield from table(first, rest)


def sarif(found: Sequence[Finding], reason: Callable[[str], str]) -> str:
    """One run with a result for each finding, and its rules with the reason for each (OASIS SARIF 2.1.0)."""
    rules = dict.fromkeys(finding.rule for finding in found)
    driver = {"name": "tributary", "rules": [{"id": rule, "fullDescription": {"text": reason(rule)}} for rule in rules]}
    run = {"tool": {"driver": driver}, "results": [_result(finding) for finding in found]}
    return json.dumps({"$schema": _SARIF, "version": "2.1.0", "runs": [run]}, indent=2, ensure_ascii=False)


def _result(finding: Finding) -> dict[str, Any]:
    subject = f"{finding.subject}: " if not finding.line else ""
    field = f"{finding.path}: " if finding.path else ""
    fix = f"\nFix: {finding.fix}" if finding.fix else ""
    return {
        "ruleId": finding.rule,
        "level": finding.severity,
        "message": {"text": f"{subject}{field}{finding.message}{fix}"},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": shown(finding.file)},
                    "region": {"startLine": max(1, finding.line)},
                }
            }
        ],
    }


@attrs.frozen
class Case:
    """A contract or subject that was looked at: a test case of JUnit."""

    name: str
    findings: Sequence[Finding]
    message: str = ""
    """The verdict; by default the first error's message."""
    details: str = ""
    """By default the findings as text."""


def cases(names: Iterable[str], found: Iterable[Finding]) -> list[Case]:
    """A case for each contract or subject, with its findings; one more for each other that has a finding."""
    grouped: dict[str, list[Finding]] = {name: [] for name in names}
    for finding in found:
        grouped.setdefault(finding.subject or finding.topic, []).append(finding)
    return [Case(name, findings) for name, findings in grouped.items()]


def junit(command: str, tested: Iterable[Case]) -> str:
    """A test suite with a case for each; a case fails for an error.

    What is found in a case that passes is its output: reports show it, and a case that is skipped would not count.
    """
    suite = ElementTree.Element("testsuite", name=f"registry {command}")
    failures = 0
    for number, case in enumerate(tested, 1):
        element = ElementTree.SubElement(suite, "testcase", classname=f"registry.{command}", name=case.name)
        suite.set("tests", str(number))
        details = case.details or text(case.findings)
        if failing := errors(case.findings):
            failures += 1
            message = case.message or failing[0].message
            ElementTree.SubElement(element, "failure", type=failing[0].rule, message=message).text = details
        elif case.findings:
            ElementTree.SubElement(element, "system-out").text = details
    suite.set("failures", str(failures))
    ElementTree.indent(suite)
    return ElementTree.tostring(suite, encoding="unicode", xml_declaration=True)

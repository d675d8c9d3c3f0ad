"""The findings for CI systems: SARIF 2.1.0 (code scanning) and JUnit XML (test reports)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any
from xml.etree import ElementTree

from tributary.registry.check.verdict import SubjectCheck
from tributary.registry.lint.engine import UnknownRule, explain
from tributary.registry.render import text
from tributary.registry.render.problems import UNKNOWN, Problem, of_check
from tributary.registry.render.text import shown, verdict

_SARIF = "https://json.schemastore.org/sarif-2.1.0.json"


def sarif(problems: Sequence[Problem]) -> str:
    """One run with a rule for each id and a result for each problem (OASIS SARIF 2.1.0)."""
    rules = list(dict.fromkeys(problem.rule for problem in problems))
    driver = {"name": "registry", "rules": [{"id": rule, "fullDescription": {"text": _reason(rule)}} for rule in rules]}
    run = {"tool": {"driver": driver}, "results": [_result(problem) for problem in problems]}
    return json.dumps({"$schema": _SARIF, "version": "2.1.0", "runs": [run]}, indent=2, ensure_ascii=False)


def _reason(rule: str) -> str:
    if rule == UNKNOWN:
        return "A version, level or mode that another checkout gave the registry: apply would undo it."
    try:
        return explain(rule)
    except UnknownRule:  # one of Avro's own
        return f"{rule}, a rule of Avro's schema resolution"


def _result(problem: Problem) -> dict[str, Any]:
    message = f"{problem.path}: {problem.message}" if problem.path else problem.message
    return {
        "ruleId": problem.rule,
        "level": problem.level,
        "message": {"text": f"{message}\nFix: {problem.fix}" if problem.fix else message},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": shown(problem.file)},
                    "region": {"startLine": problem.line},
                }
            }
        ],
    }


def junit(checked: Sequence[SubjectCheck], unknown: Sequence[Problem] = ()) -> str:
    """A test case for each subject, failed where its check did not pass; and for each with an `unknown`, one more."""
    failures = sum(not check.passed for check in checked) + len(unknown)
    tests = len(checked) + len(unknown)
    suite = ElementTree.Element("testsuite", name="registry check", tests=str(tests), failures=str(failures))
    for check in checked:
        case = ElementTree.SubElement(suite, "testcase", classname="registry.check", name=check.topic.subject)
        if not check.passed:
            first = next(problem for problem in of_check(check) if problem.level == "error")
            failure = ElementTree.SubElement(case, "failure", type=first.rule, message=verdict(check))
            failure.text = text.checks([check])
    for problem in unknown:
        case = ElementTree.SubElement(
            suite, "testcase", classname="registry.check", name=f"{problem.subject} ({UNKNOWN})"
        )
        failure = ElementTree.SubElement(case, "failure", type=UNKNOWN, message=problem.message)
        failure.text = problem.fix
    ElementTree.indent(suite)
    return ElementTree.tostring(suite, encoding="unicode", xml_declaration=True)

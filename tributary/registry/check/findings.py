"""The verdict on a subject as findings, each with its line in the contract."""

from __future__ import annotations

from collections.abc import Iterator

from tributary.registry.check.verdict import SubjectCheck
from tributary.registry.contract import json_edit, walk
from tributary.registry.finding import Finding, Severity
from tributary.registry.lint.engine import UnknownRule, explain


def findings(check: SubjectCheck) -> Iterator[Finding]:
    """The incompatibilities and the hazards as findings."""
    topic = check.topic

    def finding(rule: str, path: str, message: str, fix: str, severity: Severity = "error", line: int = 0) -> Finding:
        line = line or _line(check, path)
        return Finding(rule, topic.contract, topic.path, line, path, message, fix, topic.subject, severity)

    if check.invalid:
        yield finding("parses", "", check.invalid.removeprefix(f"{topic.path}: "), "", line=1)
    for found in check.breaks:
        yield finding(found.rule, found.path, found.who, found.fix)
    for hazard in check.hazards:
        yield finding(hazard.rule, hazard.path, hazard.text, hazard.fix, "error" if hazard.danger else "note")


def reason(rule: str) -> str:
    """Why a rule of check exists."""
    try:
        return explain(rule)
    except UnknownRule:  # one of Avro's own
        return f"{rule}, a rule of Avro's schema resolution"


def _line(check: SubjectCheck, path: str) -> int:
    """The line of a field in the contract; 1 if it has no such field."""
    topic = check.topic
    pointers = {field.path: field.pointer for field in walk.fields(topic.schema)}
    while path not in pointers and path.endswith(("[]", "{}")):
        path = path[:-2]
    return json_edit.lines(topic.text)[pointers[path]] if path in pointers else 1

"""Findings of lint and of check in one shape, with file and line, for the formats that CI systems read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Literal

import attrs

from tributary.catalog import Topic
from tributary.registry.apply.unknown import Unknown
from tributary.registry.check.verdict import SubjectCheck
from tributary.registry.contract import walk
from tributary.registry.lint.engine import Finding
from tributary.registry.render.unknowns import TAKE_IN


@attrs.frozen
class Problem:
    """One finding."""

    rule: str
    level: Literal["error", "note"]
    subject: str
    file: Path
    line: int
    path: str
    """The field in words; empty for the contract itself."""
    message: str
    fix: str


def of_findings(findings: Iterable[Finding]) -> list[Problem]:
    """Lint's findings; the subject is the contract's name in the catalogue."""
    return [Problem(f.rule, "error", f.topic, f.file, f.line, f.path, f.message, f.fix) for f in findings]


def of_check(check: SubjectCheck) -> Iterator[Problem]:
    """What breaks and what data does not survive, in one subject."""
    topic = check.topic
    if check.invalid:
        message = check.invalid.removeprefix(f"{topic.path}: ")
        yield Problem("parses", "error", topic.subject, topic.path, 1, "", message, "")
    for found in check.breaks:
        line = _line(check, found.path)
        yield Problem(found.rule, "error", topic.subject, topic.path, line, found.path, found.who, found.fix)
    for hazard in check.hazards:
        level: Literal["error", "note"] = "error" if hazard.danger else "note"
        line = _line(check, hazard.path)
        yield Problem(hazard.rule, level, topic.subject, topic.path, line, hazard.path, hazard.text, hazard.fix)


UNKNOWN = "unknown-in-registry"


def of_unknown(topics: Iterable[Topic], unknown: Iterable[Unknown]) -> list[Problem]:
    """What the registry has and the lock does not know, by subject."""
    files = {topic.subject: topic.path for topic in topics}
    return [
        Problem(
            UNKNOWN,
            "error",
            one.subject,
            files[one.subject],
            1,
            "",
            "; ".join(["the registry has, the lock not", *one.found]),
            TAKE_IN,
        )
        for one in unknown
    ]


def _line(check: SubjectCheck, path: str) -> int:
    """The line of a field in the contract; the first where it has no such field."""
    topic = check.topic
    pointers = {field.path: field.pointer for field in walk.fields(topic.schema)}
    bare = path
    while bare not in pointers and bare.endswith(("[]", "{}")):
        bare = bare[:-2]
    return walk.lines(topic.text)[pointers[bare]] if bare in pointers else 1

"""`tributary check`: check the contracts of the working copy against a baseline."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from typing import Any

import attrs

from tributary import catalog, settings
from tributary.catalog import Topic
from tributary.cli import exits
from tributary.cli.options import add_against, add_allow_unknown
from tributary.cli.output import ALL_FORMATS, add_format, show
from tributary.printable import printable
from tributary.registry.apply import unknown
from tributary.registry.apply.unknown import Asked, Unknown, ask
from tributary.registry.check.baseline import baseline
from tributary.registry.check.findings import findings as findings_of
from tributary.registry.check.findings import reason
from tributary.registry.check.verdict import SubjectCheck, check_all
from tributary.registry.finding import Finding
from tributary.registry.render import checks, findings, unknowns


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Its options."""
    add_format(command, ALL_FORMATS)
    add_against(command)
    add_allow_unknown(command, also="; check then does not ask the registry")


def run(args: argparse.Namespace) -> int:
    """Print each subject's verdict; 1 if one did not pass."""
    loaded = settings.load()
    topics = catalog.load(loaded).topics
    checked = check_all(topics, baseline(args.against, loaded, topics), loaded.project)
    valid = [one.topic for one in checked if not one.invalid]
    asked = None if args.allow_unknown or args.against.startswith("git:") else ask(loaded, valid)
    made = _Checked(checked, asked)
    show(args.format, made, text=_text, json=_document, markdown=_markdown, sarif=_sarif, junit=_junit)
    print(printable(unknowns.asked(asked)) if asked else "the registry was not asked", file=sys.stderr)
    return exits.passed(all(one.passed for one in checked) and not made.unknown)


@attrs.frozen
class _Checked:
    """The verdicts, and what the registry was asked."""

    subjects: Sequence[SubjectCheck]
    asked: Asked | None

    @property
    def unknown(self) -> Sequence[Unknown]:
        return self.asked.unknown if self.asked else ()

    def unknown_findings(self) -> Iterator[Finding]:
        topics: dict[str, Topic] = {one.topic.subject: one.topic for one in self.subjects}
        return (one.finding(topics[one.subject]) for one in self.unknown)


def _text(made: _Checked) -> str:
    return "\n".join([checks.text(made.subjects), *([unknowns.text(made.unknown)] if made.unknown else [])])


def _document(made: _Checked) -> dict[str, Any]:
    return checks.document(made.subjects, made.asked)


def _markdown(made: _Checked) -> str:
    return "\n\n".join([checks.markdown(made.subjects), *([unknowns.markdown(made.unknown)] if made.unknown else [])])


def _sarif(made: _Checked) -> str:
    found = [*(finding for one in made.subjects for finding in findings_of(one)), *made.unknown_findings()]
    return findings.sarif(found, lambda rule: unknown.REASON if rule == unknown.UNKNOWN else reason(rule))


def _junit(made: _Checked) -> str:
    cases = [
        findings.Case(one.topic.subject, list(findings_of(one)), checks.verdict(one), checks.text([one]))
        for one in made.subjects
    ]
    cases += [findings.Case(f"{one.subject} ({one.rule})", [one]) for one in made.unknown_findings()]
    return findings.junit("check", cases)

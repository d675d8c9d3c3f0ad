"""The same content as the texts, as JSON documents for scripts. Keys are stable; new ones may be added."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import attrs

from tributary.registry.apply.drift import Drift
from tributary.registry.apply.plan import Applied, ApplyFailed, Plan
from tributary.registry.apply.steps import Done, Step
from tributary.registry.apply.unknown import Asked
from tributary.registry.check.history import Diff, Entry
from tributary.registry.check.verdict import SubjectCheck
from tributary.registry.contract.diff import Change
from tributary.registry.lint.engine import Finding
from tributary.registry.records.census import Census
from tributary.registry.render import unknowns
from tributary.registry.render.text import shown, summary, verdict


def lint(contracts: int, findings: Sequence[Finding]) -> dict[str, Any]:
    """`contracts` (how many), `findings`."""
    return {"contracts": contracts, "findings": [_finding(finding) for finding in findings]}


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "rule": finding.rule,
        "topic": finding.topic,
        "file": shown(finding.file),
        "line": finding.line,
        "field": finding.path,
        "message": finding.message,
        "fix": finding.fix,
    }


def checks(checked: Iterable[SubjectCheck], asked: Asked | None = None) -> dict[str, Any]:
    """`passed`, and `subjects` with their changes, breaks, hazards, order to deploy and owner.

    `registry` has what the registry was asked: its `url`, the `refusal` to answer, and `unknown`; null if it was not.
    """
    subjects = [check(one) for one in checked]
    unknown = asked.unknown if asked else ()
    return {
        "passed": all(one["passed"] for one in subjects) and not unknown,
        "subjects": subjects,
        "registry": asked and {"url": asked.registry, "refusal": asked.refusal, "unknown": unknowns.documents(unknown)},
    }


def check(one: SubjectCheck) -> dict[str, Any]:
    """One subject's verdict."""
    return {
        "subject": one.topic.subject,
        "topic": one.topic.name,
        "file": shown(one.topic.path),
        "owner": one.topic.owner,
        "level": one.level,
        "version": one.next_version,
        "registered": one.registered is not None,
        "passed": one.passed,
        "invalid": one.invalid or None,
        "compatible": not one.breaks and not one.invalid,
        "verdict": verdict(one),
        "deploy": one.order,
        "changes": _changes(one.changes),
        "breaks": [
            {
                "rule": b.rule,
                "field": b.path,
                "direction": b.direction,
                "versions": list(b.versions),
                "reader": b.reader,
                "writer": b.writer,
                "message": b.message,
                "who": b.who,
                "fix": b.fix,
            }
            for b in one.breaks
        ],
        "hazards": [
            {"rule": h.rule, "danger": h.danger, "field": h.path, "text": h.text, "fix": h.fix} for h in one.hazards
        ],
        "accepted": [{"rule": h.rule, "field": h.path, "reason": reason} for h, reason in one.accepted],
    }


def _changes(found: Iterable[Change]) -> list[dict[str, Any]]:
    return [{"kind": change.kind, "field": change.path, "text": change.text} for change in found]


def plan(made: Plan) -> dict[str, Any]:
    """`ok`, `steps` (kind create, change, leave or explain), `findings`, `refusals`, `unknown` and `subjects`."""
    return {
        "ok": made.ok,
        "steps": [_step(step) for step in made.steps],
        "findings": [_finding(finding) for finding in made.findings],
        "refusals": list(made.refusals),
        "unknown": unknowns.documents(made.unknown),
        "subjects": [check(one) for one in made.checks],
    }


def applied(result: Applied) -> dict[str, Any]:
    """`done` (what and its outcome), `left` alone, and the lock's `path` and whether it was `updated`."""
    return {
        "done": [_done(done) for done in result.done],
        "left": [_step(step) for step in result.plan.steps if step.run is None],
        "lock": {"path": shown(result.lock_path), "updated": result.lock_changed},
    }


def failed(failure: ApplyFailed) -> dict[str, Any]:
    """The step that `failed` and the `reason`, what was `done` before it, and what was `not_begun`."""
    return {
        "failed": _step(failure.failed),
        "reason": failure.reason,
        "done": [_done(done) for done in failure.done],
        "not_begun": [_step(step) for step in failure.left],
    }


def _step(step: Step) -> dict[str, str]:
    return {"kind": step.kind, "target": step.target, "text": step.text}


def _done(done: Done) -> dict[str, str]:
    return {"kind": done.step.kind, "target": done.step.target, "text": done.text}


def drift(found: Sequence[Drift]) -> dict[str, Any]:
    """`drift`: subject, kind and text of each difference."""
    return {"drift": [{"subject": one.subject, "kind": one.kind, "text": one.text} for one in found]}


def history(subject: str, entries: Sequence[Entry]) -> dict[str, Any]:
    """`versions` with number, id, fingerprint, schema (text) and changes."""
    return {"subject": subject, "versions": [version(entry) for entry in entries]}


def version(entry: Entry) -> dict[str, Any]:
    """One version and its changes."""
    return {
        "version": entry.version.version,
        "id": entry.version.id,
        "fingerprint": entry.version.fingerprint,
        "summary": summary(entry),
        "reads_before": entry.reads_before,
        "read_by_before": entry.read_by_before,
        "changes": _changes(entry.changes),
        "schema": entry.version.schema,
    }


def diff(found: Diff) -> dict[str, Any]:
    """`before`, `after`, `changes`, and `unified` (text)."""
    return {
        "before": found.before,
        "after": found.after,
        "changes": _changes(found.changes),
        "unified": found.unified,
    }


def census(found: Census) -> dict[str, Any]:
    """`topic`, `subject`, `ok`, `records`, `unframed`, and `ids` with version (null: none), records, dead letters."""
    return {
        "topic": found.topic,
        "subject": found.subject,
        "ok": found.ok,
        "records": found.records,
        "ids": [
            {
                "id": row.id,
                "version": row.version,
                "records": row.use.records if row.use else 0,
                "dead_letters": row.letters,
                "first": attrs.asdict(row.use.first) if row.use else None,
                "last": attrs.asdict(row.use.last) if row.use else None,
                "deletable": row.deletable,
                "reason": row.reason,
            }
            for row in found.rows
        ],
        "unframed": [{"seen": seen, "records": number} for seen, number in sorted(found.unframed.items())],
    }

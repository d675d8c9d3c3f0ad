"""The steps of plan, apply and import in each format, and a whole plan and what became of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from tributary.destination import shown
from tributary.printable import lines, printable
from tributary.registry.apply.plan import Applied, Plan
from tributary.registry.render import checks, findings, unknowns
from tributary.registry.render.markup import code, line, plain, table
from tributary.registry.render.words import number
from tributary.registry.steps import Done, Incomplete, Step

NOTHING_WRITTEN = "Nothing was written: every check has to pass first."
_AGAIN = "Apply again to continue."
_MARKS = {"create": "+", "change": "~", "leave": "=", "explain": "!"}


def step(one: Step) -> str:
    """A step on a line."""
    return printable(f"{_MARKS[one.kind]} {one.target}: {one.text}")


def done(one: Done) -> str:
    """A completed step, on a line."""
    return printable(f"{_MARKS[one.step.kind]} {one.step.target}: {one.text}")


def steps_document(steps: Iterable[Step | Done]) -> list[dict[str, str]]:
    """Steps as JSON; of those that were carried out, the outcome."""
    return [{"kind": kind, "target": target, "text": text} for kind, target, text in _cells(steps)]


def steps_table(steps: Iterable[Step | Done], heads: Sequence[str] = ("", "what", "outcome")) -> list[str]:
    """The lines of a Markdown table."""
    return list(table(heads, [(kind, code(target), plain(text)) for kind, target, text in _cells(steps)]))


def _cells(steps: Iterable[Step | Done]) -> list[tuple[str, str, str]]:
    pairs = [(one.step, one.text) if isinstance(one, Done) else (one, one.text) for one in steps]
    return [(one.kind, one.target, text) for one, text in pairs]


# ---- a plan ----------------------------------------------------------------------------------


def text(made: Plan) -> str:
    """The plan's steps, or why nothing may be done."""
    parts = [findings.text(made.findings)] if made.findings else []
    if refused := [check for check in made.checks if not check.passed]:
        parts.append(checks.text(refused))
    parts += map(printable, made.refusals)
    if made.unknown:
        parts.append(unknowns.text(made.unknown))
    if not made.ok:
        return "\n".join([*parts, "", NOTHING_WRITTEN])
    parts.append(lines(map(step, made.steps)))
    if changed := [check for check in made.checks if check.changes and not check.registered]:
        parts += ["", checks.text(changed)]
    return "\n".join([*parts, "", _counts(made)])


def _counts(made: Plan) -> str:
    numbers = {kind: sum(one.kind == kind for one in made.steps) for kind in _MARKS}
    explained = f", {numbers['explain']} for you to decide" if numbers["explain"] else ""
    return f"{numbers['create']} to create, {numbers['change']} to change, {numbers['leave']} as they are{explained}"


def document(made: Plan) -> dict[str, Any]:
    """`ok`, `steps` (kind create, change, leave or explain), `findings`, `refusals`, `unknown` and `subjects`."""
    return {
        "ok": made.ok,
        "steps": steps_document(made.steps),
        "findings": [findings.document(finding) for finding in made.findings],
        "refusals": list(made.refusals),
        "unknown": unknowns.documents(made.unknown),
        "subjects": [checks.subject(one) for one in made.checks],
    }


def markdown(made: Plan) -> str:
    """A table of the steps and the checks behind them, or why nothing may be done."""
    parts = ["\n".join(findings.markdown(made.findings)).lstrip()] if made.findings else []
    parts += [f"❌ {line(refusal)}" for refusal in made.refusals]
    if made.unknown:
        parts.append(unknowns.markdown(made.unknown))
    if not made.ok:
        refused = [check for check in made.checks if not check.passed]
        return "\n\n".join([*parts, *([checks.markdown(refused)] if refused else []), f"**{NOTHING_WRITTEN}**"])
    parts.append("\n".join([f"**{_counts(made)}**", *steps_table(made.steps, ("", "what", "step"))]))
    changed = [check for check in made.checks if check.changes]
    return "\n\n".join([*parts, checks.markdown(changed)] if changed else parts)


# ---- what apply did --------------------------------------------------------------------------


def applied_text(result: Applied) -> str:
    """What lint warns of, what was left alone, and a summary."""
    warnings = [findings.text(result.plan.findings)] if result.plan.findings else []
    return "\n".join([*warnings, lines([*map(step, _idle(result)), _outcome(result)])])


def applied_document(result: Applied) -> dict[str, Any]:
    """`done` (what and its outcome), `left` alone, the lock's `path` and whether it was `updated`, and `findings`: what
    lint warns of."""
    return {
        "done": steps_document(result.done),
        "left": steps_document(_idle(result)),
        "lock": {"path": shown(result.lock_path), "updated": result.lock_changed},
        "findings": [findings.document(finding) for finding in result.plan.findings],
    }


def applied_markdown(result: Applied) -> str:
    """A summary, a table of what was done and what was left alone, and one of what lint warns of."""
    table = steps_table([*result.done, *_idle(result)])
    return "\n".join([f"**{_outcome(result)}**", *table, *findings.markdown(result.plan.findings)])


def _idle(result: Applied) -> list[Step]:
    return [one for one in result.plan.steps if one.run is None]


def _outcome(result: Applied) -> str:
    steps = f"{number(len(result.done), 'step')} done" if result.done else "nothing to do"
    return f"{steps}; {lock_outcome(result.lock_path, changed=result.lock_changed)}"


def lock_outcome(path: Path, *, changed: bool) -> str:
    """Whether the lock was written."""
    return f"{shown(path)} {'updated' if changed else 'is up to date'}"


# ---- where apply failed ----------------------------------------------------------------------


def failed_text(failure: Incomplete) -> str:
    """What was done before a step failed, and what is left."""
    rows = [failure_line(failure)]
    rows += (
        ["Done before that:", *(f"  {done(one)}" for one in failure.done)] if failure.done else ["Nothing was done."]
    )
    if failure.left:
        rows += ["Not begun:", *(f"  {one.target}: {one.text}" for one in failure.left)]
    return lines([*rows, _AGAIN])


def failure_line(failure: Incomplete) -> str:
    """The step that failed, and why."""
    failed = failure.failed
    return f"{failed.target}: {failed.text}: failed: {failure.reason}" if failed else failure.reason


def failed_document(failure: Incomplete) -> dict[str, Any]:
    """The step that `failed` and the `reason`, what was `done` before it, and what was `not_begun`."""
    return {
        "failed": steps_document([failure.failed])[0] if failure.failed else None,
        "reason": failure.reason,
        "done": steps_document(failure.done),
        "not_begun": steps_document(failure.left),
    }


def failed_markdown(failure: Incomplete) -> str:
    """Which step failed, then tables of what was done before it and of what is left."""
    what = f"{code(failure.failed.target)} {line(failure.failed.text)}: " if failure.failed else ""
    parts = [f"❌ {what}{line(failure.reason)}"]
    if failure.done:
        parts.append("\n".join(["Done before that:", *steps_table(failure.done)]))
    if failure.left:
        parts.append("\n".join(["Not begun:", *steps_table(failure.left, ("", "what", "step"))]))
    return "\n\n".join([*parts, _AGAIN])

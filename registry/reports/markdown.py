"""The same content as the texts, as Markdown for a merge request."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from registry.census import Census
from registry.changes import Change
from registry.check import SubjectCheck
from registry.drift import Drift
from registry.history import Diff, Entry
from registry.lint import Finding
from registry.plan import Applied, Plan
from registry.reports.text import deletion, place, records, shown, summary, verdict


def lint(contracts: int, findings: Sequence[Finding]) -> str:
    """A table of the findings."""
    heading = f"**{contracts} contracts, {len(findings)} finding{'' if len(findings) == 1 else 's'}**"
    rows = [(f"`{shown(f.file)}:{f.line}`", _code(f.path), f.rule, f.message, _code(f.fix)) for f in findings]
    return "\n".join([heading, *table(("where", "field", "rule", "finding", "fix"), rows)])


def checks(checked: Iterable[SubjectCheck]) -> str:
    """A section for each subject."""
    return "\n\n".join("\n".join(_check(check)) for check in checked)


def _check(check: SubjectCheck) -> Iterator[str]:
    mark = "✅" if check.passed else "❌"
    yield f"### {mark} `{check.topic.subject}`: {verdict(check)}"
    if check.changes:
        yield from table(("field", "change"), [(_code(c.path or "the record"), c.text) for c in check.changes])
    if check.order:
        yield f"\n**Deploy** {check.order}. **Owner** {check.topic.owner}."
    for found in check.breaks:
        yield f"\n**Breaks** {_code(found.path or 'the record')} ({found.rule}): {found.who}."
        yield f"\n```\n{found.fix}\n```"
    for hazard in check.hazards:
        mark = "**Danger**" if hazard.danger else "Note"
        yield f"\n{mark} {_code(hazard.path or 'the record')} ({hazard.rule}): {hazard.text}. Instead: {hazard.fix}."
    for hazard, reason in check.accepted:
        yield f"\nAccepted {_code(hazard.path or 'the record')} ({hazard.rule}): {reason}."


def plan(made: Plan) -> str:
    """A table of the steps, and the checks behind them."""
    parts = []
    if made.findings:
        parts.append(lint(len({finding.topic for finding in made.findings}), made.findings))
    parts += [f"❌ {refusal}" for refusal in made.refusals]
    if made.steps:
        rows = [(step.kind, f"`{step.target}`", step.text) for step in made.steps]
        parts.append("\n".join(table(("", "what", "step"), rows)))
    changed = [check for check in made.checks if check.changes or not check.passed]
    return "\n\n".join([*parts, checks(changed)] if changed else parts)


def applied(result: Applied) -> str:
    """A table of what was done and what was left alone."""
    rows = [(d.step.kind, f"`{d.step.target}`", d.text) for d in result.done]
    rows += [(step.kind, f"`{step.target}`", step.text) for step in result.plan.steps if step.run is None]
    return "\n".join(table(("", "what", "outcome"), rows))


def drift(found: Sequence[Drift]) -> str:
    """A table of the differences."""
    rows = [(f"`{one.subject}`", one.kind, one.text) for one in found]
    return "\n".join(table(("subject", "kind", "difference"), rows)) if found else "no drift"


def history(subject: str, entries: Sequence[Entry]) -> str:
    """A table of the versions."""
    rows = [(f"v{e.version.version}", str(e.version.id), summary(e), "\n".join(_words(e.changes))) for e in entries]
    return "\n".join([f"### `{subject}`", *table(("version", "id", "", "changes"), rows)])


def diff(found: Diff) -> str:
    """The changes as a list, then the unified diff."""
    if not found.unified:
        return f"{found.before} and {found.after} are the same"
    words = [f"- {line}" for line in _words(found.changes)]
    return "\n".join([f"### {found.before} → {found.after}", "", *words, "", "```diff", found.unified, "```"])


def _words(found: Sequence[Change]) -> list[str]:
    return [f"`{change.path or 'the record'}` {change.text}" for change in found]


def census(found: Census) -> str:
    """A table of the schema ids."""
    rows = [
        (
            "none" if row.version is None else f"v{row.version}",
            str(row.id),
            records(row),
            place(row.use.first) if row.use else "",
            place(row.use.last) if row.use else "",
            deletion(row),
        )
        for row in found.rows
    ]
    rows += [("none", "none", f"{number:,}", "", "", seen) for seen, number in sorted(found.unframed.items())]
    heads = ("version", "id", "records", "first", "last", "")
    return "\n".join([f"### `{found.topic}`", *table(heads, rows)])


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """A table with a blank line before it; nothing where there are no rows."""
    if not rows:
        return
    yield ""
    yield f"| {' | '.join(heads)} |"
    yield f"|{'---|' * len(heads)}"
    for row in rows:
        yield f"| {' | '.join(_cell(cell) for cell in row)} |"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", "<br>")


def _code(text: str) -> str:
    return f"`{text}`" if text else ""

"""The same content as the texts, as Markdown for a merge request."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from tributary.registry.apply.drift import Drift
from tributary.registry.apply.plan import Applied, ApplyFailed, Plan
from tributary.registry.apply.steps import Done, Step
from tributary.registry.check.history import Diff, Entry
from tributary.registry.check.verdict import SubjectCheck
from tributary.registry.contract.diff import Change
from tributary.registry.lint.engine import Finding
from tributary.registry.records.census import Census
from tributary.registry.render import unknowns
from tributary.registry.render.markup import code, line, paragraph, plain
from tributary.registry.render.text import (
    NOTHING_WRITTEN,
    counts,
    deletion,
    done_in_all,
    lint_summary,
    place,
    records,
    shown,
    summary,
    verdict,
)


def lint(contracts: int, findings: Sequence[Finding]) -> str:
    """A table of the findings."""
    return "\n".join([f"**{lint_summary(contracts, len(findings))}**", *_findings(findings)])


def _findings(findings: Sequence[Finding]) -> Iterator[str]:
    rows = [(code(f"{shown(f.file)}:{f.line}"), code(f.path), f.rule, plain(f.message), code(f.fix)) for f in findings]
    return table(("where", "field", "rule", "finding", "fix"), rows)


def rules(reasons: Mapping[str, str]) -> str:
    """A section for each rule: why it exists."""
    return "\n\n".join(f"### {code(name)}\n\n{paragraph(reason)}" for name, reason in reasons.items())


def checks(checked: Iterable[SubjectCheck]) -> str:
    """A section for each subject."""
    return "\n\n".join("\n".join(_check(check)) for check in checked)


def _check(check: SubjectCheck) -> Iterator[str]:
    mark = "✅" if check.passed else "❌"
    yield f"### {mark} {code(check.topic.subject)}: {verdict(check)}"
    if check.invalid:
        yield f"\n{line(check.invalid)}"
    if check.changes:
        yield from table(("field", "change"), [(code(c.path or "the record"), plain(c.text)) for c in check.changes])
    if check.order:
        yield f"\n**Deploy** {check.order}. **Owner** {line(check.topic.owner)}."
    for found in check.breaks:
        yield f"\n**Breaks** {code(found.path or 'the record')} ({found.rule}): {line(found.who)}."
        yield f"\n```\n{found.fix}\n```"
    for hazard in check.hazards:
        mark = "**Danger**" if hazard.danger else "Note"
        yield f"\n{mark} {code(hazard.path or 'the record')} ({hazard.rule}): {line(hazard.text)}."
        yield f"Instead: {line(hazard.fix)}."
    for hazard, reason in check.accepted:
        yield f"\nAccepted {code(hazard.path or 'the record')} ({hazard.rule}): {line(reason)}."


def plan(made: Plan) -> str:
    """A table of the steps and the checks behind them, or why nothing may be done."""
    parts = []
    if made.findings:
        parts.append("\n".join(_findings(made.findings)).lstrip())
    parts += [f"❌ {line(refusal)}" for refusal in made.refusals]
    if made.unknown:
        parts.append(unknowns.markdown(made.unknown))
    refused = [check for check in made.checks if not check.passed]
    if not made.ok:
        return "\n\n".join([*parts, *([checks(refused)] if refused else []), f"**{NOTHING_WRITTEN}**"])
    parts.append(f"**{counts(made)}**\n" + "\n".join(_steps(made.steps)))
    changed = [check for check in made.checks if check.changes]
    return "\n\n".join([*parts, checks(changed)] if changed else parts)


def _steps(steps: Sequence[Step]) -> Iterator[str]:
    return table(("", "what", "step"), [(step.kind, code(step.target), plain(step.text)) for step in steps])


def applied(result: Applied) -> str:
    """A summary, and a table of what was done and what was left alone."""
    left = [step for step in result.plan.steps if step.run is None]
    rows = [*_done(result.done), *((step.kind, code(step.target), plain(step.text)) for step in left)]
    return "\n".join([f"**{done_in_all(result)}**", *table(("", "what", "outcome"), rows)])


def _done(done: Sequence[Done]) -> list[tuple[str, str, str]]:
    return [(one.step.kind, code(one.step.target), plain(one.text)) for one in done]


def failed(failure: ApplyFailed) -> str:
    """Which step failed, then tables of what was done before it and of what is left."""
    parts = [f"❌ {code(failure.failed.target)} {line(failure.failed.text)}: {line(failure.reason)}"]
    parts += (
        ["\n".join(["Done before that:", *table(("", "what", "outcome"), _done(failure.done))])] if failure.done else []
    )
    parts += ["\n".join(["Not begun:", *_steps(failure.left)])] if failure.left else []
    return "\n\n".join([*parts, "Apply again to carry on from here."])


def drift(found: Sequence[Drift]) -> str:
    """A table of the differences."""
    rows = [(code(one.subject), one.kind, plain(one.text)) for one in found]
    if not found:
        return "no drift"
    heading = f"**{len(found)} difference{'' if len(found) == 1 else 's'}**"
    return "\n".join([heading, *table(("subject", "kind", "difference"), rows)])


def history(subject: str, entries: Sequence[Entry]) -> str:
    """A table of the versions."""
    rows = [(f"v{e.version.version}", str(e.version.id), summary(e), "\n".join(_words(e.changes))) for e in entries]
    return "\n".join([f"### {code(subject)}", *table(("version", "id", "", "changes"), rows)])


def diff(found: Diff) -> str:
    """The changes as a list, then the unified diff."""
    if not found.unified:
        return f"{found.before} and {found.after} are the same"
    words = [f"- {line}" for line in _words(found.changes)]
    return "\n".join([f"### {found.before} → {found.after}", "", *words, "", "```diff", found.unified, "```"])


def _words(found: Sequence[Change]) -> list[str]:
    return [f"{code(change.path or 'the record')} {line(change.text)}" for change in found]


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
    rows += [("none", "none", f"{number:,}", "", "", plain(seen)) for seen, number in sorted(found.unframed.items())]
    heads = ("version", "id", "records", "first", "last", "")
    return "\n".join([f"### {code(found.topic)}", *table(heads, rows)])


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

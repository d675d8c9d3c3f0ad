"""What the commands print for people."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from tributary.printable import lines, paragraphs, printable
from tributary.registry.apply.drift import Drift
from tributary.registry.apply.plan import Applied, ApplyFailed, Plan
from tributary.registry.apply.steps import Done
from tributary.registry.check.history import Diff, Entry
from tributary.registry.check.verdict import SubjectCheck
from tributary.registry.lint.engine import Finding
from tributary.registry.records.census import Census, Place, Row
from tributary.registry.render import unknowns

NOTHING_WRITTEN = "Nothing was written: every check has to pass first."
_MARKS = {"create": "+", "change": "~", "leave": "=", "explain": "!"}


def lint(contracts: int, found: Sequence[Finding]) -> str:
    """The findings and a summary."""
    summary = lint_summary(contracts, len(found))
    return f"{findings(found)}\n{summary}" if found else summary


def lint_summary(contracts: int, found: int) -> str:
    """How many contracts, and how many findings."""
    return f"{contracts} contract{'' if contracts == 1 else 's'}, {found} finding{'' if found == 1 else 's'}"


def findings(found: Sequence[Finding]) -> str:
    """Lint's findings, one a line with file and line first, so that editors can jump to it."""
    return lines(line for finding in found for line in _finding(finding))


def _finding(finding: Finding) -> Iterator[str]:
    where = f"{finding.path}: " if finding.path else ""
    yield f"{shown(finding.file)}:{finding.line}: {where}{finding.message} [{finding.rule}]"
    if finding.fix:
        yield f"  fix: {finding.fix}"


def checks(checked: Iterable[SubjectCheck]) -> str:
    """Each subject's verdict: what changed, who breaks, the order to deploy, the fix."""
    return lines(line for check in checked for line in _check(check))


def _check(check: SubjectCheck) -> Iterator[str]:
    yield f"{check.topic.subject}: {verdict(check)}"
    if check.invalid:
        yield f"  {check.invalid}"
    for change in check.changes:
        yield f"    {change.path or 'the record'}: {change.text}"
    if check.order:
        yield f"  deploy  {check.order}"
    if not check.passed:
        yield f"  owner   {check.topic.owner} ({shown(check.topic.path)})"
    yield from _hazards(check)
    fixes: set[str] = set()
    for found in check.breaks:
        yield f"  breaks  {found.path or 'the record'}: {found.rule} (reader {found.reader}, writer {found.writer})"
        yield f"          {found.who}"
        if found.fix not in fixes:
            first, *rest = found.fix.split("\n")
            yield f"  fix     {first}"
            yield from (f"        {line}" for line in rest)
        fixes.add(found.fix)


def _hazards(check: SubjectCheck) -> Iterator[str]:
    for hazard in check.hazards:
        mark = "danger" if hazard.danger else "note  "
        yield f"  {mark}  {hazard.path or 'the record'}: {hazard.text} [{hazard.rule}]"
        yield f"          {hazard.fix}"
    for hazard, reason in check.accepted:
        yield f"  accepted  {hazard.path or 'the record'}: {hazard.rule}, because {reason}"


def verdict(check: SubjectCheck) -> str:
    """The verdict in a line."""
    if check.invalid:
        return "cannot be checked"
    if check.breaks:
        return f"v{check.next_version} breaks {check.level}"
    if check.registered and check.registered is check.versions[-1]:
        return f"unchanged, v{check.registered.version}"
    if check.registered:
        return f"equals v{check.registered.version}, an older version than v{check.versions[-1].version}"
    if not check.versions:
        return "new, v1"
    if not check.passed:
        return f"v{check.next_version} is compatible at {check.level}, but data would not survive it"
    docs = ", docs only" if check.docs_only else ""
    return f"v{check.next_version} is compatible at {check.level}{docs}"


def plan(made: Plan) -> str:
    """The plan's steps, or why nothing may be done."""
    parts = [findings(made.findings)] if made.findings else []
    refused = [check for check in made.checks if not check.passed]
    if refused:
        parts.append(checks(refused))
    parts += map(printable, made.refusals)
    if made.unknown:
        parts.append(unknowns.text(made.unknown))
    if parts:
        return "\n".join([*parts, "", NOTHING_WRITTEN])
    changed = [check for check in made.checks if check.changes and not check.registered]
    parts = [lines(f"{_MARKS[step.kind]} {step.target}: {step.text}" for step in made.steps)]
    if changed:
        parts += ["", checks(changed)]
    return "\n".join([*parts, "", counts(made)])


def counts(made: Plan) -> str:
    """How many steps there are of each kind."""
    numbers = {kind: sum(step.kind == kind for step in made.steps) for kind in _MARKS}
    explained = f", {numbers['explain']} for you to decide" if numbers["explain"] else ""
    return f"{numbers['create']} to create, {numbers['change']} to change, {numbers['leave']} as they are{explained}"


def done(step: Done) -> str:
    """One step that was carried out."""
    return printable(f"{_MARKS[step.step.kind]} {step.step.target}: {step.text}")


def applied(result: Applied) -> str:
    """What was left alone, and a summary."""
    idle = [f"{_MARKS[step.kind]} {step.target}: {step.text}" for step in result.plan.steps if step.run is None]
    return lines([*idle, done_in_all(result)])


def done_in_all(result: Applied) -> str:
    """How many steps were done, and whether the lock changed."""
    lock = f"{shown(result.lock_path)} {'updated' if result.lock_changed else 'is up to date'}"
    count = len(result.done)
    steps = "nothing to do" if not count else f"{count} step{'s' if count > 1 else ''} done"
    return f"{steps}; {lock}"


def failed(failure: ApplyFailed) -> str:
    """What was done before a step failed, and what is left."""
    rows = [f"{failure.failed.target}: {failure.failed.text}: failed: {failure.reason}"]
    rows += (
        ["Done before that:", *(f"  {done(step)}" for step in failure.done)] if failure.done else ["Nothing was done."]
    )
    if failure.left:
        rows += ["Not begun:", *(f"  {step.target}: {step.text}" for step in failure.left)]
    return lines([*rows, "Apply again to carry on from here."])


def drift(found: Sequence[Drift]) -> str:
    """The differences, by subject."""
    rows = [f"{one.subject}: {one.text} [{one.kind}]" for one in found]
    return lines([*rows, f"{len(found)} difference{'' if len(found) == 1 else 's'}" if found else "no drift"])


def history(subject: str, entries: Sequence[Entry]) -> str:
    """Each version with what it changed."""
    rows = [f"{subject}: {len(entries)} version{'' if len(entries) == 1 else 's'}"]
    for entry in entries:
        rows.append(f"v{entry.version.version} (id {entry.version.id}): {summary(entry)}")
        rows += [f"    {change.path or 'the record'}: {change.text}" for change in entry.changes]
    return lines(rows)


def summary(entry: Entry) -> str:
    """What a version is to the one before it, in a few words."""
    if not entry.changes:
        return "the first"
    if all(change.kind == "doc" for change in entry.changes):
        return "docs only"
    if entry.reads_before and entry.read_by_before:
        return "compatible both ways"
    if entry.reads_before:
        return "reads the version before, and is not read by it"
    if entry.read_by_before:
        return "is read by the version before, and does not read it"
    return "incompatible with the version before"


def diff(found: Diff) -> str:
    """The changes in words, then as a unified diff."""
    if not found.unified:
        return f"{found.before} and {found.after} are the same"
    words = [f"{change.path or 'the record'}: {change.text}" for change in found.changes] or ["same in meaning"]
    return "\n".join([lines(words), "", paragraphs(found.unified)])


def census(found: Census) -> str:
    """Each version with its records, and whether it can be deleted."""
    rows = [f"{found.topic}: {found.records:,} record{'' if found.records == 1 else 's'}"]
    for row in found.rows:
        name = "no version" if row.version is None else f"v{row.version}"
        rows.append(f"{name} (id {row.id}): {records(row)}; {deletion(row)}")
        if row.use:
            rows += [f"    first  {place(row.use.first)}", f"    last   {place(row.use.last)}"]
    rows += [f"no schema id: {number:,}: {seen}" for seen, number in sorted(found.unframed.items())]
    free = sum(row.deletable for row in found.rows)
    return lines([*rows, f"{free} version{'' if free == 1 else 's'} can be deleted"])


def records(row: Row) -> str:
    """How many records, and how many dead letters, an id has."""
    number = row.use.records if row.use else 0
    words = f"{number:,} record{'' if number == 1 else 's'}"
    return words + (f", {row.letters:,} dead letter{'' if row.letters == 1 else 's'}" if row.letters else "")


def deletion(row: Row) -> str:
    """Whether an id's version can be deleted, and why."""
    if row.version is None:
        return row.reason
    return f"{'can be deleted' if row.deletable else 'keep'}: {row.reason}"


def place(at: Place) -> str:
    """When and where a record is, for example `2026-01-31 12:00:00Z, partition 0 offset 7`."""
    when = "no timestamp" if at.time_ms < 0 else f"{datetime.fromtimestamp(at.time_ms // 1000, UTC):%Y-%m-%d %H:%M:%SZ}"
    return f"{when}, partition {at.partition} offset {at.offset}"


def shown(path: Path) -> str:
    """A path as people type it: relative to where they are, if it is below."""
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)

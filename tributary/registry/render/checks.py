"""The verdicts of `check` in each format; plan, apply and evolve show them too."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from tributary.destination import shown
from tributary.printable import lines
from tributary.registry.apply.unknown import Asked
from tributary.registry.check.verdict import SubjectCheck
from tributary.registry.render import changes, unknowns
from tributary.registry.render.changes import field
from tributary.registry.render.markup import code, line, plain, table
from tributary.registry.render.words import attributes


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
        return f"v{check.next_version} is compatible at {check.level}, but would damage data"
    docs = ", docs only" if check.docs_only else ""
    return f"v{check.next_version} is compatible at {check.level}{docs}"


def text(checked: Iterable[SubjectCheck]) -> str:
    """Each subject's verdict: what changed, who breaks, the order to deploy, the fix."""
    return lines(line for check in checked for line in _text(check))


def _text(check: SubjectCheck) -> Iterator[str]:
    yield f"{check.topic.subject}: {verdict(check)}"
    if check.invalid:
        yield f"  {check.invalid}"
    yield from (f"    {row}" for row in changes.rows(check.changes))
    if check.order:
        yield f"  deploy  {check.order}"
    if not check.passed:
        yield f"  owner   {check.topic.owner} ({shown(check.topic.path)})"
    for hazard in check.hazards:
        yield f"  {'danger' if hazard.danger else 'note  '}  {field(hazard.path)}: {hazard.text} [{hazard.rule}]"
        yield f"          {hazard.fix}"
    for hazard, reason in check.accepted:
        yield f"  accepted  {field(hazard.path)}: {hazard.rule}, because {reason}"
    fixes: set[str] = set()
    for found in check.breaks:
        yield f"  breaks  {field(found.path)}: {found.rule} (reader {found.reader}, writer {found.writer})"
        yield f"          {found.who}"
        if found.fix not in fixes:
            first, *rest = found.fix.split("\n")
            yield f"  fix     {first}"
            yield from (f"        {row}" for row in rest)
        fixes.add(found.fix)


def markdown(checked: Iterable[SubjectCheck]) -> str:
    """A section for each subject."""
    return "\n\n".join("\n".join(_markdown(check)) for check in checked)


def _markdown(check: SubjectCheck) -> Iterator[str]:
    yield f"### {'✅' if check.passed else '❌'} {code(check.topic.subject)}: {verdict(check)}"
    if check.invalid:
        yield f"\n{line(check.invalid)}"
    yield from table(("field", "change"), [(code(field(c.path)), plain(c.text)) for c in check.changes])
    if check.order:
        yield f"\n**Deploy** {check.order}. **Owner** {line(check.topic.owner)}."
    for found in check.breaks:
        yield f"\n**Breaks** {code(field(found.path))} ({found.rule}): {line(found.who)}."
        yield f"\n```\n{found.fix}\n```"
    for hazard in check.hazards:
        mark = "**Danger**" if hazard.danger else "Note"
        yield f"\n{mark} {code(field(hazard.path))} ({hazard.rule}): {line(hazard.text)}."
        yield f"Instead: {line(hazard.fix)}."
    for hazard, reason in check.accepted:
        yield f"\nAccepted {code(field(hazard.path))} ({hazard.rule}): {line(reason)}."


def document(checked: Iterable[SubjectCheck], asked: Asked | None = None) -> dict[str, Any]:
    """`passed`, and `subjects` with their changes, breaks, hazards, order to deploy and owner.

    `registry` has what the registry was asked: its `url`, the `refusal` to answer, and `unknown`; null if it was not.
    """
    subjects = [subject(one) for one in checked]
    unknown = asked.unknown if asked else ()
    return {
        "passed": all(one["passed"] for one in subjects) and not unknown,
        "subjects": subjects,
        "registry": asked and {"url": asked.registry, "refusal": asked.refusal, "unknown": unknowns.documents(unknown)},
    }


_BREAK = ("rule", "path", "direction", "versions", "reader", "writer", "message", "who", "fix")


def subject(check: SubjectCheck) -> dict[str, Any]:
    """One subject's verdict as JSON."""
    return {
        "subject": check.topic.subject,
        "topic": check.topic.name,
        "file": shown(check.topic.path),
        "owner": check.topic.owner,
        "level": check.level,
        "version": check.next_version,
        "registered": check.registered is not None,
        "passed": check.passed,
        "invalid": check.invalid or None,
        "compatible": not check.breaks and not check.invalid,
        "verdict": verdict(check),
        "deploy": check.order,
        "changes": changes.documents(check.changes),
        "breaks": [attributes(found, *_BREAK) for found in check.breaks],
        "hazards": [attributes(hazard, "rule", "danger", "path", "text", "fix") for hazard in check.hazards],
        "accepted": [{**attributes(h, "rule", "path"), "reason": reason} for h, reason in check.accepted],
    }

"""What `export` and `import` print about themselves, in each format."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import attrs

from tributary.printable import lines
from tributary.registry.apply.steps import Done, Step
from tributary.registry.render import text as texts
from tributary.registry.render.markdown import table
from tributary.registry.render.markup import code, line, plain
from tributary.registry.transfer.archive import Archive
from tributary.registry.transfer.differing import Difference
from tributary.registry.transfer.importing import ImportStopped

_SHOWN = 10
"""Steps that an early end left, in a text; the JSON has all."""


@attrs.frozen
class Imported:
    """What an import did, or would do."""

    file: str
    registry: str
    """Its URL."""
    difference: Difference
    steps: Sequence[Step]
    done: Sequence[Done] = ()
    stopped: ImportStopped | None = None
    dry_run: bool = False

    @property
    def ok(self) -> bool:
        """Whether all is as the archive has it, or could be made so."""
        return not self.difference.conflicts and self.stopped is None


# ---- export ----------------------------------------------------------------------------------


def exported(archive: Archive, registry: str, where: str) -> str:
    """How much was exported, and where to."""
    counts = _counts(archive)
    deleted = f" ({counts['soft_deleted']:,} of them soft-deleted)" if counts["soft_deleted"] else ""
    contexts = f" in {counts['contexts'] + 1:,} contexts" if counts["contexts"] else ""
    subjects, versions = _number(counts["subjects"], "subject"), _number(counts["versions"], "version")
    return f"{subjects}{contexts}, {versions}{deleted}: from {registry} to {where}"


def exported_document(archive: Archive, registry: str, where: str) -> dict[str, Any]:
    """`registry`, `file`, and how many `subjects`, `versions`, `soft_deleted` and `contexts` beside the default."""
    return {"registry": registry, "file": where, **_counts(archive)}


def exported_markdown(archive: Archive, registry: str, where: str) -> str:
    """A table of the counts."""
    rows = [(name.replace("_", "-"), f"{number:,}") for name, number in _counts(archive).items()]
    return "\n".join([f"### {registry} → {code(where)}", *table(("exported", "number"), rows)])


def _counts(archive: Archive) -> dict[str, int]:
    versions = [version for _, version in archive.versions()]
    return {
        "subjects": len(archive.subjects),
        "versions": len(versions),
        "soft_deleted": sum(version.deleted for version in versions),
        "contexts": len({name.split(":")[1] for name in archive.subjects if name.startswith(":")}),
    }


# ---- import ----------------------------------------------------------------------------------


def imported(result: Imported) -> str:
    """What stands in the way, or what would be done, or a summary of what was."""
    if result.difference.conflicts:
        return lines([*result.difference.conflicts, "", f"{_nothing(result)} It has other content than the export."])
    rows = [_line(step) for step in result.steps if result.dry_run or step.run is None]
    if result.stopped:
        rows += _stopped(result.stopped)
    return lines([*rows, _summary(result)])


def _nothing(result: Imported) -> str:
    return f"Nothing was written to {result.registry}."


def _line(step: Step) -> str:
    return texts.done(Done(step, step.text))


def _stopped(stopped: ImportStopped) -> list[str]:
    what = f"{stopped.failed.target}: {stopped.failed.text}: failed: " if stopped.failed else ""
    lines = [f"{what}{stopped.reason}", *(f"  not begun: {step.target}: {step.text}" for step in stopped.left[:_SHOWN])]
    more = len(stopped.left) - _SHOWN
    return [*lines, f"  and {more:,} more; --dry-run shows all"] if more > 0 else lines


def _summary(result: Imported) -> str:
    there = f"{_number(result.difference.unchanged, 'version')} there already"
    pending = sum(step.run is not None for step in result.steps)
    if result.dry_run:
        return f"{_number(pending, 'step')} to do, {there}. {_nothing(result)}"
    if result.stopped:
        return f"{_number(len(result.stopped.done), 'step')} of {pending:,} done; import again to carry on from here"
    return f"{_number(len(result.done), 'step')} done, {there}: {result.file} is in {result.registry}"


def imported_document(result: Imported) -> dict[str, Any]:
    """`ok`, `conflicts`, `steps` (kind create, change or explain), `done`, `reason` (of an early end), `not_begun`."""
    stopped = result.stopped
    return {
        "ok": result.ok,
        "file": result.file,
        "registry": result.registry,
        "dry_run": result.dry_run,
        "conflicts": list(result.difference.conflicts),
        "unchanged": result.difference.unchanged,
        "steps": [_step(step) for step in result.steps],
        "done": [_step(one.step) for one in (stopped.done if stopped else result.done)],
        "failed": _step(stopped.failed) if stopped and stopped.failed else None,
        "reason": stopped.reason if stopped else None,
        "not_begun": [_step(step) for step in stopped.left] if stopped else [],
    }


def _step(step: Step) -> dict[str, str]:
    return {"kind": step.kind, "target": step.target, "text": step.text}


def imported_markdown(result: Imported) -> str:
    """A table of the steps, or a list of what stands in the way."""
    lines = [f"### {'✅' if result.ok else '❌'} {code(result.file)} → {result.registry}"]
    if result.difference.conflicts:
        return "\n".join([*lines, "", *(f"- {line(one)}" for one in result.difference.conflicts), "", _nothing(result)])
    lines += table(("", "target", "step"), [(step.kind, code(step.target), plain(step.text)) for step in result.steps])
    stopped = _stopped(result.stopped) if result.stopped else []
    return "\n".join([*lines, "", *stopped, _summary(result)])


def _number(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"

"""`tributary import`: bring an exported document into a registry."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import attrs

from tributary import settings
from tributary.cli import exits
from tributary.cli.output import add_format, every_two_seconds, show
from tributary.destination import announce, file, registry, shown
from tributary.printable import lines
from tributary.registry.render import plans
from tributary.registry.render.markup import code, line
from tributary.registry.render.words import number
from tributary.registry.steps import Done, Incomplete, Step
from tributary.registry.transfer import archive, differing, exporting, importing
from tributary.registry.transfer.client import TransferClient
from tributary.registry.transfer.differing import Difference
from tributary.signals import stop_signal

_SHOWN = 10
"""Steps that an early end left, in a text; the JSON has all."""


@attrs.frozen
class _Imported:
    """What an import did, or would do."""

    file: str
    registry: str
    """Its URL."""
    difference: Difference
    steps: Sequence[Step]
    done: Sequence[Done] = ()
    stopped: Incomplete | None = None
    dry_run: bool = False

    @property
    def ok(self) -> bool:
        """Whether the registry holds the archive, or can."""
        return not self.difference.conflicts and self.stopped is None


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Its arguments."""
    command.description = (
        "Write an exported document to the registry at SCHEMA_REGISTRY_URL: versions with their numbers and ids, "
        "including soft-deleted ones, configurations and modes. What the registry already has is kept; if it conflicts "
        "with the document, nothing is written. After a failure, import again to continue."
    )
    add_format(command)
    command.add_argument("file", type=Path, metavar="FILE", help="a document that export wrote")
    command.add_argument("--dry-run", action="store_true", help="print the steps and write nothing")


def run(args: argparse.Namespace) -> int:
    """All checks, then all writes; 1 if the registry has other content or a write failed."""
    wanted = archive.load(args.file)
    loaded = settings.load()
    announce(registry(loaded), file("document", args.file))
    client = TransferClient.without_lock(loaded)
    there = exporting.export(client, every_two_seconds("subjects of the registry"))
    difference = differing.compare(wanted, there)
    job = importing.Import(wanted, difference, client)
    result = _Imported(shown(args.file), client.url, difference, job.steps, dry_run=args.dry_run)
    if result.ok and not args.dry_run:
        as_text = args.format == "text"
        with stop_signal() as stop:
            try:
                done = job.run(stop, lambda one: print(plans.done(one), flush=True) if as_text else None)
                result = attrs.evolve(result, done=done)
            except Incomplete as stopped:
                result = attrs.evolve(result, stopped=stopped)
    show(args.format, result, text=_text, json=_document, markdown=_markdown)
    return exits.passed(result.ok)


def _text(result: _Imported) -> str:
    """The conflicts, or the steps of a dry run, or a summary of what was done."""
    if result.difference.conflicts:
        return lines([*result.difference.conflicts, "", f"{_nothing(result)} It has other content than the export."])
    rows = [plans.step(step) for step in result.steps if result.dry_run or step.run is None]
    if result.stopped:
        rows += _stopped(result.stopped)
    return lines([*rows, _summary(result)])


def _nothing(result: _Imported) -> str:
    return f"Nothing was written to {result.registry}."


def _stopped(stopped: Incomplete) -> list[str]:
    lines = [
        plans.failure_line(stopped),
        *(f"  not begun: {step.target}: {step.text}" for step in stopped.left[:_SHOWN]),
    ]
    more = len(stopped.left) - _SHOWN
    return [*lines, f"  and {more:,} more; --dry-run shows all"] if more > 0 else lines


def _summary(result: _Imported) -> str:
    there = f"{number(result.difference.unchanged, 'version')} there already"
    pending = sum(step.run is not None for step in result.steps)
    if result.dry_run:
        return f"{number(pending, 'step')} to do, {there}. {_nothing(result)}"
    if result.stopped:
        return f"{number(len(result.stopped.done), 'step')} of {pending:,} done; import again to continue"
    return f"{number(len(result.done), 'step')} done, {there}: {result.file} is in {result.registry}"


def _document(result: _Imported) -> dict[str, Any]:
    """`ok`, `conflicts`, `steps` (kind create, change or explain), `done`, `reason` (of an early end), `not_begun`."""
    stopped = result.stopped
    return {
        "ok": result.ok,
        "file": result.file,
        "registry": result.registry,
        "dry_run": result.dry_run,
        "conflicts": list(result.difference.conflicts),
        "unchanged": result.difference.unchanged,
        "steps": plans.steps_document(result.steps),
        "done": plans.steps_document(one.step for one in (stopped.done if stopped else result.done)),
        "failed": plans.steps_document([stopped.failed])[0] if stopped and stopped.failed else None,
        "reason": stopped.reason if stopped else None,
        "not_begun": plans.steps_document(stopped.left) if stopped else [],
    }


def _markdown(result: _Imported) -> str:
    """A table of the steps, or a list of the conflicts."""
    lines = [f"### {'✅' if result.ok else '❌'} {code(result.file)} → {result.registry}"]
    if result.difference.conflicts:
        return "\n".join([*lines, "", *(f"- {line(one)}" for one in result.difference.conflicts), "", _nothing(result)])
    lines += plans.steps_table(result.steps, ("", "target", "step"))
    stopped = _stopped(result.stopped) if result.stopped else []
    return "\n".join([*lines, "", *stopped, _summary(result)])

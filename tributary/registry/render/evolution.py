"""What `evolve` prints, in each format: the verdict as `check` gives it, the files, and what to do next."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tributary.registry.evolve.evolve import Evolution
from tributary.registry.lint.engine import explain, known_rules
from tributary.registry.render import documents, markdown
from tributary.registry.render import text as plain
from tributary.registry.render.text import shown

NEXT = "make generate, then make check-schemas"


def text(made: Evolution, written: bool) -> str:
    """The verdict and what to mind; a diff where it is allowed and not written."""
    return "\n".join(_text(made, written))


def _text(made: Evolution, written: bool) -> Iterator[str]:
    if made.scope:
        yield made.scope
    if made.findings:
        yield plain.findings(made.findings)
        yield from (f"rule {rule}" for rule in _rules(made))
    if made.checks:
        yield plain.checks(made.checks)
    if not made.allowed:
        yield from (f"way around: {way}" for way in made.ways_around)
        yield "refused; nothing was written"
        return
    yield from (f"mind: {note}" for note in made.notes)
    if written:
        yield from (f"{shown(file.path)}: written" for file in made.files)
        yield f"next: {NEXT}"
    else:
        yield f"dry run; nothing was written\n\n{made.diff}".rstrip("\n")


def document(made: Evolution, written: bool) -> dict[str, Any]:
    """`allowed`, `written`, `files`, `scope`, `diff`, `notes`, `ways_around`, lint's `findings`, and what `check` has:
    `passed` and `subjects`."""
    return {
        "allowed": made.allowed,
        "written": written,
        "files": [shown(file.path) for file in made.files],
        "scope": made.scope,
        "diff": made.diff,
        "notes": list(made.notes),
        "ways_around": list(made.ways_around),
        "findings": documents.lint(len(made.files), made.findings)["findings"],
        **documents.checks(made.checks),
        "passed": made.allowed,
    }


def as_markdown(made: Evolution, written: bool) -> str:
    """The verdict as sections, then the diff."""
    outcome = "Written" if written else "Allowed, not written (dry run)" if made.allowed else "Refused, nothing written"
    parts = [f"**{outcome}**: {', '.join(f'`{shown(file.path)}`' for file in made.files)}"]
    if made.scope:
        parts.append(f"{made.scope}.")
    if made.findings:
        parts += [markdown.lint(len(made.files), made.findings), *_rules(made)]
    if made.checks:
        parts.append(markdown.checks(made.checks))
    parts += [f"Mind: {note}." for note in (made.notes if made.allowed else ())]
    parts += [f"Way around:\n\n```\n{way}\n```" for way in made.ways_around]
    return "\n\n".join([*parts, f"```diff\n{made.diff}```"])


def _rules(made: Evolution) -> list[str]:
    """What the rules that found something ask, and why."""
    rules = dict.fromkeys(finding.rule for finding in made.findings)
    return [f"{rule}: {' '.join(explain(rule).split())}" for rule in rules if rule in known_rules()]

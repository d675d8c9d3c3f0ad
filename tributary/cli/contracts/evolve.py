"""`tributary evolve`: write the next compatible version of a contract."""

from __future__ import annotations

import argparse
import json
import shlex
from collections.abc import Iterator
from typing import Any

from tributary import catalog, settings
from tributary.cli import exits
from tributary.cli.output import add_format, show
from tributary.destination import announce, file, project, shown
from tributary.registry.check.baseline import baseline
from tributary.registry.check.history import find_topic
from tributary.registry.evolve import edits, evolve
from tributary.registry.evolve.edits import Edit
from tributary.registry.evolve.evolve import Evolution
from tributary.registry.lint.engine import explain, known_rules
from tributary.registry.render import checks, findings
from tributary.registry.render.words import number


def add_arguments(command: argparse.ArgumentParser) -> None:
    """The topic and the edits."""
    add_format(command)
    command.add_argument("--dry-run", action="store_true", help=_DRY_RUN)
    command.add_argument("topic", metavar="TOPIC", help="a topic's name in the catalogue, for example product-events")
    commands = command.add_subparsers(dest="edit", metavar="EDIT", required=True)

    def add(name: str, text: str, /, **arguments: str) -> argparse.ArgumentParser:
        description = f"{text[0].upper()}{text[1:]}. {_SHARED}"
        edit = commands.add_parser(name, help=text, description=description, epilog=command.epilog)
        # Given before the topic or after the edit: the latter changes the former only if it is given.
        add_format(edit, default=argparse.SUPPRESS)
        edit.add_argument("--dry-run", action="store_true", default=argparse.SUPPRESS, help=_DRY_RUN)
        for argument, words in arguments.items():
            edit.add_argument(argument, metavar=argument.upper(), help=words)
        return edit

    field = add("add-field", "add a field at the end", path="the field's name; items[].colour for one in a record")
    field.add_argument("type", metavar="TYPE", type=_type, help="an Avro type: string, or JSON for one with attributes")
    field.add_argument("--optional", action="store_true", help="the field may be null, and null is its default")
    field.add_argument(
        "--default",
        metavar="JSON",
        type=_parsed,
        default=argparse.SUPPRESS,  # null is a default, too
        help='the value for data without the field, for example 0 or "none" (with the quotes); default: none',
    )
    field.add_argument(
        "--attribute",
        metavar="NAME=JSON",
        type=_attribute,
        action="append",
        default=[],
        help='an attribute of the field, for example minimum=0 or pii="pseudonym"; repeatable',
    )
    field.add_argument("--doc", required=True, help="what the field means")
    renamed = add("rename", "rename a field; the old name stays as an alias", path=_FIELD, new="its new name")
    renamed.add_argument(
        "--prepare",
        action="store_true",
        help="the preceding step: only make readers accept the new name, so that their consumers survive the rename",
    )
    deprecated = add("deprecate", "mark a field as deprecated in its doc", path=_FIELD)
    deprecated.add_argument("--doc", required=True, help="why, or what to use instead")
    wider = "the wider type: long, float, double, string or bytes"
    add("widen", "give a field a wider type, by Avro's promotions", path=_FIELD, type=wider)
    add("add-symbol", "add a symbol to an enum", name="the enum, or a field that holds it", symbol="the new symbol")


_FIELD = "the field: region, or items[].quantity (items.quantity for short)"
_DRY_RUN = "print the unified diff and write nothing"
_SHARED = (
    "Nothing is written if a compatibility level or a lint rule forbids it. What several contracts share is edited in "
    "all of them or in none."
)


def run(args: argparse.Namespace) -> int:
    """Make the edit, or print why not and change nothing; 1 if it is refused, 2 if it is impossible."""
    loaded = settings.load()
    contracts = catalog.load(loaded)
    announce(project(loaded), file("contracts", loaded.project.contracts.parent), file("lock", loaded.lock_path))
    topic = find_topic(args.topic, contracts.topics)
    made = evolve.evolve(contracts, baseline("lock", loaded, contracts.topics), topic, _edit(args), loaded.project)
    written = made.allowed and not args.dry_run
    if written:
        try:
            evolve.write(made)
        except OSError as error:
            return exits.report(f"{error}; nothing was written")
    show(args.format, made, written, text=_text, json=_document, markdown=_markdown)
    return exits.passed(made.allowed)


def _edit(args: argparse.Namespace) -> Edit:
    match args.edit:
        case "add-field":
            default = {"default": args.default} if "default" in args else {}
            attributes = dict(args.attribute)
            return edits.AddField(args.path, args.type, args.doc, args.optional, attributes=attributes, **default)
        case "rename":
            return edits.Rename(args.path, args.new, args.prepare)
        case "deprecate":
            return edits.Deprecate(args.path, args.doc)
        case "widen":
            return edits.Widen(args.path, args.type)
        case _:
            return edits.AddSymbol(args.name, args.symbol)


def _type(text: str) -> Any:
    return _parsed(text) if text.startswith(("{", "[", '"')) else text


def _attribute(text: str) -> tuple[str, Any]:
    name, equals, value = text.partition("=")
    if not (name and equals):
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=JSON")
    return name, _parsed(value)


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        quoted = shlex.quote(json.dumps(text, ensure_ascii=False))
        raise argparse.ArgumentTypeError(f"{text!r} is not JSON ({error}); for a string, write {quoted}") from error


_NEXT = "tributary generate, then tributary check"


def _text(made: Evolution, written: bool) -> str:
    """The verdict and what to mind; a diff where it is allowed and not written."""
    return "\n".join(_lines(made, written))


def _lines(made: Evolution, written: bool) -> Iterator[str]:
    if made.scope:
        yield made.scope
    if made.findings:
        yield findings.text(made.findings)
        yield from (f"rule {rule}" for rule in _rules(made))
    if made.checks:
        yield checks.text(made.checks)
    if not made.allowed:
        yield from (f"alternative: {way}" for way in made.ways_around)
        yield "refused; nothing was written"
        return
    yield from (f"note: {note}" for note in made.notes)
    if written:
        yield from (f"{shown(file.path)}: written" for file in made.files)
        yield f"next: {_NEXT}"
    else:
        yield f"dry run; nothing was written\n\n{made.diff}".rstrip("\n")


def _document(made: Evolution, written: bool) -> dict[str, Any]:
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
        "findings": [findings.document(finding) for finding in made.findings],
        **checks.document(made.checks),
        "passed": made.allowed,
    }


def _markdown(made: Evolution, written: bool) -> str:
    """The verdict as sections, then the diff."""
    outcome = "Written" if written else "Allowed, not written (dry run)" if made.allowed else "Refused, nothing written"
    parts = [f"**{outcome}**: {', '.join(f'`{shown(file.path)}`' for file in made.files)}"]
    if made.scope:
        parts.append(f"{made.scope}.")
    if made.findings:
        parts += [_found(made), *_rules(made)]
    if made.checks:
        parts.append(checks.markdown(made.checks))
    parts += [f"Note: {note}." for note in (made.notes if made.allowed else ())]
    parts += [f"Alternative:\n\n```\n{way}\n```" for way in made.ways_around]
    return "\n\n".join([*parts, f"```diff\n{made.diff}```"])


def _found(made: Evolution) -> str:
    summary = f"{number(len(made.files), 'contract')}, {number(len(made.findings), 'finding')}"
    return "\n".join([f"**{summary}**", *findings.markdown(made.findings)])


def _rules(made: Evolution) -> list[str]:
    """The rules that found something, with their reasons."""
    rules = dict.fromkeys(finding.rule for finding in made.findings)
    return [f"{rule}: {' '.join(explain(rule).split())}" for rule in rules if rule in known_rules()]

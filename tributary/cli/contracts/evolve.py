"""`tributary evolve`: write the next compatible version of a contract."""

from __future__ import annotations

import argparse
import json
import shlex
from typing import Any

from tributary import catalog, settings
from tributary.cli import exits
from tributary.cli.output import add_format, show
from tributary.destination import announce, file
from tributary.registry.check.baseline import baseline
from tributary.registry.check.history import find_topic
from tributary.registry.evolve import edits, evolve
from tributary.registry.evolve.edits import Edit
from tributary.registry.render import evolution


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

    field = add("add-field", "add a field, as the last", path="the field's name; items[].colour for one in a record")
    field.add_argument("type", metavar="TYPE", type=_type, help="an Avro type: string, or JSON for one with attributes")
    field.add_argument("--optional", action="store_true", help="null where there is none, and by default")
    field.add_argument(
        "--default",
        metavar="JSON",
        type=_parsed,
        default=argparse.SUPPRESS,  # null is a default, too
        help='what data without the field reads as, for example 0 or "none" (with the quotes); default: none',
    )
    field.add_argument(
        "--attribute",
        metavar="NAME=JSON",
        type=_attribute,
        action="append",
        default=[],
        help='an attribute that Avro carries along, for example minimum=0 or pii="pseudonym"; may be repeated',
    )
    field.add_argument("--doc", required=True, help="what the field means")
    renamed = add("rename", "rename a field; the earlier name stays as an alias", path=_FIELD, new="its new name")
    renamed.add_argument(
        "--prepare",
        action="store_true",
        help="the step before: only let readers accept the new name, so that consumers on that version survive it",
    )
    deprecated = add("deprecate", "say in a field's doc that it is deprecated", path=_FIELD)
    deprecated.add_argument("--doc", required=True, help="why, or what to use instead")
    wider = "the wider type: long, float, double, string or bytes"
    add("widen", "give a field a wider type, by Avro's promotions", path=_FIELD, type=wider)
    add("add-symbol", "add a symbol to an enum", name="the enum, or a field that holds it", symbol="the new symbol")


_FIELD = "the field: region, or items[].quantity (items.quantity for short)"
_DRY_RUN = "print the unified diff and write nothing"
_SHARED = (
    "Nothing is written where a level or a lint rule forbids it. What several contracts have in common is edited in "
    "each, all or none."
)


def run(args: argparse.Namespace) -> int:
    """Make the edit, or say why not and leave the files alone; 1 if it is refused, 2 if it cannot be made."""
    loaded = settings.load()
    contracts = catalog.load(loaded)
    announce(file("contracts", loaded.project.contracts.parent), file("lock", loaded.lock_path))
    topic = find_topic(args.topic, contracts.topics)
    made = evolve.evolve(contracts, baseline("lock", loaded, contracts.topics), topic, _edit(args), loaded.project)
    written = made.allowed and not args.dry_run
    if written:
        try:
            evolve.write(made)
        except OSError as error:
            return exits.report(f"{error}; nothing was written")
    show(args.format, made, written, text=evolution.text, json=evolution.document, markdown=evolution.as_markdown)
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
        raise argparse.ArgumentTypeError(f"{text!r} is not JSON ({error}); if it is text, write {quoted}") from error

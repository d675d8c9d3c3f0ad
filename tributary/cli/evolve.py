"""`python -m registry evolve`: its arguments, and what it prints."""

from __future__ import annotations

import argparse
import json
import shlex
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from tributary.printable import paragraphs, printable

if TYPE_CHECKING:
    from tributary.registry.evolve.edits import Edit

FINDINGS, USAGE = 1, 2


def add_arguments(command: argparse.ArgumentParser, formats: Sequence[str]) -> None:
    """Describe the edits; nothing heavy is imported."""
    _add_options(command, formats, default=formats[0])
    command.add_argument("topic", metavar="TOPIC", help="a topic's name in the catalogue, for example product-events")
    edits = command.add_subparsers(dest="edit", metavar="EDIT", required=True)

    def add(name: str, text: str, /, **arguments: str) -> argparse.ArgumentParser:
        description = f"{text[0].upper()}{text[1:]}. {_SHARED}"
        edit = edits.add_parser(name, help=text, description=description, epilog=command.epilog)
        _add_options(edit, formats, default=argparse.SUPPRESS)
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
_SHARED = (
    "Nothing is written where a level or a lint rule forbids it. What several contracts have in common is edited in "
    "each, all or none."
)


def _add_options(command: argparse.ArgumentParser, formats: Sequence[str], default: str) -> None:
    """Options that may stand before the topic as well as after the edit; there, they are set only if given."""
    command.add_argument("--format", choices=formats, default=default, help=f"how to print it (default: {formats[0]})")
    command.add_argument(
        "--dry-run",
        action="store_true",
        default=False if default != argparse.SUPPRESS else default,
        help="print the unified diff and write nothing",
    )


def run(args: argparse.Namespace) -> int:
    """Make the edit, or say why not and leave the files alone; 1 if it is refused, 2 if it cannot be made."""
    from tributary import catalog, settings
    from tributary.destination import announce, file
    from tributary.registry.check.baseline import baseline
    from tributary.registry.check.history import find_topic
    from tributary.registry.evolve import evolve
    from tributary.registry.render import evolution

    loaded = settings.load()
    contracts = catalog.load(loaded)
    announce(file("contracts", catalog.CATALOG.parent), file("lock", loaded.lock_path))
    topic = find_topic(args.topic, contracts.topics)
    try:
        made = evolve.evolve(contracts, baseline("lock", loaded, contracts.topics), topic, _edit(args))
        if written := made.allowed and not args.dry_run:
            evolve.write(made)
    except evolve.EvolveError as error:
        print(printable(f"error: {error}"), file=sys.stderr)
        return USAGE
    except OSError as error:
        print(printable(f"error: {error}; nothing was written"), file=sys.stderr)
        return FINDINGS
    match args.format:
        case "json":
            print(paragraphs(json.dumps(evolution.document(made, written=written), indent=2, ensure_ascii=False)))
        case "markdown":
            print(paragraphs(evolution.as_markdown(made, written=written)))
        case _:
            print(paragraphs(evolution.text(made, written=written)))
    return 0 if made.allowed else FINDINGS


def _edit(args: argparse.Namespace) -> Edit:
    from tributary.registry.evolve import edits

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

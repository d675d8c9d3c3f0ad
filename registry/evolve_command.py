"""`python -m registry evolve`: its arguments, and what it prints."""

from __future__ import annotations

import argparse
import json
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from registry.evolve import Edit


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Describe the edits; nothing heavy is imported."""
    command.add_argument("topic", metavar="TOPIC", help="the topic's name in the catalogue, for example product-events")
    edits = command.add_subparsers(dest="edit", metavar="EDIT", required=True)

    def add(name: str, text: str, /, **arguments: str) -> argparse.ArgumentParser:
        edit = edits.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".")
        for argument, words in arguments.items():
            edit.add_argument(argument, metavar=argument.upper(), help=words)
        return edit

    field = add("add-field", "add a field, as the last", name="the field's name")
    field.add_argument("type", metavar="TYPE", type=_type, help="an Avro type: string, or JSON for one with attributes")
    field.add_argument("--optional", action="store_true", help="null where there is none, and by default")
    field.add_argument("--doc", required=True, help="what the field means")
    add("rename", "rename a field; the earlier name stays as an alias", old="its name now", new="its new name")
    deprecated = add("deprecate", "say in a field's doc that it is deprecated", name="the field's name")
    deprecated.add_argument("--doc", required=True, help="why, or what to use instead")
    add("widen", "give a field a wider type", name="the field's name", type="the wider type, for example long")
    add("add-symbol", "add a symbol to an enum", name="the enum, or its field", symbol="the new symbol")


def run(args: argparse.Namespace) -> int:
    """Make the edit, or say why not and leave the file alone; 1 if it was refused."""
    import settings
    from registry.baseline import baseline
    from registry.evolve import EvolveError, evolve
    from schemas import catalog

    loaded = settings.load()
    topic = catalog.load(loaded).topic(args.topic)
    edit, way_around = _edit(args)
    try:
        checked = evolve(topic, baseline("lock", loaded, [topic])[topic.subject], edit, way_around)
    except EvolveError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(f"{topic.path}: changed; {checked.level} allows it")
    for change in checked.changes:
        print(f"  {change.path or topic.event}: {change.text}")
    for hazard in checked.hazards:
        print(f"  mind: {hazard.path or topic.event}: {hazard.text}")
    if args.edit == "rename" and checked.level.startswith(("FORWARD", "FULL")):
        print(f"  mind: consumers on an older version read {args.old}'s default instead of what is written from now on")
        print(way_around)
    print(f"deploy: {checked.order}\nnext: make generate, then make check-schemas")
    return 0


def _edit(args: argparse.Namespace) -> tuple[Edit, str]:
    """The edit, and the way around if the level forbids it."""
    from registry import evolve

    again = f"python -m registry evolve {args.topic}"
    match args.edit:
        case "add-field":
            edit = evolve.add_field(args.name, args.type, optional=args.optional, doc=args.doc)
            return edit, "way around: make it --optional, so that there is a value where nobody wrote one"
        case "rename":
            return evolve.rename(args.old, args.new), (
                "way around, in two steps: an alias helps new readers only, so first add the new name beside the old:\n"
                f"  {again} add-field {args.new} TYPE --optional --doc …   (producers then write both)\n"
                f'  {again} deprecate {args.old} --doc "Use {args.new}."   (once every consumer reads {args.new})'
            )
        case "deprecate":
            return evolve.deprecate(args.name, args.doc), "way around: none is needed; the contract broke before"
        case "widen":
            return evolve.widen(args.name, args.type), (
                "way around: add a field of the wider type, write both, and deprecate this one when all have moved:\n"
                f"  {again} add-field {args.name}_{args.type} {args.type} --optional --doc …"
            )
        case _:
            return evolve.add_symbol(args.name, args.symbol), (
                "way around: give the enum itself a default, which readers take for a symbol they do not know;\n"
                "deploy that to every consumer, then add the symbol"
            )


def _type(text: str) -> Any:
    try:
        return json.loads(text) if text.startswith(("{", "[", '"')) else text
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"not JSON: {error}") from error

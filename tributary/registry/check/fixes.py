"""Fixes: for each kind of incompatibility, the text to paste into the contract."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from tributary.avro.resolution import promotes
from tributary.registry.contract.diff import branches
from tributary.registry.contract.walk import definitions, fields

if TYPE_CHECKING:
    from tributary.registry.compatibility import Incompatibility

BACKWARD, FORWARD = "backward", "forward"
"""The candidate reads what a version wrote; a version reads what the candidate writes."""


_FIELD_OF = re.compile(r"(\[\]|\{\})+$")
"""The end of a path inside the field's array or map."""


def fix(found: Incompatibility, direction: str, candidate: Any, version: Any) -> str:
    """A change to the contract that avoids the incompatibility: a sentence, and the text to paste.

    `candidate` and `version` are the parsed schemas, the contract's and the registered one's.
    """
    if found.causes:  # a branch of a union: the cause is inside it
        return "\n".join(dict.fromkeys(fix(cause, direction, candidate, version) for cause in found.causes))
    if "multiple fields" in found.message:
        name = found.message.removeprefix("Reader record field ").partition(" ")[0]
        return f"keep only one name or alias of {name} that was written; now two of the written fields match"
    reader = candidate if direction == BACKWARD else version
    path = _FIELD_OF.sub("", found.path)
    ours, theirs = _field(candidate, path), _field(version, path)
    match found.rule:
        case "READER_FIELD_MISSING_DEFAULT_VALUE" if direction == BACKWARD and ours:
            return _needs_default(ours)
        case "TYPE_MISMATCH" if direction == BACKWARD and ours and not theirs:
            return f"the enum's default is for symbols, not for a missing field; {_needs_default(ours)}"
        case "READER_FIELD_MISSING_DEFAULT_VALUE" if theirs and (renamed := _renamed(candidate, path)):
            beside = _paste(optional({key: value for key, value in renamed.items() if key != "aliases"}))
            return f"keep the old name: {_paste(theirs)}\n  and add the new one next to it, filling both: {beside}"
        case "READER_FIELD_MISSING_DEFAULT_VALUE" if theirs:
            return f"restore the field for consumers that need it: {_paste(theirs)}"
        case "TYPE_MISMATCH" | "MISSING_UNION_BRANCH" if ours and theirs:
            kept = f"keep the type: {_paste(_kept(ours, theirs))}"
            new = _new_branch(ours, theirs)
            if new is None or _names(new) & _names(theirs["type"]):  # no name can be defined a second time
                return kept
            return f"{kept}\n  and add the new one next to it: {_paste(_beside(ours, new))}"
        case "MISSING_ENUM_SYMBOLS" if direction == BACKWARD:
            return f'keep the symbols that were written: "symbols": {_paste(_all_symbols(found, candidate, version))}'
        case "MISSING_ENUM_SYMBOLS":
            return _new_symbols(ours)
        case "NAME_MISMATCH" if direction == BACKWARD:
            written = found.message.removeprefix("expected: ")
            return f'keep the name {written}, or give the new one an alias: "aliases": [{_paste(written)}]'
        case "NAME_MISMATCH":
            kept = next((d.name for d in definitions(reader) if d.path == found.path), found.reader)
            return f"keep the name {kept}: consumers on an older version know only this one"
        case "FIXED_SIZE_MISMATCH":
            return "keep the size; a fixed type of another size needs another name and a field of its own"
    return "revert the change, and add the new content as an optional field"


def optional(field: dict[str, Any]) -> dict[str, Any]:
    """The field as an optional one: null first, default null."""
    rest = {key: value for key, value in field.items() if key not in ("name", "type", "default")}
    others = [branch for branch in branches(field["type"]) if branch != "null"]
    return {"name": field["name"], "type": ["null", *others], "default": None, **rest}


def fitting(field: dict[str, Any]) -> dict[str, Any]:
    """The field without limits that do not fit its type (lint's rule `ranges`)."""
    kinds = {_kind(branch) for branch in branches(field["type"])} - {"null"}
    wrong = [] if kinds <= {"int", "long", "float", "double"} else ["minimum", "maximum"]
    if kinds != {"string"}:
        wrong.append("pattern")
    return {key: value for key, value in field.items() if key not in wrong}


_EXAMPLES: dict[str, Any] = {
    "string": "",
    "bytes": "",
    "int": 0,
    "long": 0,
    "float": 0.0,
    "double": 0.0,
    "boolean": False,
    "null": None,
    "array": [],
    "map": {},
}


def _with_default(field: dict[str, Any]) -> dict[str, Any]:
    kind = branches(field["type"])[0]
    while isinstance(kind, dict) and kind.get("type") not in _EXAMPLES and kind.get("type") != "enum":
        if kind.get("type") in ("record", "fixed"):
            return {**field, "default": "…"}
        kind = kind.get("type")
    if isinstance(kind, dict):
        symbols = kind.get("symbols")
        return {**field, "default": symbols[0] if symbols else _EXAMPLES[kind["type"]]}
    return {**field, "default": _EXAMPLES.get(kind, "…")}


def _kept(ours: dict[str, Any], theirs: dict[str, Any]) -> dict[str, Any]:
    """The registered field, with the contract's doc."""
    return {**theirs, "doc": ours["doc"]} if "doc" in ours else theirs


def _renamed(candidate: Any, path: str) -> dict[str, Any] | None:
    """The contract's field that has the path's last name as an alias, in the same record."""
    place, _, name = path.rpartition(".")
    found = (f for f in fields(candidate) if f.path.rpartition(".")[0] == place)
    return next((f.spec for f in found if name in f.spec.get("aliases", ())), None)


def _needs_default(field: dict[str, Any]) -> str:
    text = f"make it optional: {_paste(optional(field))}"
    if "null" in branches(field["type"]):
        return text
    return f"{text}\n  or give it a default: {_paste(_with_default(field))}"


def _new_branch(ours: dict[str, Any], theirs: dict[str, Any]) -> Any:
    """The type in the contract's field that the registered one cannot hold; None if it can hold every type."""
    known = branches(theirs["type"])
    unknown = [kind for kind in branches(ours["type"]) if kind not in known and _kind(kind) != "null"]
    return next((kind for kind in unknown if not any(promotes(_kind(kind), _kind(one)) for one in known)), None)


def _names(schema: Any) -> set[str]:
    return {definition.name for definition in definitions(schema)}


def _beside(ours: dict[str, Any], new: Any) -> dict[str, Any]:
    """An optional field for the new type, with the type in its name."""
    return fitting(optional({**ours, "name": f"{ours['name']}_{_suffix(new)}", "type": new}))


def _suffix(kind: Any) -> str:
    """A word for a type that can be part of a field's name."""
    if not isinstance(kind, dict):
        return str(kind).rpartition(".")[2].lower()
    inner = kind.get("items", kind.get("values"))
    if inner is not None:
        return _suffix(branches(inner)[-1])
    return str(kind.get("logicalType", kind.get("name", kind["type"]))).rpartition(".")[2].lower().replace("-", "_")


def _kind(schema: Any) -> str:
    return str(schema.get("type") if isinstance(schema, dict) else schema)


def _all_symbols(found: Incompatibility, candidate: Any, version: Any) -> list[str]:
    """The candidate's symbols, and those of the version that it lacks."""
    name = found.reader.removeprefix("enum ")
    ours, theirs = _enum_symbols(candidate, name), _enum_symbols(version, name)
    return [*ours, *(symbol for symbol in theirs if symbol not in ours)]


def _enum_symbols(schema: Any, name: str) -> list[str]:
    return next(
        (definition.spec["symbols"] for definition in definitions(schema) if definition.spec["name"] == name), []
    )


def _new_symbols(ours: dict[str, Any] | None) -> str:
    first = "remove the new symbols: the enum of an older version has no default for unknown symbols"
    if ours is None:
        return first
    text = optional({**ours, "name": f"{ours['name']}_text", "type": "string"})
    return f"{first}\n  and put them in a field of their own: {_paste(text)}"


def _paste(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _field(schema: Any, path: str) -> dict[str, Any] | None:
    return next((field.spec for field in fields(schema) if field.path == path), None)

"""Read the attributes of a type or field from its JSON, with the checks of Avro's Java library."""

from __future__ import annotations

import re
import unicodedata

from tributary.avro.jackson import show
from tributary.avro.schema import Json, Name, SchemaError

_ASCII_NAME = re.compile("[A-Za-z_][A-Za-z0-9_]*")
_MAX_FIXED_SIZE = 2**31 - 1 - 8


def others(node: dict[str, Json], reserved: frozenset[str]) -> dict[str, Json]:
    """The attributes that Avro does not define."""
    return {key: value for key, value in node.items() if key not in reserved}


def text(node: dict[str, Json], key: str) -> str | None:
    """A string attribute; None if it is missing or not a string."""
    value = node.get(key)
    return value if isinstance(value, str) else None


def required_text(node: dict[str, Json], key: str, error: str) -> str:
    """A string attribute. Raises SchemaError with this message if there is none."""
    value = text(node, key)
    if value is None:
        raise SchemaError(f"{error}: {show(node)}")
    return value


def name(written: str, space: str | None) -> Name:
    """The name of a type. Raises SchemaError if it is not legal."""
    name = Name.of(written, space)
    check_name(name.name, "name")
    return name


def aliases(node: dict[str, Json]) -> list[str]:
    """The aliases, as written."""
    found = node.get("aliases", [])
    if not isinstance(found, list) or not all(isinstance(alias, str) for alias in found):
        raise SchemaError(f"aliases must be a list of strings, got {show(found)}")
    return found


def symbols(node: dict[str, Json], name: str) -> tuple[tuple[str, ...], str | None]:
    """The symbols of an enum, and its default."""
    found = node.get("symbols")
    if not isinstance(found, list):
        raise SchemaError(f"enum {name} has no list of symbols")
    for symbol in found:
        check_name(symbol, f"symbol of enum {name}")
    known = set(found)
    if len(known) < len(found):
        twice = next(symbol for position, symbol in enumerate(found) if symbol in found[:position])
        raise SchemaError(f"enum {name} has the symbol {twice} twice")
    default = text(node, "default")
    if default is not None and default not in known:
        raise SchemaError(f"the default {show(default)} of enum {name} is not one of its symbols")
    return tuple(found), default


def size(node: dict[str, Json], name: str) -> int:
    """The size of a fixed type, in bytes."""
    found = node.get("size")
    if not isinstance(found, int) or isinstance(found, bool) or not 0 <= found <= _MAX_FIXED_SIZE:
        raise SchemaError(f"fixed {name} needs a size from 0 to {_MAX_FIXED_SIZE}, got {show(found)}")
    return found


def number(written: str, what: str) -> float:
    """A number written as a string."""
    try:
        return float(written)
    except ValueError:
        raise SchemaError(f"{what} is not a number: {show(written)}") from None


def check_name(name: Json, what: str) -> str:
    """Return the name if Avro allows it (letters of any language, digits, _); raises SchemaError if not."""
    if not isinstance(name, str) or not name:
        raise SchemaError(f"{what} must be a string that is not empty, got {show(name)}")
    if _ASCII_NAME.fullmatch(name):
        return name
    for position, char in enumerate(name):
        category = unicodedata.category(char) if ord(char) < 0x10000 else "So"
        if not (char == "_" or category[0] == "L" or (category == "Nd" and position)):
            raise SchemaError(f"{what} {show(name)} has an illegal character {char!r} at position {position}")
    return name

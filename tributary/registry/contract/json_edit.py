"""A JSON text with its author's layout: the place of each value, and edits that change one value alone."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import attrs

_TOKEN = re.compile(r'\s*("(?:[^"\\]|\\.)*"|[][{}:,]|[^][{}:,\s"]+)')
_CLOSING = {"{": "}", "[": "]"}


@attrs.frozen
class Place:
    """The offsets of a value in a text."""

    begin: int
    """Where the value begins, or its key if it has one."""
    value: int
    """Where the value itself begins."""
    end: int


def locate(text: str) -> dict[str, Place]:
    """The place of each value of a JSON text, by its pointer (RFC 6901). Raises ValueError if it is not JSON."""
    json.loads(text)
    found: dict[str, Place] = {}
    tokens = list(_TOKEN.finditer(text))
    at = 0

    def visit(pointer: str, begin: int) -> None:
        nonlocal at
        opening = tokens[at]
        at += 1
        if opening[1] in _CLOSING:
            position = 0
            while tokens[at][1] != _CLOSING[opening[1]]:
                if tokens[at][1] == ",":
                    at += 1
                key, start = str(position), tokens[at].start(1)
                if opening[1] == "{":
                    key = json.loads(tokens[at][1])
                    at += 2
                visit(_child(pointer, key), start)
                position += 1
            at += 1
        found[pointer] = Place(begin, opening.start(1), tokens[at - 1].end(1))

    visit("", tokens[0].start(1))
    return found


def lines(text: str) -> dict[str, int]:
    """Where each value of a JSON text begins: its pointer → line, from 1. Raises ValueError if it is not JSON."""
    return {pointer: text.count("\n", 0, place.value) + 1 for pointer, place in locate(text).items()}


def _child(pointer: str, key: object) -> str:
    return f"{pointer}/{str(key).replace('~', '~0').replace('/', '~1')}"


def rewrite(text: str, pointer: str, value: Any) -> str:
    """The text with `value` at the pointer; what it says elsewhere, and what stays of the value, keeps its layout.

    What is added at the end of an object or an array is laid out as its neighbour. Raises ValueError if the text is
    not JSON, KeyError if it has nothing at the pointer.
    """
    places = locate(text)
    place = places[pointer]
    before = json.loads(text[place.value : place.end])
    for start, end, written in reversed(list(_edits(text, places, pointer, before, value))):
        text = text[:start] + written + text[end:]
    return text


def _edits(text: str, places: dict[str, Place], pointer: str, old: Any, new: Any) -> Iterator[tuple[int, int, str]]:
    """What to replace, in the order of the text: start, end and the text to put there."""
    if _dump(old) == _dump(new):
        return
    if not _grown(old, new):
        yield places[pointer].value, places[pointer].end, _dump(new)
        return
    before, after = _items(old), _items(new)
    for (key, was), (_, now) in zip(before, after, strict=False):
        yield from _edits(text, places, _child(pointer, key), was, now)
    if added := after[len(before) :]:
        yield _appended(text, places[pointer], [places[_child(pointer, key)] for key, _ in before], added)


def _items(container: Any) -> list[tuple[str | int, Any]]:
    return list(container.items() if isinstance(container, dict) else enumerate(container))


def _grown(old: Any, new: Any) -> bool:
    """Whether `new` has what `old` has, in the same order, and perhaps more after it."""
    if isinstance(old, dict) and isinstance(new, dict):
        return list(new)[: len(old)] == list(old)
    return isinstance(old, list) and isinstance(new, list) and len(new) >= len(old)


def _appended(
    text: str, container: Place, inside: list[Place], added: list[tuple[str | int, Any]]
) -> tuple[int, int, str]:
    if not inside:
        items = [f"{_dump(key)}: {_dump(value)}" if isinstance(key, str) else _dump(value) for key, value in added]
        return container.value + 1, container.end - 1, ", ".join(items)
    last = inside[-1]
    if len(inside) > 1:
        separator = text[inside[-2].end : last.begin]
    else:
        lead = text[container.value + 1 : last.begin]
        separator = f",{lead}" if "\n" in lead else ", "
    return last.end, last.end, "".join(separator + _like(text, last, key, value) for key, value in added)


def _like(text: str, neighbour: Place, key: str | int, value: Any) -> str:
    """A value, with its key if it has one, as its neighbour is written: on one line, or an object's members each on
    their own."""
    if isinstance(key, str):
        key_token = _TOKEN.match(text, neighbour.begin)
        colon = text[key_token.end() : neighbour.value] if key_token else ": "
        return f"{_dump(key)}{colon}{_dump(value)}"
    beside = text[neighbour.value : neighbour.end]
    lead, trail = re.match(r'\{(\s*\n\s*)(?=")', beside), re.search(r"\s*\}$", beside)
    if not (lead and trail and isinstance(value, dict) and value):
        return _dump(value)
    return "{" + ",".join(f"{lead[1]}{_dump(name)}: {_dump(inner)}" for name, inner in value.items()) + trail[0]


def _dump(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)

"""Write the next version of a contract for its author: one edit, only where its compatibility level allows it."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import attrs

from registry import compatibility, lock
from registry.check import SubjectCheck, check_subject
from schemas.catalog import Topic

Field = dict[str, Any]
Edit = Callable[[list[Field]], list[Field]]


class EvolveError(ValueError):
    """The edit cannot be made or is forbidden; the message says why, and the way around."""


def add_field(name: str, avro_type: Any, *, optional: bool, doc: str) -> Edit:
    """A new last field; an optional one is null by default."""

    def edit(fields: list[Field]) -> list[Field]:
        if any(field["name"] == name for field in fields):
            raise EvolveError(f"field {name!r} exists already")
        kind = {"type": ["null", avro_type], "default": None} if optional else {"type": avro_type}
        return [*fields, {"name": name, **kind, "doc": doc}]

    return edit


def rename(old: str, new: str) -> Edit:
    """Another name; the earlier one stays as an alias, so that new readers find it in old data."""

    def edit(fields: list[Field]) -> list[Field]:
        if any(field["name"] == new for field in fields):
            raise EvolveError(f"field {new!r} exists already")
        return _replace(fields, old, lambda f: {**f, "name": new, "aliases": [*f.get("aliases", ()), old]})

    return edit


def deprecate(name: str, doc: str) -> Edit:
    """Say in the field's doc that it should no longer be used, and what to use instead."""
    words = f"Deprecated: {doc}"
    return lambda fields: _replace(fields, name, lambda f: {**f, "doc": f"{words} {f.get('doc', '')}".strip()})


def widen(name: str, avro_type: str) -> Edit:
    """A wider type, for example long for int; a nullable field stays nullable."""
    return lambda fields: _replace(fields, name, lambda f: {**f, "type": _widened(f["type"], avro_type)})


def add_symbol(name: str, symbol: str) -> Edit:
    """One more symbol, the last, of an enum that is named by its own name or by its field's."""

    def edit(fields: list[Field]) -> list[Field]:
        owner = next((f for f in fields if (e := _enum(f["type"])) and name in (f["name"], e["name"])), None)
        enum = _enum(owner["type"]) if owner else None
        if owner is None or enum is None:
            raise EvolveError(f"no enum and no field with an enum is named {name!r}")
        if symbol in enum["symbols"]:
            raise EvolveError(f"enum {enum['name']} has the symbol {symbol} already")
        kind, longer = owner["type"], {**enum, "symbols": [*enum["symbols"], symbol]}
        changed = [longer if b is enum else b for b in kind] if isinstance(kind, list) else longer
        return _replace(fields, owner["name"], lambda f: {**f, "type": changed})

    return edit


def evolve(topic: Topic, versions: Sequence[lock.Version], edit: Edit, way_around: str) -> SubjectCheck:
    """Make the edit in the contract's file and return its check against `versions` and the file as it stood.

    Raises EvolveError, with the file untouched, if the edit cannot be made or the topic's level forbids it;
    `avro.SchemaError` if the result is no schema.
    """
    text = rewrite(topic.text, edit)
    compatibility.parse(text)
    known = list(versions)
    if not known or known[-1].fingerprint != lock.fingerprint(topic.text):
        known.append(lock.Version(known[-1].version + 1 if known else 1, 0, topic.text))
    with tempfile.TemporaryDirectory() as folder:
        draft = Path(folder) / topic.path.name
        draft.write_text(text, encoding="utf-8")
        checked = check_subject(attrs.evolve(topic, path=draft), topic.compatibility, known)
    if checked.breaks:
        reasons = "\n".join(
            f"  {one.path or topic.event}: {one.rule}: {one.message}; {one.who}" for one in checked.breaks
        )
        raise EvolveError(f"{topic.path}: {topic.compatibility} forbids this; not changed\n{reasons}\n{way_around}")
    topic.path.write_text(text, encoding="utf-8")
    return checked


def rewrite(text: str, edit: Edit) -> str:
    """The contract's text after the edit; every field that it leaves alone keeps its text.

    Raises EvolveError if the edit cannot be made, or changes a field that is not written on one line.
    """
    spans = _spans(text)
    fields = [json.loads(text[start:end]) for start, end in spans]
    edited = edit(fields)
    for (start, end), before, after in reversed(list(zip(spans, fields, edited, strict=False))):
        if before == after:
            continue
        if text[start:end] != json.dumps(before, ensure_ascii=False):
            raise EvolveError(f"field {before['name']!r} is not written on one line; edit it by hand")
        text = text[:start] + json.dumps(after, ensure_ascii=False) + text[end:]
    if len(edited) > len(fields):
        end = _spans(text)[-1][1]
        text = f"{text[:end]},\n    {json.dumps(edited[-1], ensure_ascii=False)}{text[end:]}"
    return text


def _spans(text: str) -> list[tuple[int, int]]:
    """Where each field of the outermost record begins and ends."""
    decoder, position = json.JSONDecoder(), text.index("[", text.index('"fields":')) + 1
    spans: list[tuple[int, int]] = []
    while True:
        while text[position] in " \n\r\t,":
            position += 1
        if text[position] == "]":
            return spans
        _, end = decoder.raw_decode(text, position)
        spans.append((position, end))
        position = end


def _replace(fields: list[Field], name: str, change: Callable[[Field], Field]) -> list[Field]:
    if all(field["name"] != name for field in fields):
        raise EvolveError(f"no field {name!r}; there are {', '.join(field['name'] for field in fields)}")
    return [change(field) if field["name"] == name else field for field in fields]


def _widened(kind: Any, avro_type: str) -> Any:
    if isinstance(kind, list):
        return [branch if branch == "null" else _widened(branch, avro_type) for branch in kind]
    return {**kind, "type": avro_type} if isinstance(kind, dict) else avro_type


def _enum(kind: Any) -> Field | None:
    branches = kind if isinstance(kind, list) else [kind]
    return next((b for b in branches if isinstance(b, dict) and b.get("type") == "enum"), None)

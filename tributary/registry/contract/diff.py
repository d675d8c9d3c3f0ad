"""What changed between two versions of a schema, in words."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import attrs

from tributary.avro.resolution import find_type, written_names
from tributary.avro.schema import NAMED
from tributary.registry.contract.walk import definitions, full_name

ATTRIBUTES_OF_FIELDS = ("name", "type", "default", "doc", "aliases", "order")
ATTRIBUTES_OF_TYPES = (
    *("type", "name", "namespace", "doc", "aliases", "fields", "symbols", "default", "items", "values", "size"),
    *("logicalType", "precision", "scale"),
)
"""What Avro itself reads; everything else is an attribute that it carries along."""


@attrs.frozen
class Change:
    """One difference between an older and a newer schema."""

    kind: str
    """added, removed, renamed, moved, type, logical, default, symbols, name, aliases, attribute or doc."""
    path: str
    """The field in words; empty for the record itself."""
    text: str
    old: Any = None
    """What was there before: for default and symbols the field or enum, for name the full name, for attribute its
    value, else the field or type."""
    new: Any = None
    attribute: str = ""
    """The attribute's name, for kind attribute."""


def changes(old: Any, new: Any) -> list[Change]:
    """Every difference, in the order of the newer schema. Schemas are parsed JSON."""
    return list(_Comparison(_named(old), _named(new)).types(old, new, "", "", ""))


def in_words(old: Any, new: Any) -> list[str]:
    """Every difference as `changes` has it, each with its field: `coupon removed: null or string, default null`."""
    found = changes(old, new)
    return [f"{c.path or ('the' if c.text.startswith('record ') else 'the record')} {c.text}" for c in found]


def short(schema: Any) -> str:
    """A type in a few words: `null or string`, `array of PurchaseItem`, `long (timestamp-millis)`, `enum Segment`."""
    if isinstance(schema, list):
        return " or ".join(short(branch) for branch in schema)
    if not isinstance(schema, dict):
        return str(schema)
    kind = schema.get("type")
    if kind in NAMED:
        words = f"{kind} {schema.get('name')}"
    elif kind == "array":
        words = f"array of {short(schema.get('items'))}"
    elif kind == "map":
        words = f"map of {short(schema.get('values'))}"
    else:
        words = short(kind)
    logical = schema.get("logicalType")
    if logical == "decimal":
        return f"{words} (decimal {schema.get('precision')},{schema.get('scale', 0)})"
    return f"{words} ({logical})" if logical else words


def branches(schema: Any) -> list[Any]:
    """The branches of a union; of any other type, the type itself."""
    return schema if isinstance(schema, list) else [schema]


def _became(old: list[Any], new: list[Any]) -> list[tuple[int, int]]:
    """Each branch with the one of the same kind and name; a named one that is gone with a new one in its place."""
    found = []
    before, after = ([(_kind(b), b["name"] if _kind(b) in NAMED else "") for b in union] for union in (old, new))
    for position, key in enumerate(before):
        if key in after:
            found.append((position, after.index(key)))
        elif position < len(new) and after[position][0] == key[0] and after[position] not in before:
            found.append((position, position))
    return found


def _named(schema: Any) -> dict[str, dict[str, Any]]:
    return {definition.name: definition.spec for definition in definitions(schema)}


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


class _Comparison:
    def __init__(self, old_named: dict[str, dict[str, Any]], new_named: dict[str, dict[str, Any]]) -> None:
        self._old_named, self._new_named = old_named, new_named
        self._seen: set[tuple[str, str]] = set()

    def types(self, old: Any, new: Any, path: str, old_space: str, new_space: str) -> Iterator[Change]:
        old, new = _plain(old), _plain(new)
        if isinstance(old, str) and isinstance(new, str) and old == new and old_space == new_space:
            return
        old = _resolve(old, self._old_named, old_space)
        new = _resolve(new, self._new_named, new_space)
        if isinstance(old, list) or isinstance(new, list):
            yield from self._unions(old, new, path, old_space, new_space)
            return
        old_kind, new_kind = _kind(old), _kind(new)
        if old_kind != new_kind:
            yield Change("type", path, f"type {short(old)} → {short(new)}", old, new)
            return
        yield from _logical(old, new, path)
        if old_kind in NAMED:
            yield from self._definitions(old, new, path, old_space, new_space)
        elif old_kind == "array":
            yield from self.types(old["items"], new["items"], f"{path}[]", old_space, new_space)
        elif old_kind == "map":
            yield from self.types(old["values"], new["values"], f"{path}{{}}", old_space, new_space)
        yield from _attributes(old, new, path, ATTRIBUTES_OF_TYPES)

    def _unions(self, old: Any, new: Any, path: str, old_space: str, new_space: str) -> Iterator[Change]:
        """Two types, at least one of them a union: compared as a whole, then branch by branch."""
        before = [_resolve(branch, self._old_named, old_space) for branch in branches(old)]
        after = [_resolve(branch, self._new_named, new_space) for branch in branches(new)]
        became = _became(before, after)
        in_place = list(enumerate(range(len(after)))) == became and len(before) == len(after)
        if not in_place or isinstance(old, list) != isinstance(new, list):
            yield Change("type", path, f"type {short(old)} → {short(new)}", old, new)
        for a, b in became:
            yield from self.types(before[a], after[b], path, old_space, new_space)

    def _definitions(self, old: Any, new: Any, path: str, old_space: str, new_space: str) -> Iterator[Change]:
        old_name, new_name = full_name(old, old_space), full_name(new, new_space)
        if (old_name, new_name) in self._seen:
            return
        self._seen.add((old_name, new_name))
        if old_name != new_name:
            yield Change("name", path, f"{old['type']} {old_name} is now {new_name}", old_name, new_name)
        what = f"{new['type']} {new.get('name')}"
        yield from _aliases(old, new, path, what)
        yield from _docs(old, new, path, what)
        if old["type"] == "enum":
            yield from _symbols(old, new, path, what)
            yield from _defaults(old, new, path, what)
        elif old["type"] == "fixed" and old.get("size") != new.get("size"):
            yield Change("type", path, f"{what}: size {old.get('size')} → {new.get('size')}", old, new)
        elif old["type"] == "record":
            spaces = old_name.rpartition(".")[0], new_name.rpartition(".")[0]
            yield from self._fields(old["fields"], new["fields"], path, *spaces)

    def _fields(self, old: list[Any], new: list[Any], path: str, old_space: str, new_space: str) -> Iterator[Change]:
        before = {field["name"]: field for field in old}
        after = {field["name"]: field for field in new}
        gone = {name for name in before if name not in after}
        for field in new:
            name = field["name"]
            here = f"{path}.{name}".lstrip(".")
            origins = written_names(name, field.get("aliases", ()), before if name in before else gone)
            origin = origins[0] if origins else None
            if origin is None:
                yield Change("added", here, f"added: {_described(field)}", None, field)
                continue
            if origin != name:
                gone.discard(origin)
                yield Change("renamed", here, f"renamed from {origin}, which stays as an alias", before[origin], field)
            earlier = before[origin]
            yield from self.types(earlier["type"], field["type"], here, old_space, new_space)
            yield from _defaults(earlier, field, here, "")
            yield from _aliases(earlier, field, here, "")
            yield from _docs(earlier, field, here, "")
            yield from _attributes(earlier, field, here, ATTRIBUTES_OF_FIELDS)
        for name in before:
            if name in gone:
                here = f"{path}.{name}".lstrip(".")
                yield Change("removed", here, f"removed: {_described(before[name])}", before[name], None)
        kept = [field["name"] for field in new if field["name"] in before]
        if kept != [name for name in before if name in after]:
            yield Change("moved", path, f"order of the fields: {', '.join(before)} → {', '.join(after)}")


def _plain(schema: Any) -> Any:
    """A type without wrapping that says nothing: {"type": "string"} is "string"."""
    while isinstance(schema, dict) and set(schema) == {"type"}:
        schema = schema["type"]
    return schema


def _resolve(schema: Any, defined: dict[str, dict[str, Any]], namespace: str) -> Any:
    if isinstance(schema, str):
        return find_type(schema, namespace, defined) or schema
    return schema


def _kind(schema: Any) -> str:
    if isinstance(schema, list):
        return "union"
    if isinstance(schema, dict):
        return _kind(schema["type"])
    return str(schema)


def _described(field: dict[str, Any]) -> str:
    default = f", default {_json(field['default'])}" if "default" in field else ", no default"
    return short(field["type"]) + default


def _logical(old: Any, new: Any, path: str) -> Iterator[Change]:
    keys = ("logicalType", "precision", "scale")
    before, after = ([t.get(k) for k in keys] if isinstance(t, dict) else [None] * 3 for t in (old, new))
    if before != after:
        yield Change("logical", path, f"type {short(old)} → {short(new)}", old, new)


def _symbols(old: Any, new: Any, path: str, what: str) -> Iterator[Change]:
    before, after = old["symbols"], new["symbols"]
    added = [symbol for symbol in after if symbol not in before]
    removed = [symbol for symbol in before if symbol not in after]
    words = [f"{what}: {', '.join(added)} added"] if added else []
    words += [f"{what}: {', '.join(removed)} removed"] if removed else []
    if not words and before != after:
        words = [f"{what}: order of the symbols {', '.join(before)} → {', '.join(after)}"]
    for text in words:
        yield Change("symbols", path, text, old, new)


def _pair(old: Any, new: Any, key: str) -> tuple[str, str] | None:
    """The two values in words, or None where they are equal; an absent one is not a null one."""
    if (key in old) == (key in new) and old.get(key) == new.get(key):
        return None
    before, after = (_json(schema[key]) if key in schema else "none" for schema in (old, new))
    return before, after


def _defaults(old: Any, new: Any, path: str, what: str) -> Iterator[Change]:
    if pair := _pair(old, new, "default"):
        text = f"{what} default {pair[0]} → {pair[1]}".strip()
        yield Change("default", path, text, old, new)


def _aliases(old: Any, new: Any, path: str, what: str) -> Iterator[Change]:
    if pair := _pair(old, new, "aliases"):
        text = f"{what} aliases {pair[0]} → {pair[1]}".strip()
        yield Change("aliases", path, text, old.get("aliases"), new.get("aliases"))


def _docs(old: Any, new: Any, path: str, what: str) -> Iterator[Change]:
    if pair := _pair(old, new, "doc"):
        yield Change("doc", path, f"{what} doc: {pair[0]} → {pair[1]}".strip(), old.get("doc"), new.get("doc"))


def _attributes(old: Any, new: Any, path: str, known: tuple[str, ...]) -> Iterator[Change]:
    if not (isinstance(old, dict) or isinstance(new, dict)):
        return
    before, after = (schema if isinstance(schema, dict) else {} for schema in (old, new))
    for key in dict.fromkeys([*before, *after]):
        if key not in known and (pair := _pair(before, after, key)):
            text = f"attribute {key}: {pair[0]} → {pair[1]}"
            yield Change("attribute", path, text, before.get(key), after.get(key), key)

"""The effect of a single change on existing data, where the compatibility rules detect nothing."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

from tributary.avro.resolution import promotes
from tributary.registry.contract.diff import Change, branches, short
from tributary.registry.contract.hazards import Hazard


def of_change(change: Change) -> Iterator[Hazard]:
    """The hazards of one change."""
    if change.kind in _BY_KIND:
        yield from _BY_KIND[change.kind](change)


_UNITS = ("millis", "micros", "nanos")


def _logical(change: Change) -> Iterator[Hazard]:
    yield from _meanings(change, change.old, change.new)


def _meanings(change: Change, old: Any, new: Any) -> Iterator[Hazard]:
    """The effect of another logical type on existing data."""
    before, after = _logical_type(old), _logical_type(new)
    keep = f"keep {short(old)}, and add a field for the new type"
    if before == after == "decimal":
        yield from _decimals(change, old, new, keep)
    elif before and after and before.endswith(_UNITS) and after.endswith(_UNITS):
        yield Hazard("unit-changed", change.path, f"{change.text}: old values are read in the wrong unit", keep)
    elif before != after:
        if not after:
            what = f"readers get the bare {short(new)} instead of a {before}"
        elif not before:
            what = f"readers take every old value for a {after}, including invalid ones"
        else:
            what = "the same bytes have another meaning"
        yield Hazard("logical-type-changed", change.path, f"{change.text}: {what}", keep)


def _logical_type(schema: Any) -> str | None:
    name = schema.get("logicalType") if isinstance(schema, dict) else None
    return name if isinstance(name, str) else None


def _decimals(change: Change, old: Any, new: Any, keep: str) -> Iterator[Hazard]:
    if not all(isinstance(t.get("precision"), int) for t in (old, new)):  # lint's business
        return
    if old.get("scale", 0) != new.get("scale", 0):
        yield Hazard("decimal-changed", change.path, f"{change.text}: the same bytes are another number", keep)
    elif new["precision"] < old["precision"]:
        text = f"{change.text}: readers round older numbers of more than {new['precision']} digits, or fail"
        yield Hazard("decimal-changed", change.path, text, keep)
    elif new["precision"] > old["precision"]:
        text = f"{change.text}: consumers on an older version round numbers of more than {old['precision']} digits"
        yield Hazard("decimal-widened", change.path, text, "deploy the consumers first, then write longer numbers")


def _name(change: Change) -> Iterator[Hazard]:
    old, new = change.old.rpartition("."), change.new.rpartition(".")
    if old[2] == new[2]:
        text = f"{change.text}: the registry compares only the last part, but generated classes use the full name"
        yield Hazard("namespace-changed", change.path, text, f'keep "namespace": "{old[0]}"')


def _symbols(change: Change) -> Iterator[Hazard]:
    before, after = change.old["symbols"], change.new["symbols"]
    removed = [symbol for symbol in before if symbol not in after]
    added = [symbol for symbol in after if symbol not in before]
    if removed and change.text.endswith("removed"):
        if "default" in change.new:  # else the rules refuse it
            text = f"{change.text}: records with it are read as {change.new['default']}"
            keep = f"keep {', '.join(removed)}, and document that it is no longer written"
            yield Hazard("symbol-removed", change.path, text, keep)
    elif added and change.text.endswith("added"):
        if "default" in change.old:  # else the rules refuse it
            text = f"{change.text}: consumers on an older version read it as {change.old['default']}"
            yield Hazard("symbol-added", change.path, text, "deploy the consumers first, then write the new symbol")
    elif not added and not removed:
        text = f"{change.text}: the sort order changes, and stored positions mean other symbols"
        yield Hazard("symbols-reordered", change.path, text, "add symbols at the end")


def _default(change: Change) -> Iterator[Hazard]:
    if "default" not in change.old:
        return
    enum = "symbols" in change.old
    if "default" in change.new:
        what = "an unknown symbol" if enum else "a missing value in older data"
        text = f"{change.text}: {what} is now read as another value"
        yield Hazard("default-changed", change.path, text, "keep the default, unless it was always wrong")
    else:
        lacks = "symbols that a newer version adds" if enum else "the field if a newer version removes it"
        what = f"consumers on this version have no value for {lacks}"
        yield Hazard("default-changed", change.path, f"{change.text}: {what}", "keep the default")


def _added(change: Change) -> Iterator[Hazard]:
    default = change.new.get("default")
    if "default" in change.new and default is not None:
        text = f"older data reads as {json.dumps(default)}, which cannot be distinguished from a real value"
        yield Hazard("default-hides-missing", change.path, text, "make it optional, with the default null")


def _gone(change: Change) -> Iterator[Hazard]:
    """A field that is removed or renamed, and for which older consumers have a default."""
    if "default" in change.old:
        default = json.dumps(change.old["default"])
        text = f"consumers on an older version read {default} as {change.old['name']}, as if it had been written"
        yield Hazard("default-read-instead", change.path, text, "keep writing it until no consumer reads it")


_LOSSY = {("int", "float"), ("long", "float"), ("long", "double")}


def _type(change: Change) -> Iterator[Hazard]:
    """Promotions that the rules allow, also inside unions."""
    for old, new in _promoted(change.old, change.new):
        kinds = _kind(old), _kind(new)
        if kinds in _LOSSY:
            text = f"{change.text}: large integers lose their last digits"
            yield Hazard("precision-lost", change.path, text, f"keep {short(old)}")
        elif "bytes" in kinds:
            who = "consumers" if kinds[0] == "bytes" else "consumers on an older version"
            text = f"{change.text}: {who} cannot read bytes that are not UTF-8"
            yield Hazard("bytes-as-text", change.path, text, f"keep {short(old)}")
        yield from _meanings(change, old, new)


def _promoted(old: Any, new: Any) -> Iterator[tuple[Any, Any]]:
    kept = [_kind(after) for after in branches(new)]
    for before in branches(old):
        for after in branches(new):
            if _kind(before) not in kept and promotes(_kind(before), _kind(after)):
                yield before, after


def _kind(schema: Any) -> str:
    return str(schema.get("type") if isinstance(schema, dict) else schema)


def _attribute(change: Change) -> Iterator[Hazard]:
    old, new = change.old, change.new
    if change.attribute == "pii" and new is None:
        yield Hazard("personal-mark-removed", change.path, change.text, "keep the mark for as long as the data is kept")
    tighter = {
        "minimum": new is not None and (old is None or new > old),
        "maximum": new is not None and (old is None or new < old),
        "pattern": new is not None,
    }
    try:
        if tighter.get(change.attribute, False):
            text = f"{change.text}: values that were valid when they were written may now be refused"
            kept = "pattern" if change.attribute == "pattern" else "range"
            keep = f"keep the {kept}, or first run prove to verify that no record is outside"
            yield Hazard("range-tightened", change.path, text, keep)
    except TypeError:  # bounds of different types are lint's business
        return


_BY_KIND: dict[str, Callable[[Change], Iterator[Hazard]]] = {
    "logical": _logical,
    "name": _name,
    "symbols": _symbols,
    "default": _default,
    "added": _added,
    "removed": _gone,
    "renamed": _gone,
    "type": _type,
    "attribute": _attribute,
}

"""What the registry lets through but data does not survive.

Compatibility rules ask whether bytes can be decoded; they ignore logical types, namespaces, attributes and what people
mean by a name. A *danger* changes what existing data says: `check` and `apply` refuse it unless `exemptions.toml`
accepts it with a reason. A *note* is for the author to think about.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import attrs

from registry.changes import Change, short
from registry.walk import fields

DANGERS = {
    "unit-changed": "A time in other units: the bytes decode, and every old value is off by a factor of a thousand.",
    "decimal-changed": (
        "A decimal's bytes are a whole number. Its scale, which says what the number is worth, is not in the data and "
        "not compared by the registry."
    ),
    "logical-type-changed": (
        "The registry does not compare logical types, but readers turn the same bytes into another thing."
    ),
    "namespace-changed": (
        "The registry compares the last part of a name only; generated classes and strict readers go by the full name "
        "and no longer find the type."
    ),
    "symbol-removed": (
        "With a default on the enum the registry lets a symbol go; records that have it then read as the default, and "
        "what they said is lost."
    ),
    "name-reused": (
        "A field that was removed and comes back as something else is filled from records of the time when it meant "
        "the first."
    ),
    "range-tightened": (
        "Avro carries ranges and patterns along and checks nothing; consumers that do refuse records that were right "
        "when they were written."
    ),
    "precision-lost": "Avro promotes whole numbers to floats, which hold 24 or 53 bits: large ids and amounts change.",
    "joined-field-changed": (
        "The merge joins the topics on the key and the envelope; a change in one alone splits what belongs together."
    ),
}
NOTES = {
    "symbol-added": "Consumers on an older version read a symbol that they do not know as the enum's default.",
    "symbols-reordered": "Positions are written, and resolved by name; but the sort order and stored positions change.",
    "default-changed": "A default is applied when data is read: old records without the field now say something else.",
    "default-hides-missing": "A default that could be a real value cannot be told from one.",
    "renamed-without-alias": (
        "One field gone and one of the same type added is often a rename; without an alias the values written under "
        "the old name are not read."
    ),
}
"""Rule → why it matters, as `lint --explain` prints it."""


@attrs.frozen
class Hazard:
    """One thing that the compatibility rules do not see."""

    rule: str
    path: str
    """The field in words; empty for the record itself."""
    text: str
    fix: str

    @property
    def danger(self) -> bool:
        """Whether existing data would be read as something else."""
        return self.rule in DANGERS


def hazards(candidate: Any, earlier: Sequence[Any], changed: Sequence[Change]) -> list[Hazard]:
    """The hazards of a candidate; `earlier` has the registered schemas in order, `changed` what the last had not."""
    found: list[Hazard] = []
    for change in changed:
        found += _BY_KIND.get(change.kind, _nothing)(change)
    found += _renames(changed)
    found += _reuse(candidate, earlier, changed)
    return found


def joined(changed: dict[str, Sequence[Change]], names: Sequence[str]) -> dict[str, list[Hazard]]:
    """Per topic, the changes to a field that the merge joins topics on (`names`) which not every topic makes alike.

    `changed` has every topic's changes. Docs may differ.
    """
    found: dict[str, list[Hazard]] = {topic: [] for topic in changed}
    for name in names:
        edits = {topic: [c for c in these if _of(c, name) and c.kind != "doc"] for topic, these in changed.items()}
        texts = {topic: sorted(c.text for c in these) for topic, these in edits.items()}
        if len({tuple(text) for text in texts.values()}) < 2:
            continue
        still = ", ".join(topic for topic, text in texts.items() if not text)
        for topic, these in edits.items():
            if these:
                text = (
                    f"{'; '.join(c.text for c in these)}, but not in the topics it is joined with ({still or 'others'})"
                )
                found[topic].append(Hazard("joined-field-changed", name, text, "make the same change in every topic"))
    return found


def _of(change: Change, name: str) -> bool:
    return change.path == name or change.path.startswith((f"{name}.", f"{name}[", f"{name}{{"))


# ---- by the kind of change ---------------------------------------------------------------------


def _nothing(_: Change) -> list[Hazard]:
    return []


_UNITS = ("millis", "micros", "nanos")


def _logical(change: Change) -> Iterator[Hazard]:
    before, after = (t.get("logicalType") if isinstance(t, dict) else None for t in (change.old, change.new))
    keep = f"keep {short(change.old)}; put the new one in a field of its own"
    if before == after == "decimal":
        yield Hazard("decimal-changed", change.path, f"{change.text}: the same bytes are another number", keep)
    elif before and after and before.endswith(_UNITS) and after.endswith(_UNITS):
        yield Hazard("unit-changed", change.path, f"{change.text}: old values are read in the wrong unit", keep)
    else:
        yield Hazard("logical-type-changed", change.path, f"{change.text}: the same bytes mean something else", keep)


def _name(change: Change) -> Iterator[Hazard]:
    old, new = change.old.rpartition("."), change.new.rpartition(".")
    if old[2] == new[2]:
        text = f"{change.text}: the registry compares the last part only, but generated classes go by the full name"
        yield Hazard("namespace-changed", change.path, text, f'keep "namespace": "{old[0]}"')


def _symbols(change: Change) -> Iterator[Hazard]:
    removed = [symbol for symbol in change.old if symbol not in change.new]
    added = [symbol for symbol in change.new if symbol not in change.old]
    if removed and change.text.endswith("removed"):
        text = f"{change.text}: records that have it are read as the enum's default"
        yield Hazard(
            "symbol-removed",
            change.path,
            text,
            f"keep {', '.join(removed)}, and say in the doc that it is no longer written",
        )
    elif added and change.text.endswith("added"):
        text = f"{change.text}: consumers on an older version read it as the enum's default"
        yield Hazard("symbol-added", change.path, text, "deploy the consumers first, then write the new symbol")
    elif not added and not removed:
        text = f"{change.text}: the sort order changes, and whoever stored the position reads another symbol"
        yield Hazard("symbols-reordered", change.path, text, "add symbols at the end")


def _default(change: Change) -> Iterator[Hazard]:
    what = (
        "a symbol that a reader does not know" if change.text.startswith("enum ") else "what is missing in older data"
    )
    text = f"{change.text}: {what} is now read as something else"
    yield Hazard("default-changed", change.path, text, "keep the default, unless it was wrong from the start")


def _added(change: Change) -> Iterator[Hazard]:
    default = change.new.get("default")
    if "default" in change.new and default is not None:
        text = f"older data reads as {json.dumps(default)}, which nobody can tell from a real value"
        yield Hazard("default-hides-missing", change.path, text, "make it optional, with the default null")


_LOSSY = {("int", "float"), ("long", "float"), ("long", "double")}


def _type(change: Change) -> Iterator[Hazard]:
    pair = (short(change.old).partition(" ")[0], short(change.new).partition(" ")[0])
    if pair in _LOSSY:
        text = f"{change.text}: large whole numbers lose their last digits"
        yield Hazard("precision-lost", change.path, text, f"keep {pair[0]}")


def _attribute(change: Change) -> Iterator[Hazard]:
    old, new = change.old, change.new
    tighter = {
        "minimum": new is not None and (old is None or new > old),
        "maximum": new is not None and (old is None or new < old),
        "pattern": new is not None,
    }
    try:
        if tighter.get(change.attribute, False):
            text = f"{change.text}: values that were right when they were written may now be refused"
            yield Hazard(
                "range-tightened", change.path, text, "keep the range, or first prove that no record is outside"
            )
    except TypeError:  # bounds of different types are lint's business
        return


_BY_KIND: dict[str, Callable[[Change], Any]] = {
    "logical": _logical,
    "name": _name,
    "symbols": _symbols,
    "default": _default,
    "added": _added,
    "type": _type,
    "attribute": _attribute,
}


# ---- across changes and versions ---------------------------------------------------------------


def _record_of(path: str) -> str:
    return path.rpartition(".")[0]


def _renames(changed: Sequence[Change]) -> Iterator[Hazard]:
    """A field that went while another of the same type came, in the same record."""
    added = [change for change in changed if change.kind == "added"]
    for gone in (change for change in changed if change.kind == "removed"):
        for new in added:
            if _record_of(gone.path) == _record_of(new.path) and gone.old["type"] == new.new["type"]:
                old = gone.old["name"]
                text = (
                    f"looks like a rename of {gone.path}: without an alias its values are lost to readers of {new.path}"
                )
                yield Hazard("renamed-without-alias", new.path, text, f'if it is one, add "aliases": ["{old}"]')
                break


def _reuse(candidate: Any, earlier: Sequence[Any], changed: Sequence[Change]) -> Iterator[Hazard]:
    """A name that an older version had with another type or meaning, and the latest has not."""
    added = {change.path for change in changed if change.kind == "added"}
    for field in fields(candidate):
        if field.path not in added:
            continue
        for schema in earlier[:-1]:
            before = next((old.spec for old in fields(schema) if old.path == field.path), None)
            if before is not None and (before["type"], before.get("doc")) != (field.type, field.spec.get("doc")):
                text = (
                    f"an older version had this name as {short(before['type'])} ({json.dumps(before.get('doc', ''))}): "
                    "records of that time are read with the new meaning"
                )
                yield Hazard("name-reused", field.path, text, "take another name")
                break

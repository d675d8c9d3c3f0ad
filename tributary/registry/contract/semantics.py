"""Changes that the registry accepts although they damage data.

Compatibility rules ask whether bytes can be decoded; they ignore logical types, namespaces, attributes and the meaning
of names. A *danger* changes the meaning of existing data: `check` and `apply` refuse it unless `exemptions.toml`
accepts it with a reason. A *note* asks the author to think. `meanings.py` examines each change separately; this module
examines several changes, versions or topics together.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from tributary.registry.contract.diff import Change, short
from tributary.registry.contract.hazards import Hazard
from tributary.registry.contract.meanings import of_change
from tributary.registry.contract.walk import fields


def hazards(candidate: Any, earlier: Sequence[Any], changed: Sequence[Change]) -> list[Hazard]:
    """The hazards of a candidate; `earlier` has the registered schemas in order, `changed` the changes to the last."""
    found: list[Hazard] = []
    for change in changed:
        found += of_change(change)
    found += _renames(changed)
    found += _reuse(candidate, earlier, changed)
    found += _taken(candidate)
    return found


def joined(changed: dict[str, Sequence[Change]], names: Sequence[str]) -> dict[str, list[Hazard]]:
    """Per topic, the changes to fields that topics are joined on (`names`) which not every topic makes in the same way.

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
    if change.kind == "renamed" and change.old["name"] == name and "." not in change.path:
        return True
    return change.path == name or change.path.startswith((f"{name}.", f"{name}[", f"{name}{{"))


def _record_of(path: str) -> str:
    return path.rpartition(".")[0]


def _renames(changed: Sequence[Change]) -> Iterator[Hazard]:
    """A field that was removed while another of the same type was added to the same record."""
    added = [change for change in changed if change.kind == "added"]
    for gone in (change for change in changed if change.kind == "removed"):
        for new in added:
            if _record_of(gone.path) == _record_of(new.path) and gone.old["type"] == new.new["type"]:
                old = gone.old["name"]
                text = f"looks like a rename of {gone.path}: without an alias, readers of {new.path} lose its values"
                fix = f'if it is one, add an alias, so that new consumers read old records: "aliases": ["{old}"]'
                yield Hazard("renamed-without-alias", new.path, text, fix)
                break


def _reuse(candidate: Any, earlier: Sequence[Any], changed: Sequence[Change]) -> Iterator[Hazard]:
    """A name that an older version had with another type or meaning, and the latest does not have."""
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
                yield Hazard("name-reused", field.path, text, "use another name")
                break


def _taken(candidate: Any) -> Iterator[Hazard]:
    """An alias that is the name or an alias of another field in the same record."""
    for field in fields(candidate):
        others = [other for other in field.record.spec["fields"] if other is not field.spec]
        names = {name for other in others for name in (other["name"], *other.get("aliases", ()))}
        for alias in field.spec.get("aliases", ()):
            if alias in names:
                text = f"the alias {alias} is another field's too: readers give a written {alias} to one of them"
                yield Hazard(
                    "alias-taken",
                    field.path,
                    text,
                    "give the alias to one field only, and not if another field has that name",
                )

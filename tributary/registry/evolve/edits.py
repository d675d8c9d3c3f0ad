"""The edits of `tributary evolve`: what each is about, what it makes of it, and what to do where the level
forbids it."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import attrs

from tributary.avro.parser import parse
from tributary.registry.check import fixes
from tributary.registry.check.verdict import SubjectCheck
from tributary.registry.compatibility import incompatibilities
from tributary.registry.contract.diff import ATTRIBUTES_OF_FIELDS, short
from tributary.registry.contract.walk import Definition, Field, Node
from tributary.registry.evolve.targets import EvolveError, Schema, find_enum, find_field, find_record

Spec = dict[str, Any]

WIDER = ("long", "float", "double", "string", "bytes")
"""The types that Avro promotes another type to."""


ABSENT = object()
"""No default; null is one."""


class Edit(Protocol):
    """One edit, of a field, a record or an enum."""

    def find(self, schema: Schema, /) -> Node:
        """What it changes. Raises EvolveError if the contract has no such thing."""

    def change(self, node: Any, /) -> Spec:
        """What that becomes. Raises EvolveError if it cannot."""

    def notes(self, node: Any, level: str, /) -> Sequence[str]:
        """What an author should know although the level allows the edit."""

    def way_around(self, node: Any, check: SubjectCheck, /) -> str:
        """How to get there where the level forbids the edit."""


@attrs.frozen
class AddField:
    """A new last field of the contract, or of the record at the path before the name (`items[].colour`)."""

    path: str
    type: Any
    doc: str
    optional: bool = False
    default: Any = ABSENT
    attributes: Mapping[str, Any] = attrs.field(factory=dict)

    def find(self, schema: Schema) -> Definition:
        return find_record(schema, self.path.rpartition(".")[0])

    def change(self, record: Definition) -> Spec:
        name = self.path.rpartition(".")[2]
        _require_free(name, record)
        rest = {"doc": self.doc, **self.attributes}
        default = {} if self.default is ABSENT else {"default": self.default}
        field = {"name": name, "type": self.type, **default, **rest}
        if self.optional:
            field = fixes.optional(field)
            if default and self.default is not None:
                # Avro takes a default for a value of the union's first branch.
                field.update(type=[*field["type"][1:], "null"], default=self.default)
        return {**record.spec, "fields": [*record.spec["fields"], field]}

    def notes(self, _: Definition, __: str) -> Sequence[str]:
        return ()

    def way_around(self, _: Definition, check: SubjectCheck) -> str:
        if any(found.rule != "READER_FIELD_MISSING_DEFAULT_VALUE" for found in check.breaks):
            return "use another name: an earlier version has this name with another type"
        return "make it --optional, or give it a --default, so that old data has a value"


@attrs.frozen
class Rename:
    """Another name for a field; the earlier one stays as an alias, so that new readers find it in old data.

    `prepare` is the step before it: the field keeps its name, and readers accept the new one already.
    """

    path: str
    new: str
    prepare: bool = False

    def find(self, schema: Schema) -> Field:
        return find_field(schema, self.path)

    def change(self, field: Field) -> Spec:
        aliases = field.spec.get("aliases", [])
        _require_free(self.new, field.record, but=field.name)
        if not self.prepare:
            kept = [alias for alias in aliases if alias != self.new]
            return {**field.spec, "name": self.new, "aliases": [*kept, field.name]}
        if self.new in (field.name, *aliases):
            raise EvolveError(f"field {field.path!r} already has the alias {self.new!r}")
        return {**field.spec, "aliases": [*aliases, self.new]}

    def notes(self, field: Field, level: str) -> Sequence[str]:
        if self.prepare and level in ("FORWARD_TRANSITIVE", "FULL_TRANSITIVE") and "default" not in field.spec:
            return [
                f"{level} also holds for the versions that do not know {self.new}, so it refuses the rename until they "
                "are deleted from the registry; rename without --prepare shows another way"
            ]
        if self.prepare:
            return [f"register it, deploy it to every consumer, and then rename {field.path} {self.new}"]
        if "default" not in field.spec or self.new in field.spec.get("aliases", ()):
            return ()
        default = json.dumps(field.spec["default"], ensure_ascii=False)
        return [
            f"consumers on an older version do not know {self.new}: from now on they read {default}, "
            f"the default of {field.path}; rename with --prepare first to avoid that"
        ]

    def way_around(self, field: Field, check: SubjectCheck) -> str:
        step = f"{_command(check)} rename {shlex.quote(field.path)} {self.new}"
        if not _transitive(check):
            return (
                "in two steps, because an alias helps only the readers that have it: first make all of them accept the "
                "new name\n"
                f"  {step} --prepare   # register it, and deploy it to every consumer\n"
                f"  {step}"
            )
        path = f"{field.path.rpartition('.')[0]}.{self.new}".lstrip(".")
        prepared = (
            f", and remove it from the aliases of {field.path}" if self.new in field.spec.get("aliases", ()) else ""
        )
        return (
            f"{check.level} also covers versions without the alias, so add the new name next to the old{prepared}\n"
            + _replacing(check, field, path, field.spec["type"], self.new)
        )


@attrs.frozen
class Deprecate:
    """Say in a field's doc that it should no longer be used, and why or what to use instead."""

    path: str
    doc: str

    def find(self, schema: Schema) -> Field:
        return find_field(schema, self.path)

    def change(self, field: Field) -> Spec:
        doc = str(field.spec.get("doc") or "")
        if not self.doc.strip():
            raise EvolveError("the doc is empty; say why the field is deprecated, or what to use instead")
        if doc.startswith("Deprecated:"):
            raise EvolveError(f"field {field.path!r} is already deprecated: {doc}")
        reason = self.doc if self.doc.endswith((".", "!", "?")) else f"{self.doc}."
        return {**field.spec, "doc": f"Deprecated: {reason} {doc}".rstrip()}

    def notes(self, _: Field, __: str) -> Sequence[str]:
        return ()

    def way_around(self, _: Field, __: SubjectCheck) -> str:
        return "none is needed: a doc breaks no consumer"


@attrs.frozen
class Widen:
    """A wider type, by Avro's promotions; what is nullable, or in an array or a map, stays so."""

    path: str
    type: str

    def find(self, schema: Schema) -> Field:
        return find_field(schema, self.path)

    def change(self, field: Field) -> Spec:
        wider = _widened(field.type, self.type)
        if wider == field.type:
            known = [kind for kind in WIDER if _widened(field.type, kind) != field.type]
            can = f"Avro promotes it to {' or '.join(known)}" if known else "Avro has no wider type for it"
            raise EvolveError(
                f"field {field.path!r} is {short(field.type)}, which cannot be widened to {self.type}; {can}"
            )
        return {**field.spec, "type": wider}

    def notes(self, _: Field, __: str) -> Sequence[str]:
        return ()

    def way_around(self, field: Field, check: SubjectCheck) -> str:
        path = f"{field.path}_{self.type}"
        return (
            f"older readers do not read {self.type}, so add a field of the wider type next to this one\n"
            + _replacing(check, field, path, _widened(field.type, self.type), "the new one")
        )


@attrs.frozen
class AddSymbol:
    """One more symbol, the last, of an enum that is named by its own name or by a field that holds it."""

    name: str
    symbol: str

    def find(self, schema: Schema) -> Definition:
        return find_enum(schema, self.name)

    def change(self, enum: Definition) -> Spec:
        if self.symbol in enum.spec["symbols"]:
            raise EvolveError(f"enum {enum.spec['name']} already has the symbol {self.symbol}")
        return {**enum.spec, "symbols": [*enum.spec["symbols"], self.symbol]}

    def notes(self, enum: Definition, _: str) -> Sequence[str]:
        name = enum.spec["name"]
        if "default" in enum.spec:
            return [f"consumers on an older version read {self.symbol} as {enum.spec['default']}, {name}'s own default"]
        return [
            f"enum {name} has no default of its own, so consumers on an older version fail on {self.symbol}; "
            "the field's default applies only to a missing field"
        ]

    def way_around(self, enum: Definition, check: SubjectCheck) -> str:
        first = enum.spec["symbols"][0]
        if not _transitive(check):
            return (
                f'in two steps: give the enum {enum.spec["name"]} itself a default ("default": "{first}", next to its '
                "symbols), which readers use for an\nunknown symbol; the field's default applies only to a missing "
                "field. Register it, deploy it\nto every consumer, and then add the symbol"
            )
        path, doc = f"{enum.path.rstrip('[]{}')}_text", f"{enum.spec['name']} as text."
        return (
            f"{check.level} also covers versions whose enum has no default of its own, so put the new symbols in "
            f"a field next to it\n{_beside(check, path, {'doc': doc}, 'string')}"
        )


def _require_free(name: str, record: Definition, but: str = "") -> None:
    """Raises EvolveError if a field of the record, other than `but`, has the name or is read under it."""
    for other in record.spec["fields"]:
        if other["name"] != but and name in (other["name"], *other.get("aliases", ())):
            what = "already exists" if name == other["name"] else f"is the earlier name of {other['name']!r}"
            raise EvolveError(f"field {name!r} {what}")
    if name == but:
        raise EvolveError(f"field {name!r} already has that name")


def _widened(kind: Any, wider: str) -> Any:
    """The type with every part that Avro promotes to `wider` replaced by it."""
    match kind:
        case list():
            return [_widened(branch, wider) for branch in kind]
        case {"type": "array", "items": inner}:
            return {**kind, "items": _widened(inner, wider)}
        case {"type": "map", "values": inner}:
            return {**kind, "values": _widened(inner, wider)}
        case {"type": inner}:
            return {**kind, "type": _widened(inner, wider)}
        case "int" | "long" | "float" | "string" | "bytes":
            reader, writer = (parse(json.dumps(one)) for one in (wider, kind))
            return kind if incompatibilities(reader, writer) else wider
    return kind


def _transitive(check: SubjectCheck) -> bool:
    return check.level.endswith("_TRANSITIVE")


def _command(check: SubjectCheck) -> str:
    return f"tributary evolve {check.topic.contract}"


def _replacing(check: SubjectCheck, field: Field, path: str, kind: Any, new: str) -> str:
    """The commands that put a field of this path and type beside another, and deprecate that in the end."""
    return (
        f"{_beside(check, path, field.spec, kind)}   # producers then write both\n"
        f'  {_command(check)} deprecate {shlex.quote(field.path)} --doc "Use {path.rpartition(".")[2]}."   '
        f"# once every consumer reads {new}"
    )


def _beside(check: SubjectCheck, path: str, spec: Spec, kind: Any) -> str:
    """The command that adds an optional field with the attributes of another."""
    branches = kind if isinstance(kind, list) else [kind]
    first = next((branch for branch in branches if branch != "null"), "null")
    text = first.get("name", json.dumps(first)) if isinstance(first, dict) else first
    optional = ["--default", "null"] if first == "null" else ["--optional"]
    words = ["add-field", path, text, *optional, "--doc", str(spec.get("doc") or "…")]
    for name, value in fixes.fitting({**spec, "type": kind}).items():
        if name not in ATTRIBUTES_OF_FIELDS:
            words += ["--attribute", f"{name}={json.dumps(value)}"]
    return f"  {_command(check)} {shlex.join(words)}"

"""Whether data written with one Avro schema can be read with another, and if not, every reason why.

The rules, their names, their order and the locations are those of Apache Avro's `SchemaCompatibility` (Java, 1.12),
which Confluent Schema Registry uses: the registry's verdict is this module's verdict. Beyond it, each finding carries
a path for people (`items[].quantity`) and the two types in short.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import attrs

from tributary.avro.resolution import promotes, written_names
from tributary.avro.schema import Field, Schema
from tributary.catalog import LEVELS

Direction = Literal["backward", "forward"]

_MAX_COMPARISONS = 200_000
_SHOWN_BRANCHES = 8


@attrs.frozen
class Incompatibility:
    """One reason why a reader cannot read what a writer wrote.

    `rule` is Apache's name for it, or "" when the pair cannot be compared at all. `path` is for people; `location` is
    the place in the reader's schema as Confluent prints it. `reader` and `writer` are the two types in short.
    `causes` says, for a union branch that nothing reads, why the reader's branch of the same name does not.
    """

    rule: str
    path: str
    location: str
    reader: str
    writer: str
    message: str
    causes: tuple[Incompatibility, ...] = ()


class _CannotCompare(Exception):
    """The pair defies the rules; the message says how."""


def incompatibilities(reader: Schema, writer: Schema) -> list[Incompatibility]:
    """Every reason why `reader` cannot read what `writer` wrote, in the reader's order; empty if it can."""
    try:
        return _Comparison().compare(reader, writer, _Place())
    except _CannotCompare as error:
        message = str(error)
    except RecursionError:
        message = "the schemas are nested too deeply to be compared"
    return [Incompatibility("", "", "/", describe(reader), describe(writer), message)]


def check(
    level: str, candidate: Schema, versions: Sequence[Schema]
) -> list[tuple[int, Direction, list[Incompatibility]]]:
    """Hold a candidate against earlier versions (oldest first) at a compatibility level.

    Returns, for each version and direction that breaks, the version's index, the direction and the reasons; empty
    means compatible. "backward": the candidate cannot read the version's data; "forward": the reverse. Raises
    ValueError for a level that does not exist.
    """
    if level not in LEVELS:
        raise ValueError(f"unknown compatibility level {level!r}, expected one of {', '.join(LEVELS)}")
    name, _, transitive = level.partition("_")
    first = 0 if transitive else max(len(versions) - 1, 0)
    found: list[tuple[int, Direction, list[Incompatibility]]] = []
    for index in range(first, len(versions)):
        version = versions[index]
        if name in ("FORWARD", "FULL") and (reasons := incompatibilities(version, candidate)):
            found.append((index, "forward", reasons))
        if name in ("BACKWARD", "FULL") and (reasons := incompatibilities(candidate, version)):
            found.append((index, "backward", reasons))
    return found


def describe(schema: Schema) -> str:
    """A type in short, for people: `array<string>`, `enum Segment`, `null | long (timestamp-millis)`."""
    if schema.kind == "union":
        shown = [describe(branch) for branch in schema.branches[:_SHOWN_BRANCHES]]
        return " | ".join([*shown, "…"] if len(schema.branches) > _SHOWN_BRANCHES else shown) or "an empty union"
    if schema.inner is not None:
        return f"{schema.kind}<{describe(schema.inner)}>"
    text = schema.kind if schema.name is None else f"{schema.kind} {schema.name.name}"
    if schema.kind == "fixed":
        text += f"({schema.size})"
    logical = schema.props.get("logicalType")
    if logical == "decimal":
        return f"{text} (decimal {schema.props.get('precision')},{schema.props.get('scale', 0)})"
    return f"{text} ({logical})" if isinstance(logical, str) else text


@attrs.frozen
class _Place:
    """Where the comparison stands: Avro's location, and the path for people."""

    location: tuple[str, ...] = ()
    path: str = ""

    def inside(self, *steps: str, path: str = "") -> _Place:
        return _Place(self.location + steps, self.path + path)

    def field(self, field: Field, index: int) -> _Place:
        return self.inside("fields", str(index), path=f".{field.name}" if self.path else field.name)

    def afresh(self) -> _Place:
        """Avro compares the branches of two unions as if each were a schema of its own, with its own root."""
        return _Place((), self.path)

    def report(
        self, rule: str, reader: Schema, writer: Schema, message: str, causes: Sequence[Incompatibility] = ()
    ) -> Incompatibility:
        location = "/" + "/".join(step.replace("~", "~0").replace("/", "~1") for step in self.location)
        return Incompatibility(rule, self.path, location, describe(reader), describe(writer), message, tuple(causes))


@attrs.define
class _Comparison:
    """One run. Each pair of types is compared once; a pair met again inside itself counts as compatible."""

    done: dict[tuple[int, int], tuple[str, list[Incompatibility]]] = attrs.field(factory=dict)
    """The findings on a pair, and the path at which it was first met."""

    def compare(self, reader: Schema, writer: Schema, place: _Place) -> list[Incompatibility]:
        pair = (id(reader), id(writer))
        if pair in self.done:
            first, found = self.done[pair]
            return [_moved(reason, first, place.path) for reason in found]
        if len(self.done) >= _MAX_COMPARISONS:
            raise _CannotCompare("the schemas have too many pairs of types to be compared")
        self.done[pair] = (place.path, [])
        found = self._reasons(reader, writer, place)
        self.done[pair] = (place.path, found)
        return found

    def _reasons(self, reader: Schema, writer: Schema, place: _Place) -> list[Incompatibility]:
        if reader.kind == writer.kind:
            return self._same_kind(reader, writer, place)
        if writer.kind == "union":
            found: list[Incompatibility] = []
            for index, branch in enumerate(writer.branches):
                found += self.compare(reader, branch, place.inside(str(index)))
            return found
        if reader.kind == "union":
            causes: list[Incompatibility] = []
            for branch in reader.branches:
                reasons = self.compare(branch, writer, place.afresh())
                if not reasons:
                    return []
                if branch.full_name == writer.full_name:
                    causes += reasons
            return [_missing_branch(reader, writer, writer, place, causes)]
        if promotes(writer.kind, reader.kind):
            return []
        message = f"reader type: {reader.kind.upper()} not compatible with writer type: {writer.kind.upper()}"
        return [place.report("TYPE_MISMATCH", reader, writer, message)]

    def _same_kind(self, reader: Schema, writer: Schema, place: _Place) -> list[Incompatibility]:
        match reader.kind:
            case "array":
                return self.compare(reader.element, writer.element, place.inside("items", path="[]"))
            case "map":
                return self.compare(reader.element, writer.element, place.inside("values", path="{}"))
            case "union":
                found = []
                for index, branch in enumerate(writer.branches):
                    if reasons := self.compare(reader, branch, place.afresh()):
                        causes = [cause for reason in reasons for cause in reason.causes]
                        found.append(_missing_branch(reader, writer, branch, place.inside(str(index)), causes))
                return found
            case "fixed":
                return _name_mismatch(reader, writer, place) + _size_mismatch(reader, writer, place)
            case "enum":
                return _name_mismatch(reader, writer, place) + _missing_symbols(reader, writer, place)
            case "record":
                return _name_mismatch(reader, writer, place) + self._fields(reader, writer, place)
            case _:
                return []

    def _fields(self, reader: Schema, writer: Schema, place: _Place) -> list[Incompatibility]:
        found: list[Incompatibility] = []
        for index, field in enumerate(reader.fields):
            here = place.field(field, index)
            written = _written_field(field, writer)
            if written is not None:
                found += self.compare(field.type, written.type, here.inside("type"))
            elif field.has_default:
                continue
            elif field.type.kind == "enum" and field.type.default is not None:
                # Avro's own slip, kept: it compares the enum with the whole record.
                found += self.compare(field.type, writer, here.inside("type"))
            else:
                found.append(here.report("READER_FIELD_MISSING_DEFAULT_VALUE", reader, writer, field.name))
        return found


def _moved(reason: Incompatibility, first: str, path: str) -> Incompatibility:
    """A finding on a type that is used again: the location stays the first one, as Avro's does; the path is its own."""
    if first == path:
        return reason
    rest = reason.path.removeprefix(first).removeprefix(".")
    dot = "." if path and rest and rest[0] not in "[{" else ""
    return attrs.evolve(reason, path=f"{path}{dot}{rest}")


def _written_field(field: Field, writer: Schema) -> Field | None:
    """The writer's field that a reader's field takes its value from, by name or alias."""
    matches = written_names(field.name, field.aliases, writer.by_name)
    if len(matches) > 1:
        raise _CannotCompare(
            f"Reader record field {field.name} matches multiple fields in writer record schema {writer.full_name}"
        )
    return writer.by_name[matches[0]] if matches else None


def _name_mismatch(reader: Schema, writer: Schema, place: _Place) -> list[Incompatibility]:
    if reader.short_name == writer.short_name or writer.full_name in reader.alias_names:
        return []
    return [place.inside("name").report("NAME_MISMATCH", reader, writer, f"expected: {writer.full_name}")]


def _size_mismatch(reader: Schema, writer: Schema, place: _Place) -> list[Incompatibility]:
    if reader.size == writer.size:
        return []
    message = f"expected: {writer.size}, found: {reader.size}"
    return [place.inside("size").report("FIXED_SIZE_MISMATCH", reader, writer, message)]


def _missing_symbols(reader: Schema, writer: Schema, place: _Place) -> list[Incompatibility]:
    missing = sorted(set(writer.symbols).difference(reader.symbols))
    if not missing or reader.default is not None:
        return []
    message = f"[{', '.join(missing)}]"
    return [place.inside("symbols").report("MISSING_ENUM_SYMBOLS", reader, writer, message)]


def _missing_branch(
    reader: Schema, writer: Schema, branch: Schema, place: _Place, causes: Sequence[Incompatibility]
) -> Incompatibility:
    message = f"reader union lacking writer type: {branch.kind.upper()}"
    return place.report("MISSING_UNION_BRANCH", reader, writer, message, causes)

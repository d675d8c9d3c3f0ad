"""The types of an Avro schema, linked: for the code that generates classes, encoders and decoders.

https://avro.apache.org/docs/1.12.0/specification/#schema-declaration
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import attrs

from tributary.errors import TributaryError


class SchemaError(TributaryError, ValueError):
    """A schema cannot be used; the message says where in it and what was expected."""


@attrs.define(eq=False)
class Primitive:
    """A type without parts. `logical` is kept only where it changes the value: `uuid` on a string."""

    kind: str
    logical: str = ""

    def __str__(self) -> str:
        return self.kind


@attrs.define(eq=False)
class Decimal:
    """The logical type decimal, on bytes or on a fixed type of `size` bytes."""

    precision: int
    scale: int
    size: int | None = None
    name: str = ""
    aliases: tuple[str, ...] = ()
    kind: str = "decimal"

    def __str__(self) -> str:
        return f"decimal({self.precision}, {self.scale})"


@attrs.define(eq=False)
class Fixed:
    """A fixed number of bytes; `name` is the full name, as for every named type."""

    name: str
    aliases: tuple[str, ...]
    size: int
    kind: str = "fixed"

    def __str__(self) -> str:
        return f"fixed {self.name}"


@attrs.define(eq=False)
class Enum:
    """An enum; `default` is the symbol that readers take for one they do not know."""

    name: str
    aliases: tuple[str, ...]
    symbols: tuple[str, ...]
    default: str | None
    doc: str
    kind: str = "enum"

    @property
    def short_name(self) -> str:
        """The name without its namespace."""
        return self.name.rpartition(".")[2]

    def __str__(self) -> str:
        return f"enum {self.name}"


@attrs.define(eq=False)
class Array:
    """A list of items."""

    items: Type
    kind: str = "array"

    def __str__(self) -> str:
        return f"array of {self.items}"


@attrs.define(eq=False)
class Map:
    """Values by text keys."""

    values: Type
    kind: str = "map"

    def __str__(self) -> str:
        return f"map of {self.values}"


@attrs.define(eq=False)
class Union:
    """One of several types."""

    branches: tuple[Type, ...]
    kind: str = "union"

    def __str__(self) -> str:
        return f"union of {', '.join(map(str, self.branches))}"


@attrs.define(eq=False)
class Field:
    """A field of a record. `attributes` are the JSON attributes that Avro does not define, such as `minimum`."""

    name: str
    aliases: tuple[str, ...]
    type: Type
    doc: str
    has_default: bool
    default: Any
    attributes: Mapping[str, Any]


@attrs.define(eq=False)
class Record:
    """A record; it may contain itself."""

    name: str
    aliases: tuple[str, ...]
    doc: str
    fields: tuple[Field, ...] = ()
    kind: str = "record"

    @property
    def short_name(self) -> str:
        """The name without its namespace."""
        return self.name.rpartition(".")[2]

    def __str__(self) -> str:
        return f"record {self.name}"


Type = Primitive | Decimal | Fixed | Enum | Array | Map | Union | Record
Named = Decimal | Fixed | Enum | Record


def parts(kind: Type) -> tuple[Type, ...]:
    """The types directly within a type."""
    if isinstance(kind, Record):
        return tuple(field.type for field in kind.fields)
    if isinstance(kind, Array):
        return (kind.items,)
    if isinstance(kind, Map):
        return (kind.values,)
    return kind.branches if isinstance(kind, Union) else ()


def uses(kind: Type) -> Counter[int]:
    """How often each record, by `id`, is used within a type; a record within itself counts as well."""
    counts = Counter[int]()
    left = [kind]
    while left:
        part = left.pop()
        if isinstance(part, Record):
            counts[id(part)] += 1
            if counts[id(part)] > 1:
                continue
        left += parts(part)
    return counts


def recursion(kind: Type, at: str = "", around: tuple[int, ...] = (), done: set[int] | None = None) -> str | None:
    """The path of a value whose record is within itself, here or further down; None if there is none.

    `around` and `done` have records by `id`.
    """
    done = set() if done is None else done
    below: Iterable[tuple[Type, str]] = ()
    match kind:
        case Record():
            if id(kind) in around:
                return at
            if id(kind) not in done:
                done.add(id(kind))
                around = (*around, id(kind))
                below = ((field.type, f"{at}.{field.name}") for field in kind.fields)
        case Array():
            below = ((kind.items, f"{at}[]"),)
        case Map():
            below = ((kind.values, f"{at}{{}}"),)
        case Union():
            below = ((branch, at) for branch in kind.branches)
    found = (recursion(part, path, around, done) for part, path in below)
    return next((path for path in found if path is not None), None)


def takes_nothing(kind: Type, known: dict[int, bool] | None = None) -> bool:
    """Whether a value may take no bytes at all. A record directly within itself has no values: either answer does."""
    known = {} if known is None else known
    if isinstance(kind, Record):
        if id(kind) not in known:
            known[id(kind)] = True
            known[id(kind)] = all(takes_nothing(field.type, known) for field in kind.fields)
        return known[id(kind)]
    return kind.kind == "null" or (isinstance(kind, Fixed) and kind.size == 0)


def values(kind: Type, known: dict[int, int] | None = None) -> int:
    """How many values there are in one of this type that has no items in its lists and takes the first branch of every
    union. A record within itself counts once."""
    known = {} if known is None else known
    if isinstance(kind, Record):
        if id(kind) not in known:
            known[id(kind)] = 1
            known[id(kind)] = 1 + sum(values(field.type, known) for field in kind.fields)
        return known[id(kind)]
    return values(kind.branches[0], known) if isinstance(kind, Union) and kind.branches else 1

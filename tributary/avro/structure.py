"""Properties of a schema that follow from which types contain which."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from tributary.avro.schema import Array, Map, Record, Schema, Union


def named_types(kind: Schema, seen: set[str] | None = None) -> Iterator[Schema]:
    """The named types within a type, including itself: each once, after those that it uses."""
    seen = set() if seen is None else seen
    if kind.name is not None:
        if kind.full_name in seen:
            return
        seen.add(kind.full_name)
    for part in kind.parts:
        yield from named_types(part, seen)
    if kind.name is not None:
        yield kind


def uses(kind: Schema) -> Counter[int]:
    """How often a type uses each record, by `id`; a record that contains itself counts that use too."""
    counts = Counter[int]()
    left = [kind]
    while left:
        part = left.pop()
        if isinstance(part, Record):
            counts[id(part)] += 1
            if counts[id(part)] > 1:
                continue
        left += part.parts
    return counts


def recursion(kind: Schema, at: str = "", around: tuple[int, ...] = (), done: set[int] | None = None) -> str | None:
    """The path to a record that contains itself, at any depth; None if no record does.

    `around` and `done` have records by `id`.
    """
    done = set() if done is None else done
    below: Iterable[tuple[Schema, str]] = ()
    match kind:
        case Record():
            if id(kind) in around:
                return at
            if id(kind) not in done:
                done.add(id(kind))
                around = (*around, id(kind))
                below = ((field.type, f"{at}.{field.name}") for field in kind.fields)
        case Array():
            below = ((kind.element, f"{at}[]"),)
        case Map():
            below = ((kind.element, f"{at}{{}}"),)
        case Union():
            below = ((branch, at) for branch in kind.branches)
    found = (recursion(part, path, around, done) for part, path in below)
    return next((path for path in found if path is not None), None)


def takes_no_bytes(kind: Schema, known: dict[int, bool] | None = None) -> bool:
    """Whether a value can be encoded in zero bytes. A record that directly contains itself has no values at all."""
    known = {} if known is None else known
    if isinstance(kind, Record):
        if id(kind) not in known:
            known[id(kind)] = True
            known[id(kind)] = all(takes_no_bytes(field.type, known) for field in kind.fields)
        return known[id(kind)]
    return kind.kind == "null" or (kind.kind == "fixed" and kind.size == 0)


def smallest_value(kind: Schema, known: dict[int, int] | None = None) -> int:
    """The number of values in a value with empty arrays and the first branch of every union.

    A recursive record counts once.
    """
    known = {} if known is None else known
    if isinstance(kind, Record):
        if id(kind) not in known:
            known[id(kind)] = 1
            known[id(kind)] = 1 + sum(smallest_value(field.type, known) for field in kind.fields)
        return known[id(kind)]
    return smallest_value(kind.branches[0], known) if kind.branches else 1


def depth(kind: Schema, limit: int, seen: set[int] | None = None) -> int:
    """The nesting depth of a type, at most `limit` + 1. A record counts at its first occurrence only."""
    seen = set() if seen is None else seen
    if limit < 0 or id(kind) in seen:
        return 0
    if isinstance(kind, Record):
        seen.add(id(kind))
    return 1 + max((depth(part, limit - 1, seen) for part in kind.parts), default=0)

"""The engine's verdict compared with what fastavro reads, and every way in which the two may differ."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from tests.support.avro.avro_data import definitions
from tests.support.avro.reading import failure, has_endless
from tributary.avro.parser import parse
from tributary.registry.compatibility import Incompatibility, incompatibilities

Rule = Callable[[Any, Any, list[Incompatibility]], bool]
"""Whether an exception holds for a reader, a writer and the engine's reasons."""


def outcome(reader: Any, writer: Any, reasons: list[Incompatibility]) -> str:
    """Compare the engine's reasons with what fastavro reads; fails if they contradict each other."""
    error = failure(reader, writer)
    if reasons:
        unshown = [rule.__name__ for rule in UNSHOWN if rule(reader, writer, reasons)]
        assert error or unshown, f"refused for {reasons}, and yet fastavro reads everything"
        return "shown" if error else unshown[0]
    unread = [rule.__name__ for rule in UNREAD if rule(reader, writer, reasons)]
    assert error is None or unread, f"called compatible, and yet: {error!r}"
    return "kept" if error is None else unread[0]


def ambiguous(_: Any, __: Any, reasons: list[Incompatibility]) -> bool:
    """A reader's field that by its name and aliases may be two of the writer's: Avro refuses to choose, fastavro does.

    Whichever it takes, the value is of a field that the author may not have meant.
    """
    return any("matches multiple fields" in reason.message for reason in reasons)


def endless(_: Any, writer: Any, __: list[Incompatibility]) -> bool:
    """A record that always has itself inside: no datum of it ends, so there is none."""
    return has_endless(writer)


def unqualified_alias(reader: Any, writer: Any, _: list[Incompatibility]) -> bool:
    """An alias without a namespace is in its type's own (specification, "Aliases"); fastavro finds it in any."""
    aliases = {alias for named in definitions(reader).values() for alias in named.get("aliases", ())}
    bare = [parse(json.dumps(schema).replace('"namespace": "shop"', '"shop": ""')) for schema in (reader, writer)]
    return bool(aliases & definitions(writer).keys()) and not incompatibilities(*bare)


def alias_of_two(reader: Any, _: Any, __: list[Incompatibility]) -> bool:
    """A reader's field has another field's name, or another's alias, as an alias: one written value is meant for both.

    Apache's rules give it to both and judge both; readers, Java's included, give it to one, and the other has nothing
    or its default.
    """
    for record in definitions(reader).values():
        names = [name for field in record.get("fields", ()) for name in {field["name"], *field.get("aliases", ())}]
        if len(names) > len(set(names)):
            return True
    return False


def two_branches_answer(reader: Any, _: Any, __: list[Incompatibility]) -> bool:
    """Two branches of a reader's union have the written type's name, one as an alias: Avro takes one that can be read,
    fastavro the first, whether it can be read or not."""
    return _has_twins(reader)


def _has_twins(schema: Any) -> bool:
    inner = schema if isinstance(schema, list) else []
    if isinstance(schema, dict):
        inner = [schema.get("items"), schema.get("values"), *(f["type"] for f in schema.get("fields", ()))]
    named = [branch for branch in schema if isinstance(branch, dict) and "name" in branch] if inner is schema else []
    names = [name for branch in named for name in {branch["name"], *branch.get("aliases", ())}]
    return len(names) > len(set(names)) or any(_has_twins(one) for one in inner)


UNSHOWN: list[Rule] = [ambiguous, endless, unqualified_alias, alias_of_two]
"""Refused, although fastavro may read every datum."""
UNREAD: list[Rule] = [alias_of_two, two_branches_answer]
"""Compatible, although fastavro may not read every datum."""

"""The engine's verdict beside what fastavro makes of data, and every way in which the two may differ."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from registry.compatibility import Incompatibility, incompatibilities, parse
from tests.avro_data import definitions
from tests.reading import failure, visiting


def outcome(reader: Any, writer: Any, reasons: list[Incompatibility]) -> str:
    """What data says to the engine's reasons; fails where they contradict each other."""
    error = failure(reader, writer)
    if reasons:
        unshown = [rule.__name__ for rule in UNSHOWN if rule(reader, writer, reasons)]
        assert error or unshown, f"refused for {reasons}, and yet fastavro reads everything"
        return "shown" if error else unshown[0]
    unread = [rule.__name__ for rule in UNREAD if rule(reader)]
    assert error is None or unread, f"called compatible, and yet: {error!r}"
    return "kept" if error is None else unread[0]


# ---- where a refusal cannot be shown by data that fastavro reads -------------------------------


def ambiguous(_: Any, writer: Any, reasons: list[Incompatibility]) -> bool:
    """A reader's field that by its name and aliases may be two of the writer's: Avro refuses to choose, fastavro does.

    Whichever it takes, the value is of a field that the author may not have meant.
    """
    return bool(visiting(writer)) and any("matches multiple fields" in reason.message for reason in reasons)


def endless(_: Any, writer: Any, reasons: list[Incompatibility]) -> bool:
    """A record that always has itself inside: no datum of it ends, so there is none."""
    return bool(reasons) and not visiting(writer)


def unqualified_alias(reader: Any, writer: Any, _: list[Incompatibility]) -> bool:
    """An alias without a namespace is in its type's own (specification, "Aliases"); fastavro finds it in any."""
    aliases = {alias for named in definitions(reader).values() for alias in named.get("aliases", ())}
    bare = [parse(json.dumps(schema).replace('"namespace": "shop"', '"shop": ""')) for schema in (reader, writer)]
    return bool(aliases & definitions(writer).keys()) and not incompatibilities(*bare)


UNSHOWN: list[Callable[[Any, Any, list[Incompatibility]], bool]] = [ambiguous, endless, unqualified_alias]


# ---- where what is called compatible is not read -----------------------------------------------


def alias_of_two(reader: Any) -> bool:
    """A reader's field has another field's name, or another's alias, as an alias: one written value is meant for both.

    Apache's rules give it to both; readers, Java's included, give it to one, and the other has nothing.
    """
    for record in definitions(reader).values():
        names = [name for field in record.get("fields", ()) for name in {field["name"], *field.get("aliases", ())}]
        if len(names) > len(set(names)):
            return True
    return False


def two_branches_answer(reader: Any) -> bool:
    """Two branches of a reader's union have the written type's name, one as an alias: Avro takes one that can be read,
    fastavro the first, whether it can be read or not."""
    if isinstance(reader, list):
        names = [name for branch in reader if isinstance(branch, dict) for name in _answers_to(branch)]
        if len(names) > len(set(names)):
            return True
    inner = reader if isinstance(reader, list) else []
    if isinstance(reader, dict):
        inner = [reader.get("items"), reader.get("values"), *(f["type"] for f in reader.get("fields", ()))]
    return any(two_branches_answer(one) for one in inner if isinstance(one, list | dict))


UNREAD: list[Callable[[Any], bool]] = [alias_of_two, two_branches_answer]


def _answers_to(branch: dict[str, Any]) -> set[str]:
    return {branch["name"], *branch.get("aliases", ())} if "name" in branch else set()

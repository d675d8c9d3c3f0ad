"""The engine's verdicts against what fastavro makes of data: every promise is kept, and every refusal has its reason.

For generated versions of a schema and each level: in the directions that the level promises, what the engine calls
compatible is read, and for what it refuses there is a datum that cannot be read. Where there is none, the refusal is
one of `UNSHOWN`; docs/registry.md lists them.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from registry.compatibility import LEVELS, Incompatibility, check, incompatibilities, parse
from tests.avro_data import definitions
from tests.reading import read, visiting, written
from tests.version_data import first_versions, next_versions

EXAMPLES = settings(max_examples=1000, deadline=None, suppress_health_check=[HealthCheck.too_slow])
LATEST, ALL = slice(-1, None), slice(None)
PROMISES: dict[str, tuple[set[str], slice]] = {
    "NONE": (set(), LATEST),
    "BACKWARD": ({"backward"}, LATEST),
    "BACKWARD_TRANSITIVE": ({"backward"}, ALL),
    "FORWARD": ({"forward"}, LATEST),
    "FORWARD_TRANSITIVE": ({"forward"}, ALL),
    "FULL": ({"backward", "forward"}, LATEST),
    "FULL_TRANSITIVE": ({"backward", "forward"}, ALL),
}
"""Level → the directions that it promises, and with which versions (Confluent, "Compatibility types")."""


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
    bare = [json.dumps(schema).replace('"namespace": "shop"', '"shop": ""') for schema in (reader, writer)]
    return not incompatibilities(parse(bare[0]), parse(bare[1]))


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


# ---- the property ------------------------------------------------------------------------------


def failure(reader: Any, writer: Any, data: list[Any]) -> Exception | None:
    """What fastavro says to the first datum that it cannot read; None if it reads all."""
    for datum in data:
        body = written(writer, datum)
        try:
            read(reader, writer, body)
        except UnicodeDecodeError:  # the one break that the rules let through: bytes read as a string, and not UTF-8
            continue
        except Exception as error:
            return error
    return None


@st.composite
def subjects(draw: Any) -> tuple[str, list[Any], Any]:
    """A level, the registered versions, and a candidate made from the last."""
    versions = [draw(first_versions())]
    for _ in range(draw(st.integers(0, 2))):
        versions.append(draw(next_versions(versions[-1])))
    return draw(st.sampled_from(LEVELS)), versions, draw(next_versions(versions[-1]))


def test_a_promise_is_kept_and_a_refusal_is_shown() -> None:
    seen: Counter[str] = Counter()

    @EXAMPLES
    @given(subjects())
    def hold(drawn: tuple[str, list[Any], Any]) -> None:
        level, versions, candidate = drawn
        directions, covered = PROMISES[level]
        promised = {(index, side) for index in range(len(versions))[covered] for side in directions}
        found = check(level, parse(json.dumps(candidate)), [parse(json.dumps(version)) for version in versions])
        refused: dict[tuple[int, str], list[Incompatibility]] = {
            (index, side): reasons for index, side, reasons in found
        }
        assert refused.keys() <= promised
        for index, side in promised:
            pair = (candidate, versions[index]) if side == "backward" else (versions[index], candidate)
            seen[outcome(*pair, refused.get((index, side), []))] += 1

    hold()
    assert seen["shown"] > 10 * sum(seen[rule.__name__] for rule in UNSHOWN), seen
    assert seen["kept"] > 10 * sum(seen[rule.__name__] for rule in UNREAD), seen


def outcome(reader: Any, writer: Any, reasons: list[Incompatibility]) -> str:
    """What data says to the engine's reasons; fails where they contradict each other."""
    error = failure(reader, writer, visiting(writer))
    if reasons:
        unshown = [rule.__name__ for rule in UNSHOWN if rule(reader, writer, reasons)]
        assert error or unshown, f"refused for {reasons}, and yet fastavro reads everything"
        return "shown" if error else unshown[0]
    unread = [rule.__name__ for rule in UNREAD if rule(reader)]
    assert error is None or unread, f"called compatible, and yet: {error!r}"
    return "kept" if error is None else unread[0]


# ---- each exception exists, so none is kept that has become untrue -------------------------------


def record(*fields: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": "record", "name": "R", "fields": list(fields), **more}


A, B = {"name": "a", "type": "int"}, {"name": "b", "type": "int"}
RENAMED = {"type": "enum", "name": "New", "symbols": ["X"], "aliases": ["Old"]}
OLD = {"type": "enum", "name": "Old", "symbols": ["X", "Y"]}
EXCEPTIONS: list[tuple[str, Any, Any]] = [
    ("ambiguous", record(A, {**B, "aliases": ["a"]}), record(A, B)),
    ("endless", record(A, {"name": "r", "type": "R"}), record({"name": "r", "type": "R"})),
    ("unqualified_alias", {**RENAMED, "symbols": ["X", "Y"], "namespace": "shop"}, OLD),
    ("alias_of_two", record(A, {**B, "aliases": ["a"]}), record(A)),
    ("two_branches_answer", [RENAMED, OLD], [OLD]),
]


@pytest.mark.parametrize(("expected", "reader", "writer"), EXCEPTIONS)
def test_every_exception_exists(expected: str, reader: Any, writer: Any) -> None:
    reasons = incompatibilities(parse(json.dumps(reader)), parse(json.dumps(writer)))
    assert outcome(reader, writer, reasons) == expected


def test_not_all_bytes_are_a_string() -> None:
    assert incompatibilities(parse('"string"'), parse('"bytes"')) == []
    with pytest.raises(UnicodeDecodeError):
        read("string", "bytes", written("bytes", b"\xff"))

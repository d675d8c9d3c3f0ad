"""The engine's verdicts against what fastavro makes of data: every promise is kept, and every refusal has its reason.

For generated versions of a schema and each level: in the directions that the level promises, what the engine calls
compatible is read, and for what it refuses there is a datum that cannot be read. Where there is none, the refusal is
one of `outcomes.UNSHOWN`; docs/registry.md lists them.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.avro.outcomes import UNREAD, UNSHOWN, outcome
from tests.support.avro.reading import read, written
from tests.support.avro.version_data import first_versions, next_versions
from tributary.avro.parser import parse
from tributary.catalog import LEVELS
from tributary.registry.compatibility import Incompatibility, check, incompatibilities

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

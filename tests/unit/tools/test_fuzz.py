"""What fuzzing found stays mended, and the strict reading that it uses agrees with fastavro."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fuzz import strict
from tests.fuzz.__main__ import FINDINGS, TARGETS, module
from tests.fuzz.replay import replay
from tests.fuzz.rows import against_fastavro
from tests.support.avro import avro_data

CASES = sorted(FINDINGS.glob("*/*.json"))
SEEDS = 100
"""How many of a target's seeds are checked here."""


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.parent.name}/{case.stem}")
def test_what_was_found_stays_mended(case: Path) -> None:
    replay(case)


@pytest.mark.parametrize("target", TARGETS)
def test_every_target_runs_on_its_seeds(target: str) -> None:
    fuzzed = module(target)
    for seed in list(fuzzed.seeds())[:SEEDS]:
        fuzzed.check(seed)
        fuzzed.replay(fuzzed.case(seed))


@given(data=st.data())
def test_the_strict_reading_agrees_with_fastavro(data: st.DataObject) -> None:
    schema = data.draw(avro_data.schemas())
    against_fastavro(schema, data.draw(avro_data.bodies(schema)))


LIST = {"type": "array", "items": "long"}
LOOSE = {
    "bytes behind the end": ("long", b"\x02\x00"),
    "a boolean of 2": ("boolean", b"\x02"),
    "an int of 33 bits": ("int", b"\x80\x80\x80\x80\x10"),
    "a long of 65 bits": ("long", b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x03"),
    "a long of eleven bytes": ("long", b"\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x00"),
    "a negative length": ("bytes", b"\x01"),
    "text that is not UTF-8": ("string", b"\x02\xff"),
    "a block longer than the body": (LIST, b"\x01\x06\x02\x00"),
    "a negative branch": (["null", "long"], b"\x01"),
}


@pytest.mark.parametrize(("schema", "body"), LOOSE.values(), ids=LOOSE)
def test_the_strict_reading_refuses_what_others_may_take(schema: object, body: bytes) -> None:
    with pytest.raises(strict.Invalid):
        strict.decode(strict.linked(schema), body)

"""Pairs of a writer schema and a contract: the shop's, older versions, and pairs that Hypothesis draws."""

from __future__ import annotations

import random
from functools import lru_cache
from typing import Any

import attrs
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.fuzz import strict
from tests.support.avro import avro_data
from tests.support.avro.event_data import PURCHASE, SCHEMAS, VIEW
from tributary.avro.rows.encoder import encoder

DRAWN = 300
"""The number of drawn pairs; the decoders of each are generated once."""
_PATTERNS = ("^[a-z]+$", "é", "^.{0,3}$")


@attrs.frozen(eq=False)
class Pair:
    """A writer schema and a contract, as JSON and linked, and some bodies written with the writer schema."""

    writer: Any
    contract: Any
    bodies: tuple[bytes, ...] = ()
    written: strict.Node = attrs.field(init=False)
    read: strict.Node = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "written", strict.linked(self.writer))
        object.__setattr__(self, "read", strict.linked(self.contract))


@lru_cache(1)
def pairs() -> list[Pair]:
    """All pairs, the same in every run."""
    found = _shop()

    @settings(
        max_examples=DRAWN,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        deadline=None,
        suppress_health_check=[*HealthCheck],
    )
    @given(st.data())
    def draw(data: st.DataObject) -> None:
        writer = data.draw(avro_data.records(alike=True))
        contract = data.draw(avro_data.readers(writer))
        _limit(contract, random.Random(len(found)))
        bodies = data.draw(st.lists(avro_data.bodies(writer), min_size=1, max_size=4))
        found.append(Pair(writer, contract, tuple(bodies)))

    draw()
    return found


def _shop() -> list[Pair]:
    found = []
    for cls, schema in SCHEMAS.items():
        bodies = tuple(encoder(schema)(event) for event in (VIEW, PURCHASE) if isinstance(event, cls))
        older = schema | {"fields": [field for field in schema["fields"] if "default" not in field]}
        found += [Pair(schema, schema, bodies), Pair(older, schema), Pair(schema, older, bodies)]
    return found


def _limit(contract: Any, chance: random.Random) -> None:
    """Give limits to some fields."""
    for field in contract["fields"]:
        kinds = field["type"] if isinstance(field["type"], list) else [field["type"]]
        if {"int", "long", "float", "double"} & {kind for kind in kinds if isinstance(kind, str)}:
            which = chance.randrange(4)
            if which & 1:
                field["minimum"] = chance.choice((-64, 0, 1, -0.5))
            if which & 2:
                field["maximum"] = chance.choice((63, 8191, 2**62, 1.5))
        if "string" in kinds and chance.randrange(3) == 0:
            field["pattern"] = chance.choice(_PATTERNS)

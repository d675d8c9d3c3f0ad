"""The registry in every faulty state: one fault for each."""

from __future__ import annotations

import signal
from random import Random

from tests.chaos.campaign import messages
from tests.chaos.campaign.bed import Bed, wait
from tests.chaos.campaign.faults import fault
from tests.support.registry.faulty_registry import Fault

_REFUSED = {Fault.WRONG_SCHEMA, Fault.PROTOBUF}
"""States that contradict the lock, so that a member that asks for a schema ends."""
_PLAIN_ANSWERS = {Fault.UNKNOWN_IDS, Fault.NULL_SCHEMA, *_REFUSED}
"""States that cannot be detected without a lock."""


def _make(state: Fault) -> None:
    def act(bed: Bed, chance: Random) -> None:
        bed.registry.fault = state
        try:
            topic = chance.choice(bed.topics)
            if state in _REFUSED:
                with bed.group.expecting("lock"):
                    bed.group.start()
                    wait(chance, 3, 6)
                    bed.registry.fault = Fault.NONE
                return
            messages.send(bed, topic, [messages.DAMAGES["unknown id"](messages.good(bed, topic), chance)])
            more = {} if state in _PLAIN_ANSWERS else {"REGISTRY_LOCK_PATH": str(bed.directory / "no-lock.json")}
            member = bed.group.start(**more)
            wait(chance, 2, 7)
            bed.registry.fault = Fault.NONE
            wait(chance, 1, 3)
            bed.group.send(signal.SIGTERM, member)
        finally:
            bed.registry.fault = Fault.NONE

    act.__doc__ = f"{state.__doc__ or state.value} A member starts in this state, and a message has an unknown id."
    fault("registry", seconds=8, name=f"registry: {state.value}")(act)


for _state in Fault:
    if _state is not Fault.NONE:
        _make(_state)

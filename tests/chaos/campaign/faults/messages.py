"""Messages that cannot be decoded, or that cannot be events, become dead letters; no others do."""

from __future__ import annotations

import signal
import time
from random import Random

from tests.chaos.campaign import messages
from tests.chaos.campaign.bed import Bed
from tests.chaos.campaign.faults import fault
from tests.chaos.campaign.members import WITHIN_S
from tests.support.kafka import running

_BAD_IN_A_ROW = 700
_PAUSE_S = 0.5


@fault(seconds=2)
def damaged_messages(bed: Bed, chance: Random) -> None:
    """Every kind of damage, in random places between good messages."""
    for topic in bed.topics:
        values: list[bytes | None] = []
        for damage in messages.DAMAGES.values():
            values += [messages.good(bed, topic), damage(messages.good(bed, topic), chance)]
        chance.shuffle(values)
        messages.send(bed, topic, values)


@fault(seconds=1)
def flipped_bits(bed: Bed, chance: Random) -> None:
    """One random bit of each message is flipped; messages that are still valid count with their new value."""
    topic = chance.choice(bed.topics)
    messages.send(bed, topic, [messages.DAMAGES["flipped"](messages.good(bed, topic), chance) for _ in range(60)])


@fault(seconds=1)
def implausible_times(bed: Bed, chance: Random) -> None:
    """Times from 1970, the day after tomorrow, in seconds and in microseconds."""
    topic = chance.choice(bed.topics)
    messages.send(bed, topic, messages.out_of_time(bed, topic))


@fault(seconds=1)
def values_out_of_bounds(bed: Bed, chance: Random) -> None:
    """Values below the contract's minimum, or that do not match its pattern."""
    topic = chance.choice(bed.topics)
    messages.send(bed, topic, messages.out_of_bounds(bed, topic))


@fault(seconds=1)
def sums_beyond_64_bits(bed: Bed, chance: Random) -> None:
    """Valid amounts near 2^63, whose sum must be exact."""
    topic = chance.choice(bed.topics)
    messages.send(bed, topic, messages.large(bed, topic))


@fault(seconds=2)
def letters_that_are_too_large(bed: Bed, chance: Random) -> None:
    """Unreadable messages whose value, key or headers nearly fill the broker's limit."""
    topic, most = chance.choice(bed.topics), 1_048_000
    messages.send(bed, topic, [bytes(most)])
    messages.send(bed, topic, [b"bad"], key=b"k" * most)
    messages.send(bed, topic, [b"bad"], headers={"trace": b"h" * most})
    messages.send(bed, topic, [messages.good(bed, topic)], key=b"k" * (most - 1_000))


@fault(alone=True, seconds=25)
def bad_deploy(bed: Bed, chance: Random) -> None:
    """A long run of bad messages: members stop reading the topic until they start with --accept-dead-letters."""
    topic = chance.choice(bed.topics)
    with bed.group.paused(), bed.group.expecting("is not read any more"):
        deadline = time.monotonic() + WITHIN_S
        while not any(f"topic {topic} is not read any more" in member.text for member in bed.group.live):
            # Repeatedly, because good messages of other producers come between them.
            messages.send(bed, topic, [messages.good(bed, topic)[:-2] for _ in range(_BAD_IN_A_ROW)], partition=0)
            if time.monotonic() > deadline:
                bed.problem(f"{topic} turned bad, and no member reports it")
                break
            time.sleep(_PAUSE_S)
        bed.load.stop()
        bed.group.stop(signal.SIGTERM)
        running.run(bed.settings, "consumers.analytics", "--until-caught-up", "--accept-dead-letters")
    bed.load.start()

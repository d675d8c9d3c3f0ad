"""Rounds of overlapping faults, and the comparison at the end."""

from __future__ import annotations

import faulthandler
import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from random import Random

import attrs

from tests.chaos.campaign.bed import Bed
from tests.chaos.campaign.faults import ALL, Fault
from tests.chaos.campaign.summary import Summary
from tests.chaos.campaign.truth import compare
from tests.support.kafka import running

_MOST_AT_ONCE = 3
_AHEAD = 12
"""The number of candidates from which overlapping faults are chosen."""
_APART_S = 3.0
_HANGS_AFTER_S = 300.0
_LETTERS = "dead-letter."


def deck(chance: Random, names: Collection[str]) -> Iterator[Fault]:
    """These faults in random order, repeatedly: each occurs once before any occurs twice."""
    while True:
        cards = [ALL[name] for name in sorted(names)]
        chance.shuffle(cards)
        yield from cards


def rounds(chance: Random, names: Collection[str]) -> Iterator[list[Fault]]:
    """Sets of faults that may overlap."""
    waiting: list[Fault] = []
    cards = deck(chance, names)
    while True:
        some = [waiting.pop(0) if waiting else next(cards)]
        wanted = 1 if some[0].alone else chance.choice([1, 2, _MOST_AT_ONCE, _MOST_AT_ONCE])
        waiting += [next(cards) for _ in range(_AHEAD - len(waiting))]
        for card in list(waiting):
            if len(some) < wanted and _may_meet(card, some):
                waiting.remove(card)
                some.append(card)
        yield some


def _may_meet(card: Fault, some: Collection[Fault]) -> bool:
    return not card.alone and card not in some and not any(card.touches & one.touches for one in some)


@attrs.define
class Campaign:
    """Injects faults for a time, then compares the store with the topics."""

    bed: Bed
    seed: int
    say: Callable[[str], None]
    faults: Counter[str] = attrs.field(factory=Counter)
    recovery_s: dict[str, float] = attrs.field(factory=dict)

    def run(self, names: Collection[str], seconds: float, most_rounds: float = float("inf")) -> Summary:
        """Run rounds for a number of seconds, or a number of rounds."""
        began = time.monotonic()
        for number, some in enumerate(rounds(Random(f"{self.seed} rounds"), names), 1):
            left = seconds - (time.monotonic() - began)
            if number > most_rounds or left < min(fault.seconds for fault in some):
                break
            self._round(number, some, began)
        return self._account(time.monotonic() - began)

    def _round(self, number: int, some: list[Fault], began: float) -> None:
        chance = Random(f"{self.seed} {number}")
        self.bed.load.start()  # a member ends if the broker or the registry is away when it starts
        self.bed.group.until(lambda: len(self.bed.group.live) >= self.bed.group.size, "members do not start again")
        threads = [
            threading.Thread(
                target=self._inject, args=(fault, Random(f"{self.seed} {number} {fault.name}"), delay), daemon=True
            )
            for fault, delay in ((fault, chance.uniform(0, _APART_S) if len(some) > 1 else 0) for fault in some)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(_HANGS_AFTER_S)
            if thread.is_alive():
                faulthandler.dump_traceback()
                raise TimeoutError(f"the faults {', '.join(fault.name for fault in some)} do not end")
        ended = time.monotonic()
        self.bed.catch_up()
        recovered_s = time.monotonic() - ended
        for fault in some:
            self.recovery_s[fault.name] = max(self.recovery_s.get(fault.name, 0), recovered_s)
        names = " + ".join(fault.name for fault in some)
        self.say(
            f"{time.monotonic() - began:6.1f} s  round {number}: {names}; recovered in {recovered_s:.1f} s, "
            f"longest silence {self.bed.monitor.longest_silence_s:.1f} s"
        )

    def _inject(self, fault: Fault, chance: Random, delay_s: float) -> None:
        time.sleep(delay_s)
        self.faults[fault.name] += 1
        try:
            fault.act(self.bed, chance)
        except Exception as error:
            self.bed.problem(f"the fault {fault.name!r} itself failed: {type(error).__name__}: {error}")
            raise

    def _account(self, seconds: float) -> Summary:
        bed = self.bed
        bed.load.stop()
        bed.catch_up()
        bed.group.close()
        figures = running.report(bed.direct)
        self.say("all members have ended; comparing the store with the topics")
        for topic in bed.topics:
            bed.truth.add(running.received(bed.direct, topic))
        self._check_letters()
        return Summary(
            self.seed,
            seconds,
            self.faults,
            bed.load.acknowledged,
            compare(bed.truth, figures, bed.store),
            bed.truth.deleted,
            bed.monitor.longest_silence_s,
            self.recovery_s,
            bed.problems,
            bed.monitor.silences,
        )

    def _check_letters(self) -> None:
        """Check that each unreadable message, and no other, has a dead letter with a reason."""
        bed, origins = self.bed, set()
        for message in running.received(bed.direct, "dead-letters"):
            headers = dict(message.headers() or ())
            origins.add((message.key() or b"").decode())
            if not headers.get(f"{_LETTERS}reason"):
                bed.problem(f"the letter {message.key()!r} has no reason")
        for origin in sorted(bed.truth.origins - origins)[:5]:
            bed.problem(f"{origin} cannot be read, and has no dead letter")
        for origin in sorted(origins - bed.truth.origins)[:5]:
            bed.problem(f"{origin} is a dead letter although it can be read")

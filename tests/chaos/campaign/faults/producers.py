"""Producers are killed, their queue fills up, the broker goes away while they send, a world is published twice."""

from __future__ import annotations

from random import Random

import psutil

from tests.chaos.campaign.bed import Bed, wait
from tests.chaos.campaign.faults import fault
from tests.chaos.campaign.proxy import Line
from tests.support.kafka import running

_COUNT = 3_000


@fault("load", "registry", seconds=5)
def producer_killed(bed: Bed, chance: Random) -> None:
    """kill -9 of the parent of three producers: its children stop sending."""
    wait(chance, 0, 2)
    children = psutil.Process(bed.load.pid).children()
    bed.load.kill()
    _, left = psutil.wait_procs(children, timeout=12)
    if left:
        bed.problem(f"producers continue without their parent: {left}")
    bed.load.start()


@fault("broker", "registry", seconds=10)
def broker_out_of_reach_while_producers_send(bed: Bed, chance: Random) -> None:
    """Everything that they sent is eventually acknowledged, each event once."""
    _send_while_away(bed, chance)


@fault("broker", "registry", seconds=10)
def producers_queue_full(bed: Bed, chance: Random) -> None:
    """Producers wait for room in their queue."""
    file = bed.directory / "small-queue.properties"
    file.write_text("queue.buffering.max.messages=100\n")
    _send_while_away(bed, chance, KAFKA_CONFIG_FILE=str(file))


@fault("registry", seconds=6)
def orders_published_twice(bed: Bed, chance: Random) -> None:
    """The same world is published again: its orders count once."""
    seed = chance.randrange(10**6)
    for _ in range(2):
        process = bed.load.once("--count", 200, "--rate", 0, "--seed", seed, module="producers.purchases")
        output, _ = process.communicate(timeout=running.PATIENCE_S)
        bed.load.note(output)


def _send_while_away(bed: Bed, chance: Random, **more: str) -> None:
    process = bed.load.once("--count", _COUNT, "--rate", _COUNT / 3, "--seed", chance.randrange(10**6), **more)
    wait(chance, 1, 3)
    bed.line.line = Line.CUT
    wait(chance, 2, 5)
    bed.line.line = Line.OPEN
    before = bed.load.acknowledged
    output, _ = process.communicate(timeout=running.PATIENCE_S)
    # Those that started too late to reach the broker report that and have sent nothing.
    if process.returncode and "cannot be reached" not in output:
        bed.problem(f"producers failed:\n{output[-2000:]}")
    bed.load.note(output)
    if not process.returncode and bed.load.acknowledged - before < _COUNT:
        bed.problem(f"producers ended in order without {_COUNT} acknowledged events:\n{output[-2000:]}")

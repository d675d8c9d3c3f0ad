"""The broker is killed, frozen, unreachable, or replaced by an empty one."""

from __future__ import annotations

import shutil
from random import Random

from tests.chaos.campaign.bed import Bed, wait
from tests.chaos.campaign.faults import fault
from tests.chaos.campaign.proxy import Line
from tributary.registry.apply import plan


@fault("broker", seconds=18)
def broker_killed(bed: Bed, chance: Random) -> None:
    """kill -9; it starts again after a while."""
    bed.broker.kill()
    wait(chance, 0, 12)
    bed.broker.start()


@fault("broker", seconds=8)
def broker_restarted(bed: Bed, _: Random) -> None:
    """A graceful stop and a start."""
    bed.broker.stop()
    bed.broker.start()


@fault("broker", seconds=8)
def broker_frozen(bed: Bed, chance: Random) -> None:
    """SIGSTOP; SIGCONT after a while."""
    process = bed.broker.daemon.process
    assert process is not None
    process.suspend()
    wait(chance, 2, 13)
    process.resume()


@fault("broker", seconds=8)
def broker_out_of_reach(bed: Bed, chance: Random) -> None:
    """All connections are closed, and new ones are closed at once."""
    bed.line.line = Line.CUT
    wait(chance, 2, 13)
    bed.line.line = Line.OPEN


@fault("broker", seconds=8)
def broker_deaf(bed: Bed, chance: Random) -> None:
    """All connections stay open, but no packet passes."""
    bed.line.line = Line.DEAF
    wait(chance, 2, 13)
    bed.line.line = Line.CUT
    bed.line.line = Line.OPEN


@fault(alone=True, seconds=40)
def broker_on_an_empty_disk(bed: Bed, chance: Random) -> None:
    """Another cluster answers at the same address: members refuse it until the disk is back."""
    bed.load.stop()
    data, aside = bed.broker.data, bed.broker.data.with_name("data-aside")
    refusals = "does not exist", "belongs to", "ends at .*: the broker has lost messages"
    with bed.group.paused(), bed.group.expecting(*refusals):
        bed.broker.stop()
        data.rename(aside)
        bed.broker.start()
        if chance.random() < 0.5:
            plan.apply(bed.direct)
        bed.group.all_end("the broker has another disk")
        bed.group.start()
        bed.group.all_end("the broker has another disk")
        bed.broker.kill()
        shutil.rmtree(data)
        aside.rename(data)
        bed.broker.start()
    bed.load.start()

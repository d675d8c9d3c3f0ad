"""Members are killed at random moments, under load, and the figures still equal an independent pass."""

from __future__ import annotations

import random
import subprocess
import time

import attrs

from registry import plan
from settings import Settings
from tests import running

ROUNDS = 8
EVENTS = 60_000


def test_kill_9_at_random_moments(fresh: Settings) -> None:
    settings = attrs.evolve(fresh, batch_size=1_000)
    plan.apply(settings)
    seed = random.randrange(10**6)
    chance = random.Random(seed)
    print(f"seed {seed}")
    load = running.start(settings, "producers", "--count", EVENTS, "--rate", EVENTS / 20, "--seed", seed)
    steady = member(settings)
    killed = 0
    while killed < ROUNDS or load.poll() is None:
        victim = member(settings)
        time.sleep(chance.uniform(0.3, 2.5))
        victim.kill()
        output, _ = victim.communicate()
        assert victim.returncode == -9, f"it ended before it was killed: {output}"
        killed += 1
        if killed == ROUNDS // 2:
            # The steady one as well, so that nobody is left to take over for a moment.
            steady.kill()
            steady.communicate()
            steady = member(settings)
    assert load.communicate(timeout=running.PATIENCE_S) and load.returncode == 0
    steady.terminate()
    steady.communicate(timeout=running.PATIENCE_S)
    running.catch_up(settings)
    figures = running.assert_exact(settings)
    assert figures["events"] == EVENTS
    print(f"killed {killed} times, {figures['events']} events exact")


def member(settings: Settings) -> subprocess.Popen[str]:
    return running.start(settings, "consumers.analytics")

"""The producers that generate the load: processes that are restarted when they end."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from random import Random

from tests.support.kafka import running
from tributary.settings import Settings

_STOP_S = 30.0


class Load:
    """One `python -m producers` at a time."""

    def __init__(self, settings: Settings, rate: float, chance: Random, problem: Callable[[str], None]) -> None:
        self.settings = settings
        self.acknowledged = 0
        """Events that producers with a regular end reported as acknowledged."""
        self._rate = rate
        self._chance = chance
        self._problem = problem
        self._seeds: list[int] = []
        self._process: subprocess.Popen[str] | None = None

    @property
    def pid(self) -> int:
        """The pid of the parent of the three producers."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start producers of a new world, or sometimes of one that was published before, whose orders are known."""
        if self._process is not None:
            if self._process.poll() is None:
                return
            self.note(self._process.communicate()[0])
        again = self._seeds and self._chance.random() < 0.3
        seed = self._chance.choice(self._seeds) if again else self._chance.randrange(10**6)
        self._seeds.append(seed)
        self._process = self.once("--rate", self._rate, "--users", 6, "--seed", seed)

    def stop(self) -> None:
        """Stop them with SIGTERM."""
        if self._process is None:
            return
        self._process.send_signal(signal.SIGTERM)
        began = time.monotonic()
        try:
            output, _ = self._process.communicate(timeout=_STOP_S)
        except subprocess.TimeoutExpired:
            self._problem(f"producers still run {_STOP_S:.0f} s after SIGTERM")
            self.kill()
            return
        if time.monotonic() - began > _STOP_S / 2:
            self._problem(f"producers took {time.monotonic() - began:.0f} s to end")
        self.note(output)
        self._process = None

    def kill(self) -> None:
        """Kill the parent, as a power cut would; its children end by themselves."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None

    def once(self, *options: object, module: str = "producers", **more: str) -> subprocess.Popen[str]:
        """Start additional producers; pass their output to `note`."""
        # Such a child does not outlive this process.
        return running.start(self.settings, "tributary.child_process", os.getpid(), module, *options, "--json", **more)

    def note(self, output: str) -> None:
        """Add up the summaries in an output."""
        if "Traceback" in output:
            self._problem(f"a producer ended with a traceback:\n{output[-3000:]}")
        for line in output.splitlines():
            with suppress(ValueError, KeyError, TypeError):
                self.acknowledged += json.loads(line)["acknowledged"]

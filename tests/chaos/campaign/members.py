"""The members of the group: processes that are restarted when they end, as by a supervisor."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from random import Random

import attrs

from tests.support.kafka import running
from tributary.settings import Settings

WITHIN_S = 60.0
"""Seconds that the campaign waits for what must happen, on any machine."""
STOP_S = 10.0
"""Seconds within which SIGTERM ends a member."""
_LOOK_S = 0.1
_RESTART_S = 0.5
_LINGERS_S = 10.0
"""Seconds; an expected end may come a little later than its cause."""
_LINE_IS_FRESH_S = 7.0
"""A member prints its progress every three seconds."""

_BEGINS = re.compile(r"WARNING waiting for (.*)")
_IS_OVER = re.compile(r"no longer waiting for (.*)")
_PROGRESS = re.compile(r"\d\d:\d\d:\d\d  ")
_STOPPED_EARLY = r"stopped before the store could be opened"
_REASONS = ("waiting for", "not read any more")


@attrs.define(eq=False)
class Member:
    """A member that runs, or has run, and its output."""

    process: subprocess.Popen[str]
    born: float = attrs.field(factory=time.monotonic)
    lines: list[str] = attrs.field(factory=list)
    frozen: bool = False
    by_us: str = ""
    """The signal with which the campaign ended it."""
    _open: set[str] = attrs.field(factory=set)
    _said_at: float = 0.0
    _reader: threading.Thread = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def text(self) -> str:
        return "".join(self.lines)

    @property
    def runs(self) -> bool:
        return self.process.poll() is None

    @property
    def states_a_reason(self) -> bool:
        """Whether it currently reports why it makes no progress."""
        return bool(self._open) or time.monotonic() - self._said_at < _LINE_IS_FRESH_S

    def send(self, number: signal.Signals) -> None:
        """Send a signal; the member may have ended already."""
        if number in (signal.SIGKILL, signal.SIGTERM):
            self.by_us = number.name
        if number in (signal.SIGSTOP, signal.SIGCONT):
            self.frozen = number is signal.SIGSTOP
        self.process.send_signal(number)

    def last_words(self) -> str:
        """Its output after it has ended."""
        self._reader.join(5)
        return self.text

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line)
            if begins := _BEGINS.search(line):
                self._open.add(begins[1])
            elif over := _IS_OVER.search(line):
                self._open.discard(over[1])
            elif "the registry answers again" in line:
                self._open = {reason for reason in self._open if not reason.startswith("the registry")}
            elif _PROGRESS.match(line):
                self._said_at = time.monotonic() if any(reason in line for reason in _REASONS) else 0.0


class Group:
    """Keeps a number of members running, and records those that end unexpectedly."""

    def __init__(self, settings: Settings, size: int, chance: Random, problem: Callable[[str], None]) -> None:
        self.settings = settings
        self.size = size
        self.lost_at = 0.0
        """When the campaign last killed or froze a member."""
        self.ended: list[Member] = []
        self._chance = chance
        self._problem = problem
        self._members: list[Member] = []
        self._expected: dict[str, float] = {}
        self._paused = 0
        self._closed = False
        self._lock = threading.RLock()
        self._keeper = threading.Thread(target=self._keep, name="keeper", daemon=True)

    def open(self) -> None:
        """Start the members, and restart those that end."""
        self._keeper.start()

    @property
    def live(self) -> list[Member]:
        """Those that run and are not frozen."""
        with self._lock:
            return [member for member in self._members if member.runs and not member.frozen]

    def start(self, *options: str, **more: str) -> Member:
        """Start one more member, which is not restarted when it ends."""
        more = {"BATCH_SIZE": str(self._chance.choice([200, 1_000, 10_000])), **more}
        with self._lock:
            # As a child, so that it ends with this process.
            command = "tributary.child_process", os.getpid(), "consumers.analytics"
            member = Member(running.start(self.settings, *command, *options, **more))
            self._members.append(member)
        return member

    def send(self, number: signal.Signals, *members: Member) -> None:
        """Send a signal to these members, or to all."""
        with self._lock:
            for member in members or self._members:
                if member.runs:
                    member.send(number)
            if number in (signal.SIGKILL, signal.SIGSTOP, signal.SIGCONT):
                self.lost_at = time.monotonic()

    def any(self, chance: Random) -> Member:
        """A member that runs and is not frozen."""
        self.until(lambda: bool(self.live), "no member runs")
        return chance.choice(self.live)

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Do not restart members that end."""
        self._paused += 1
        try:
            yield
        finally:
            self._paused -= 1

    @contextmanager
    def expecting(self, *patterns: str) -> Iterator[None]:
        """Expect members to end with exit code 1 and a line that matches one of these patterns."""
        self._expected |= dict.fromkeys(patterns, float("inf"))
        try:
            yield
        finally:
            self._expected |= dict.fromkeys(patterns, time.monotonic() + _LINGERS_S)

    def stop(self, number: signal.Signals = signal.SIGTERM) -> None:
        """End all members; call it while paused."""
        for member in self.live:
            self.send(number, member)
        self.until(lambda: not self.live, "a member does not end")

    def all_end(self, why: str) -> None:
        """Wait until all members have ended by themselves; call it while paused."""
        self.until(lambda: not self.live, f"members continue although {why}")

    def until(self, condition: Callable[[], bool], otherwise: str, seconds: float = WITHIN_S) -> bool:
        """Wait for a condition, or record the problem."""
        deadline = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > deadline:
                self._problem(f"{otherwise}, after {seconds:.0f} s{self.last_lines()}")
                return False
            time.sleep(0.02)
        return True

    def last_lines(self) -> str:
        """The last output of each live member, for a message."""
        said = [f"pid {member.process.pid}: {line}" for member in self.live for line in member.lines[-4:]]
        return "".join(f"\n    | {line.rstrip()}" for line in said)

    def close(self) -> None:
        """Stop all members and do not restart them."""
        self._closed = True
        self._keeper.join()
        self.send(signal.SIGCONT)
        self.stop()
        self._bury()
        with self._lock:
            for member in self._members:
                member.send(signal.SIGKILL)

    def _keep(self) -> None:
        again_at = 0.0
        while not self._closed:
            if self._bury():
                again_at = time.monotonic() + _RESTART_S
            with self._lock:
                missing = self.size - len(self._members)
            if missing > 0 and not self._paused and time.monotonic() >= again_at:
                self.start()
            time.sleep(_LOOK_S)

    def _bury(self) -> int:
        with self._lock:
            ended = [member for member in self._members if not member.runs]
            for member in ended:
                self._members.remove(member)
            self.ended += ended
        for member in ended:
            with suppress(subprocess.TimeoutExpired):
                self._judge(member)
        return len(ended)

    def _judge(self, member: Member) -> None:
        text, code = member.last_words(), member.process.returncode
        if member.by_us == "SIGKILL" and code == -signal.SIGKILL:
            return
        if member.by_us == "SIGTERM" and code == -signal.SIGTERM and not text:
            return  # before it could handle signals
        now = time.monotonic()
        patterns = [pattern for pattern, until in self._expected.items() if now < until]
        if member.by_us == "SIGTERM":
            patterns.append(_STOPPED_EARLY)
        said = "".join(f"\n    | {line}" for line in text.splitlines()[-8:])
        if "Traceback" in text:
            self._problem(f"a member ended with a traceback:\n{text[-3000:]}")
        elif code == 0 and member.by_us != "SIGTERM":
            self._problem(f"a member ended by itself without an error:{said}")
        elif code != 0 and not any(re.search(pattern, text) for pattern in patterns):
            by = f" after {member.by_us}" if member.by_us else ""
            self._problem(f"a member ended{by} with exit code {code}, which was not expected:{said}")

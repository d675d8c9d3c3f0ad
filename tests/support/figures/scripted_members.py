"""Members of the analytics group on a scripted cluster, each running one turn at a time."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable

import attrs
import pytest

from consumers.analytics.figures import SHOP
from tests.support.contracts import CONTRACTS, NOWHERE
from tests.support.figures.scripted_kafka import Client, Cluster
from tests.support.figures.shop_messages import NAMES, NOW_ID, PROTOBUF_ID, SCHEMAS
from tributary import catalog
from tributary.figures import member, pipeline
from tributary.figures import monitor as watch
from tributary.figures.member import Member, RunOptions
from tributary.figures.status import MemberStatus
from tributary.figures.store import errors
from tributary.kafka import dead_letters, group, writer_schemas
from tributary.registry.client import RegistryClient, RegistryUnavailable, SchemaNotFound, SchemaUnusable
from tributary.settings import Settings

WAIT_S = 30.0
"""Seconds for what should happen soon, on a slow machine."""


def hurry(patch: pytest.MonkeyPatch, linger_s: float) -> None:
    """Shorten the waits of members, and the sizes of fetches and writes; their monitor runs on demand."""
    for module, name, value in (
        (errors, "RETRY_S", 0.01),
        (dead_letters, "_TICK_S", 0.01),
        (writer_schemas, "_AT_HAND_S", 0.05),
        (writer_schemas, "_FIRST_PAUSE_S", 0.01),
        (writer_schemas, "_LONGEST_PAUSE_S", 0.01),
        (watch, "_EVERY_S", 3600.0),
        (member, "_RETRY_S", 0.0),
        (member, "_DRAIN_S", 0.2),
        (member, "_STOP_S", 0.2),
        (pipeline, "_TICK_S", 0.01),
        (pipeline, "_LINGER_S", linger_s),
        (pipeline, "_LINGER_BEHIND_S", 2 * linger_s),
        (pipeline, "_ROWS_PER_WRITE", 20),
        (group, "_AT_ONCE", 3),
    ):
        patch.setattr(module, name, value)


class Killed(BaseException):
    """The process ends here."""


class Turns:
    """Work in a thread of its own that runs one turn at a time, then waits where it calls `pause`."""

    def __init__(self, work: Callable[[Callable[[object], None]], None]) -> None:
        self._go, self._came = threading.Semaphore(0), threading.Semaphore(0)
        self._killed = False
        self._work = work
        self.ended = False
        self.error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        self._wait()

    def turn(self) -> None:
        """Run it until it pauses or has ended."""
        if not self.ended:
            self._go.release()
            self._wait()

    def kill(self) -> None:
        """End it where it is."""
        self._killed = True
        self.turn()

    def _wait(self) -> None:
        assert self._came.acquire(timeout=20), "hangs"

    def _pause(self, _: object) -> None:
        self._came.release()
        self._go.acquire()
        if self._killed:
            raise Killed

    def _run(self) -> None:
        try:
            self._work(self._pause)
        except Killed:
            pass
        except BaseException as error:
            self.error = error
        self.ended = True
        self._came.release()


@attrs.define(eq=False)
class Running:
    """One member."""

    analytics: Member
    client: Client
    stop: threading.Event
    turns: Turns | None = None
    status: MemberStatus | None = None

    @property
    def ended(self) -> bool:
        assert self.turns is not None
        return self.turns.ended

    def turn(self) -> None:
        """Run it until it reports its status. Raises what it ended with."""
        assert self.turns is not None
        self.turns.turn()
        if self.turns.error:
            raise self.turns.error

    def kill(self) -> None:
        """Kill it at its position; it stays in the group until its session ends."""
        assert self.turns is not None
        self.turns.kill()
        self.analytics._pipeline.close()
        self.analytics._schemas.close()
        self.analytics._store.close()

    def go_on(self, until: Callable[[], bool]) -> None:
        """Run it until a condition is true. Raises what it ended with."""
        deadline = time.monotonic() + WAIT_S
        while not until():
            assert time.monotonic() < deadline, "does not come"
            self.turn()

    def end(self) -> None:
        """Run it to its end. Raises what it ended with."""
        self.go_on(lambda: self.ended)
        self.turn()


class Group:
    """Creates members, and answers them as the registry."""

    def __init__(self, settings: Settings, patch: pytest.MonkeyPatch) -> None:
        self.settings = settings
        self.cluster = Cluster(dict.fromkeys(NAMES, 2))
        self.cluster.install(patch)
        self.known = set(NOW_ID.values())
        """The ids that the registry has."""
        self.registry_away = False
        self._catalog = catalog.load(attrs.evolve(settings, project=CONTRACTS))

    def _ask(self, schema_id: int) -> str:
        if schema_id == PROTOBUF_ID:
            raise SchemaUnusable("schema id 21 is of type PROTOBUF")
        if self.registry_away:
            raise RegistryUnavailable("it does not answer")
        if schema_id not in self.known:
            raise SchemaNotFound(schema_id)
        return json.dumps(SCHEMAS[schema_id])

    def member(self, choices: RunOptions) -> Running:
        """A member that has joined and not yet run a turn."""
        registry = RegistryClient(NOWHERE)
        registry.schema_text = self._ask  # type: ignore[method-assign]
        stop = threading.Event()
        made: list[Running] = []

        def work(pause: Callable[[object], None]) -> None:
            analytics = Member(SHOP, self.settings, self._catalog, registry, choices, stop)
            one = Running(analytics, self.cluster.group[-1], stop)
            made.append(one)

            def observe(status: MemberStatus) -> None:
                one.status = status
                pause(status)

            pause(None)
            try:
                analytics.run(observe)
                one.status = analytics.status()
            except Killed:
                return
            except BaseException:
                analytics.close()
                raise
            analytics.close()

        turns = Turns(work)
        if turns.error:
            raise turns.error
        (one,) = made
        one.turns = turns
        return one

    def run(self, choices: RunOptions) -> Running:
        """Run a member to its end. Raises what it ended with."""
        one = self.member(choices)
        one.end()
        return one

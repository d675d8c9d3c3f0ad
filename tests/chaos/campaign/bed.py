"""The parts of a campaign: a broker and a registry, each behind a proxy, load, group, monitor, truth."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

import attrs
from confluent_kafka.admin import AdminClient

from tests.chaos.campaign.load import Load
from tests.chaos.campaign.members import Group
from tests.chaos.campaign.monitor import Monitor
from tests.chaos.campaign.proxy import Proxy
from tests.chaos.campaign.truth import Judge, Truth
from tests.support.kafka.stacks import own_stack
from tests.support.registry.faulty_registry import FaultyRegistry, faulty_registry
from tributary import catalog
from tributary.registry.apply import plan
from tributary.registry.client import RegistryClient
from tributary.settings import Settings
from tributary.stack import ports
from tributary.stack.kafka import Broker
from tributary.stack.registry import RegistryServer

_LISTENERS = """\
listeners=PLAINTEXT://{host}:{port},PROXIED://{host}:{behind},CONTROLLER://{host}:{controller}
advertised.listeners=PLAINTEXT://{host}:{port},PROXIED://{host}:{proxy}
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,PROXIED:PLAINTEXT
inter.broker.listener.name=PLAINTEXT
"""


@attrs.frozen
class _Broker(Broker):
    """The local broker with a second listener, which clients reach through a proxy."""

    behind: int = attrs.field(kw_only=True)
    proxy: int = attrs.field(kw_only=True)

    def properties(self) -> str:
        ours = super().properties()
        voters = next(line for line in ours.splitlines() if line.startswith("controller.quorum.voters="))
        return ours + _LISTENERS.format(
            host=ports.LOOPBACK,
            port=self.port,
            behind=self.behind,
            proxy=self.proxy,
            controller=voters.rpartition(":")[2],
        )


@attrs.define(eq=False)
class Bed:
    """Everything that faults act on."""

    directory: Path
    broker: Broker
    line: Proxy
    registry: FaultyRegistry
    direct: Settings
    """Settings that lead to the broker and the registry without the proxies."""
    settings: Settings
    """Those of members and producers."""
    judges: dict[str, Judge]
    problems: list[str] = attrs.field(factory=list)
    group: Group = attrs.field(init=False)
    load: Load = attrs.field(init=False)
    monitor: Monitor = attrs.field(init=False)
    truth: Truth = attrs.field(init=False)
    _admin: AdminClient | None = None
    _numbers: Iterator[int] = attrs.field(factory=itertools.count)

    @property
    def topics(self) -> list[str]:
        """The topics with events."""
        return list(self.judges)

    @property
    def store(self) -> Path:
        return self.settings.store_path

    def admin(self) -> AdminClient:
        """A new admin client: an old one does not survive every fault of the broker.

        A reference is kept, because pending requests are never answered once the client is collected.
        """
        self._admin = AdminClient({**self.direct.kafka_client(), "log_level": 0})
        return self._admin

    def number(self) -> int:
        """An id that was not returned before."""
        return next(self._numbers)

    def problem(self, text: str) -> None:
        """Record a problem."""
        self.problems.append(text)
        print(f"PROBLEM: {text}", flush=True)

    def catch_up(self) -> bool:
        """Wait until everything in the topics now is counted."""
        ends = self.monitor.ends()
        behind = "what was waiting when the last fault ended is not counted"
        return self.group.until(lambda: self.monitor.has_counted(ends), behind, seconds=90)


@contextmanager
def made(seed: int, members: int, rate: float) -> Iterator[Bed]:
    """Start everything; end it with the block or when this process dies."""
    with own_stack("chaos") as settings:
        directory = settings.stack_dir
        direct = attrs.evolve(settings, lock_path=directory / "registry.lock.json")
        behind = ports.free()
        line = Proxy(behind)
        broker = _Broker(
            directory / "kafka", direct.kafka_port, direct.jars_dir, say=_silent, behind=behind, proxy=line.port
        )
        server = RegistryServer(directory / "registry", direct.registry_port, say=_silent)
        broker.start()
        server.start()
        plan.apply(direct)
        with faulty_registry(direct.registry_url) as registry:
            proxied = attrs.evolve(direct, bootstrap_servers=f"{ports.LOOPBACK}:{line.port}", registry_url=registry.url)
            bed = Bed(directory, broker, line, registry, direct, proxied, _judges(direct))
            with _at_work(bed, seed, members, rate):
                yield bed
        line.close()


@contextmanager
def _at_work(bed: Bed, seed: int, members: int, rate: float) -> Iterator[None]:
    bed.group = Group(bed.settings, members, Random(f"{seed} members"), bed.problem)
    bed.load = Load(bed.settings, rate, Random(f"{seed} load"), bed.problem)
    bed.monitor = Monitor(bed.direct, bed.topics, bed.group)
    bed.truth = Truth(bed.direct, bed.judges)
    bed.load.start()
    bed.group.open()
    bed.monitor.start()
    try:
        bed.group.until(lambda: bool(bed.monitor.stored), "nothing is counted")
        yield
    finally:
        bed.load.stop()
        bed.group.close()
        bed.monitor.close()


def _judges(settings: Settings) -> dict[str, Judge]:
    registry = RegistryClient.from_settings(settings)
    return {
        topic.name: Judge(
            topic,
            registry.lookup(topic.subject, topic.text).id,
            settings.event_time_earliest_ms,
            settings.event_time_ahead_ms,
        )
        for topic in catalog.load(settings).topics
    }


def _silent(_: str) -> None:
    pass


def wait(chance: Random, least: float, most: float) -> None:
    """Sleep for a random time."""
    time.sleep(chance.uniform(least, most))

"""The broker, the registry and the topics that all sections use."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import attrs

from benchmarks import measure
from benchmarks.measure import BenchmarkError
from tests.support.paths import ROOT
from tributary import settings as settings_module
from tributary.settings import Settings

_LEADERS_WITHIN_S = 60.0


@attrs.frozen
class Load:
    """Topics with events, and the expected figures."""

    settings: Settings
    events: int
    expected: Path
    """The figures by an independent pass, as JSON."""


@attrs.frozen
class Bed:
    """A running stack, and a folder for the files of the measurements."""

    settings: Settings
    directory: Path

    def path(self, name: str) -> Path:
        """A file or folder that does not exist yet."""
        return self.directory / "runs" / f"{name}-{uuid.uuid4().hex[:8]}"

    def topics(self) -> Settings:
        """Settings with registered, empty topics."""
        settings = self._named(uuid.uuid4().hex[:8])
        from tributary.registry.apply import plan

        plan.apply(settings)
        return settings

    def member(self, settings: Settings) -> Settings:
        """The same topics with a new group and a new store."""
        path = self.path("store")
        path.mkdir()
        return attrs.evolve(settings, consumer_group=path.name, store_path=path / "analytics.sqlite")

    def load(self, events: int, parts: int = 1) -> Load:
        """Topics with `events` events in each of `parts`; topics that an earlier run left in the folder are reused.

        Each part has sessions and orders of its own.
        """
        note = self.directory / f"load-{events}-{parts}.json"
        expected = note.with_suffix(".expected.json")
        if note.exists():
            settings = self._named(json.loads(note.read_text(encoding="utf-8"))["topics"])
            self._await_leaders(settings)
            return Load(settings, events * parts, expected)
        settings = self.topics()
        for part in range(parts):
            print(f"Loading {events:,} events{f', part {part + 1} of {parts}' if parts > 1 else ''}", file=sys.stderr)
            command = ["--events", str(events), "--seed", str(part + 1)]
            environment = self.environment(settings)
            if subprocess.run(
                [sys.executable, "-m", "benchmarks.load", *command], cwd=ROOT, env=environment
            ).returncode:
                raise BenchmarkError("the events could not be loaded")
        if parts == 1:
            print("Counting them by an independent pass", file=sys.stderr)
            measure.run("benchmarks.check", expected, log=self.path("check"), environment=self.environment(settings))
        name = settings.topic_names["KAFKA_TOPIC_PRODUCTS"].removeprefix("product-events-")
        note.write_text(json.dumps({"topics": name}), encoding="utf-8")
        return Load(settings, events * parts, expected)

    def environment(self, settings: Settings) -> dict[str, str]:
        """The environment of a process that works with these settings."""
        from tests.support.kafka.running import environment

        return environment(settings)

    def events(self, settings: Settings) -> dict[str, str]:
        """The topic of each event, by the event's name."""
        from tributary import catalog

        return {topic.event: topic.name for topic in catalog.load(settings).topics}

    def _await_leaders(self, settings: Settings) -> None:
        """Wait until every partition can be read: a broker that just started knows its topics, but is not yet
        their leader.
        """
        from tributary.stack import probe

        deadline = time.monotonic() + _LEADERS_WITHIN_S
        while isinstance(problem := probe.topics(settings), str):
            if time.monotonic() > deadline:
                raise BenchmarkError(f"the topics cannot be read: {problem}")
            time.sleep(0.2)

    def _named(self, name: str) -> Settings:
        from tests.support.kafka.stacks import own_topics

        lock_path = self.directory / f"registry-{name}.lock.json"
        return attrs.evolve(self.settings, topic_names=own_topics(name), lock_path=lock_path)


@contextmanager
def bed(keep: Path | None) -> Iterator[Bed]:
    """A stack on free ports in a temporary folder, or in `keep`, where its data is kept for the next run.

    Raises BenchmarkError if one runs in that folder, and StackError if it does not start.
    """
    from tests.support.kafka.stacks import ended_with_us, own_environment
    from tributary.stack.local import LocalStack

    directory = Path(tempfile.mkdtemp(prefix="tributary-benchmarks-")) if keep is None else keep.resolve()
    (directory / "runs").mkdir(parents=True, exist_ok=True)
    environment = own_environment(directory / "stack")
    settings = settings_module.load(environment, env_file=Path(os.devnull))
    local = LocalStack(settings, say=lambda line: print(line, file=sys.stderr))
    if local.broker.pid is not None:
        raise BenchmarkError(f"a broker runs in {directory} already: another benchmark uses that folder")
    try:
        with ended_with_us(environment, "down" if keep else "clean"):
            local.up()
            yield Bed(settings, directory)
    finally:
        shutil.rmtree(directory / "runs" if keep else directory, ignore_errors=True)

"""STACK=local: Kafka and the local registry as processes on this machine, their data in one directory."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from urllib.parse import urlsplit

import attrs

from tributary.settings import Settings
from tributary.stack import data
from tributary.stack.errors import StackError
from tributary.stack.kafka import Broker
from tributary.stack.lock import exclusive
from tributary.stack.registry import RegistryServer

_LOOPBACK = ("127.0.0.1", "localhost")


@attrs.frozen
class LocalStack:
    """The stack of one directory. Commands on it wait for each other."""

    settings: Settings
    say: Callable[[str], None] = print

    @property
    def broker(self) -> Broker:
        """The Kafka node, running or not."""
        return Broker(
            directory=self.settings.stack_dir / "kafka",
            port=self.settings.kafka_port,
            jars_dir=self.settings.jars_dir,
            host=_host(self.settings.bootstrap_servers),
            heap=self.settings.kafka_heap,
            say=self.say,
        )

    @property
    def registry(self) -> RegistryServer:
        """The registry, running or not."""
        return RegistryServer(self.settings.stack_dir / "registry", self.settings.registry_port, say=self.say)

    def up(self) -> None:
        """Start the servers that are not running. Raises StackError if that fails."""
        self._require_loopback()
        with self._lock():
            servers = (self.broker, self.registry)
            # Both ports are checked before either server starts, so that a taken port does not leave half a stack.
            for server in servers:
                if server.pid is None:
                    server.require_port()
            for server in servers:
                began = time.monotonic()
                started = server.start()
                state = f"ready after {time.monotonic() - began:.1f} s" if started else "runs already"
                self.say(f"{server.daemon.name}: {state} (pid {server.pid})")

    def down(self) -> None:
        """Stop what `up` started; keep the data. The registry first: nothing is then registered without a broker."""
        with self._lock():
            if self.broker.records_classes:
                self.say("Stopping. This time Kafka also saves its loaded classes, so that later starts are faster.")
            for server in (self.registry, self.broker):
                self.say(f"{server.daemon.name}: {'stopped' if server.stop() else 'was not running'}")

    def clean(self) -> None:
        """Stop the servers and delete their data, and the analytics store if it is in the same directory."""
        with self._lock() as lock:
            self.registry.kill()
            self.broker.kill()
            deleted = data.delete(data.services(self.settings) + data.derived(self.settings))
            lock.unlink()
        for line in deleted or [f"nothing to delete in {self.settings.stack_dir}"]:
            self.say(line)
        if self.settings.jars_dir.exists():
            self.say(f"kept {self.settings.jars_dir} (Kafka's jars, so that the next start needs no download)")

    def _lock(self) -> AbstractContextManager[Path]:
        return exclusive(self.settings.stack_dir, self.say)

    def _require_loopback(self) -> None:
        for name, address in (
            ("KAFKA_BOOTSTRAP_SERVERS", self.settings.bootstrap_servers),
            ("SCHEMA_REGISTRY_URL", self.settings.registry_url),
        ):
            if _host(address) not in _LOOPBACK:
                raise StackError(
                    f"{name} is {address}, but STACK=local starts servers on this machine only "
                    f"({' or '.join(_LOOPBACK)}). To use servers that run elsewhere, set STACK=external in .env."
                )


def _host(address: str) -> str:
    return urlsplit(address if "//" in address else f"//{address}").hostname or ""

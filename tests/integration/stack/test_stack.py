"""The local stack: real Kafka and registry in folders and on ports of the test's own."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import attrs
import psutil
import pytest
from confluent_kafka import OFFSET_BEGINNING, Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from tests.support.paths import ROOT
from tributary import settings as settings_module
from tributary.registry.client import RegistryClient, RegistryError
from tributary.settings import Settings
from tributary.stack import ports
from tributary.stack.errors import StackError
from tributary.stack.kafka import Broker
from tributary.stack.local import LocalStack
from tributary.stack.registry import RegistryServer

SCHEMA = '{"type": "record", "name": "Kept", "fields": [{"name": "n", "type": "int"}]}'


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """The environment of a stack of the test's own."""
    return {
        "STACK": "local",
        "STACK_DIR": str(tmp_path / "stack dir é"),
        "STORE_PATH": str(tmp_path / "stack dir é" / "analytics.sqlite"),
        "JARS_DIR": str(settings_module.load().jars_dir),
        "KAFKA_BOOTSTRAP_SERVERS": f"{ports.LOOPBACK}:{ports.free()}",
        "SCHEMA_REGISTRY_URL": f"http://{ports.LOOPBACK}:{ports.free()}",
    }


@pytest.fixture
def stack(environment: dict[str, str]) -> Iterator[LocalStack]:
    """That stack, not started; deleted afterwards."""
    stack = LocalStack(settings_module.load(environment, env_file=Path(os.devnull)), say=lambda _: None)
    yield stack
    stack.clean()


def command(environment: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    """Run `tributary stack …` as a person does."""
    return subprocess.run(
        [sys.executable, "-m", "tributary", "stack", *words],
        env=os.environ | environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
    )


def create_topic(broker: Broker, name: str) -> None:
    admin = AdminClient({"bootstrap.servers": broker.address})
    admin.create_topics([NewTopic(name, num_partitions=1)])[name].result()


def produce(broker: Broker, topic: str, values: list[bytes]) -> None:
    producer = Producer({"bootstrap.servers": broker.address, "acks": "all"})
    for value in values:
        producer.produce(topic, value)
    assert producer.flush(30) == 0


def consume(broker: Broker, topic: str, count: int) -> list[bytes]:
    consumer = Consumer({"bootstrap.servers": broker.address, "group.id": "reader"})
    consumer.assign([TopicPartition(topic, 0, OFFSET_BEGINNING)])
    try:
        messages = consumer.consume(count, timeout=30)
    finally:
        consumer.close()
    return [message.value() or b"" for message in messages]


def test_an_unknown_topic_is_not_created(cluster: Settings) -> None:
    producer = Producer({"bootstrap.servers": cluster.bootstrap_servers, "message.timeout.ms": 5000})
    failures: list[object] = []
    producer.produce("mis-spelt", b"x", on_delivery=lambda error, _: failures.append(error))
    producer.flush(30)

    assert len(failures) == 1
    assert failures[0] is not None
    topics = AdminClient({"bootstrap.servers": cluster.bootstrap_servers}).list_topics(timeout=30).topics
    assert "mis-spelt" not in topics


def test_data_survives_down_and_up(stack: LocalStack) -> None:
    values = [b"%d" % n for n in range(100)]
    stack.up()
    create_topic(stack.broker, "kept")
    produce(stack.broker, "kept", values)
    client = RegistryClient.from_settings(stack.settings)
    registered = client.register("kept-value", SCHEMA)

    stack.down()
    assert stack.broker.pid is None
    assert stack.registry.pid is None
    assert ports.is_free(stack.broker.port)
    stack.up()

    assert consume(stack.broker, "kept", 100) == values
    assert RegistryClient.from_settings(stack.settings).lookup("kept-value", SCHEMA).id == registered


def test_data_survives_kill_9(stack: LocalStack) -> None:
    values = [b"%d" % n for n in range(100)]
    broker = stack.broker
    broker.start()
    create_topic(broker, "kept")
    produce(broker, "kept", values)
    process = broker.daemon.process
    assert process is not None

    process.kill()
    process.wait(30)
    assert broker.pid is None
    assert broker.start() is True

    assert broker.pid != process.pid
    assert consume(broker, "kept", 100) == values


def test_two_ups_at_once_start_one_stack(stack: LocalStack, environment: dict[str, str]) -> None:
    words = [sys.executable, "-m", "tributary", "stack", "up"]
    both = [
        subprocess.Popen(words, env=os.environ | environment, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    said = sorted((process.communicate()[0] for process in both), key=lambda text: "runs already" in text)

    assert [process.returncode for process in both] == [0, 0]
    starter, other = said
    assert starter.count("ready after") == 2
    assert other.count("runs already") == 2
    assert f"(pid {stack.broker.pid})" in starter
    assert f"(pid {stack.broker.pid})" in other


def test_starts_with_neither_java_nor_network(stack: LocalStack, environment: dict[str, str]) -> None:
    """The jars are present: the fixture `cluster` or an earlier test has downloaded them."""
    stack.broker.start()
    stack.down()
    nowhere = "http://127.0.0.1:9"
    bare = {"PATH": "/nonexistent", "JAVA_HOME": "", "HTTPS_PROXY": nowhere, "HTTP_PROXY": nowhere, "NO_PROXY": ""}

    result = command(environment | bare, "up")

    assert result.returncode == 0, result.stderr
    assert stack.broker.pid is not None


def test_a_taken_port_is_refused_before_anything_starts(stack: LocalStack, environment: dict[str, str]) -> None:
    with socket.create_server((ports.LOOPBACK, stack.registry.port)):
        result = command(environment, "up")

    assert result.returncode == 1
    assert f"port {stack.registry.port}: it is taken by pid {os.getpid()} (" in result.stderr
    assert "SCHEMA_REGISTRY_URL in .env" in result.stderr
    assert stack.broker.pid is None, "half a stack helps nobody"


def test_a_start_that_fails_shows_the_last_lines_of_kafkas_log(stack: LocalStack) -> None:
    broker = stack.broker
    broker.start()
    broker.kill()
    meta = broker.data / "meta.properties"
    meta.write_text(meta.read_text().replace("node.id=1", "node.id=2"))

    with pytest.raises(StackError) as caught:
        broker.start()

    assert "ended during its start" in str(caught.value)
    assert "node.id" in str(caught.value) or "node id" in str(caught.value)
    assert str(broker.daemon.log) in str(caught.value)
    assert "tributary stack clean" in str(caught.value)
    assert broker.pid is None


def test_an_up_that_is_interrupted_leaves_a_start_that_the_next_up_waits_for(
    stack: LocalStack, environment: dict[str, str]
) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "tributary", "stack", "up"],
        env=os.environ | environment,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as first:
        while (pid := stack.broker.pid) is None:
            assert first.poll() is None, first.communicate()
            time.sleep(0.01)
        os.kill(pid, signal.SIGSTOP)  # so that it is not ready before the signal comes
        first.send_signal(signal.SIGINT)
        _, err = first.communicate(timeout=60)
        os.kill(pid, signal.SIGCONT)
    again = command(environment, "up")

    assert first.returncode == 130
    assert "`tributary stack up` can be run again" in err
    assert "Traceback" not in err
    assert again.returncode == 0, again.stderr
    assert f"runs already (pid {pid})" in again.stdout
    create_topic(stack.broker, "usable")


def test_settings_that_kafka_refuses_are_shown_with_its_message(stack: LocalStack) -> None:
    broker = attrs.evolve(stack.broker, heap="1")

    with pytest.raises(StackError, match="Too small maximum heap"):
        broker.start()


def test_serves_this_machine_only(stack: LocalStack) -> None:
    elsewhere = attrs.evolve(stack.settings, bootstrap_servers="kafka.example.com:9092")

    with pytest.raises(StackError, match=r"KAFKA_BOOTSTRAP_SERVERS is kafka\.example\.com:9092.*STACK=external"):
        LocalStack(elsewhere).up()


def test_status_shows_what_runs_and_what_it_holds(stack: LocalStack, environment: dict[str, str]) -> None:
    before = command(environment, "status")
    stack.up()
    create_topic(stack.broker, "counted")
    produce(stack.broker, "counted", [b"x"] * 7)
    running = command(environment, "status")

    assert before.returncode == 1
    assert before.stdout.count("does not answer") == 2
    assert running.returncode == 0
    assert f"pid {stack.broker.pid}, answers, 1 topic\n" in running.stdout
    assert f"pid {stack.registry.pid}, answers, 0 subjects\n" in running.stdout
    assert ["counted", "1", "7"] in [line.split() for line in running.stdout.splitlines()]


def test_external_only_checks_that_the_addresses_answer(cluster: Settings, environment: dict[str, str]) -> None:
    silent = environment | {"STACK": "external"}
    answering = silent | {
        "KAFKA_BOOTSTRAP_SERVERS": cluster.bootstrap_servers,
        "SCHEMA_REGISTRY_URL": cluster.registry_url,
    }

    found = command(answering, "up")
    down = command(answering, "down")
    still = command(answering, "up")
    missing = command(silent, "up")

    assert (found.returncode, down.returncode, still.returncode) == (0, 0, 0)
    assert cluster.bootstrap_servers in found.stdout
    assert missing.returncode == 1
    assert f"KAFKA_BOOTSTRAP_SERVERS={environment['KAFKA_BOOTSTRAP_SERVERS']}" in missing.stderr


def test_clean_deletes_its_own_data_only(stack: LocalStack, environment: dict[str, str]) -> None:
    stack.broker.start()
    store = stack.settings.store_path
    own = [store, store.with_name(store.name + "-wal"), stack.settings.stack_dir / "registry.lock.json"]
    foreign = [stack.settings.stack_dir / "notes.txt", stack.settings.stack_dir.parent / "other.sqlite"]
    for path in own + foreign:
        path.write_text("kept?")

    result = command(environment, "clean")

    assert result.returncode == 0
    assert ports.is_free(stack.broker.port)
    assert not stack.broker.directory.exists()
    assert [path.exists() for path in own] == [False] * 3
    assert [path.exists() for path in foreign] == [True] * 2
    assert all(f"deleted {path} (" in result.stdout for path in [stack.broker.directory, *own])
    assert stack.settings.jars_dir.exists()
    assert "nothing to delete" in command(environment, "clean").stdout


def test_clean_keeps_a_store_in_another_folder(stack: LocalStack, environment: dict[str, str]) -> None:
    store = stack.settings.stack_dir.parent / "mine.sqlite"
    store.write_text("mine")

    command(environment | {"STORE_PATH": str(store)}, "clean")

    assert store.read_text() == "mine"


def test_a_registry_with_a_password_starts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCHEMA_REGISTRY_USER", "me")
    monkeypatch.setenv("SCHEMA_REGISTRY_PASSWORD", "secret")
    monkeypatch.setattr(RegistryServer, "stalled_after_s", 10)
    server = RegistryServer(tmp_path / "registry", ports.free())
    try:
        assert server.start()
        assert RegistryClient(server.address, "me", "secret").subjects() == []
        with pytest.raises(RegistryError, match="401"):
            RegistryClient(server.address).subjects()
    finally:
        server.kill()


def test_down_stops_only_what_up_started(stack: LocalStack, environment: dict[str, str]) -> None:
    with socket.create_server((ports.LOOPBACK, stack.broker.port)):
        result = command(environment, "down")

        assert result.returncode == 0
        assert result.stdout.count("was not running") == 2
        assert ports.answers(stack.broker.port)


def test_a_killed_test_run_leaves_nothing_behind(tmp_path: Path) -> None:
    """Covers the fixture `cluster` of a pytest that is killed with -9."""
    test = tmp_path / "test_hang.py"
    test.write_text(
        "from tributary.stack.local import LocalStack\n"
        "def test_hang(cluster, capsys):\n"
        "    local = LocalStack(cluster)\n"
        "    with capsys.disabled():\n"
        "        print('RUNS', local.broker.pid, local.registry.pid, cluster.stack_dir, flush=True)\n"
        "    input()\n"
    )
    with subprocess.Popen(
        [
            sys.executable,
            "-m",
            "pytest",
            "-s",
            "-p",
            "tests.support.kafka.cluster",
            "-p",
            "no:cacheprovider",
            "--rootdir",
            tmp_path,
            test,
        ],
        env=os.environ | {"PYTHONPATH": str(ROOT), "TEST_STACK": ""},
        cwd=tmp_path,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as run:
        assert run.stdout is not None
        said, line = [], ""
        for line in run.stdout:
            said.append(line)
            if "RUNS" in line:
                break
        run.kill()
    assert "RUNS" in line, "".join(said)
    kafka, registry, directory = line.rpartition("RUNS ")[2].split()
    started = [psutil.Process(int(pid)) for pid in (kafka, registry) if psutil.pid_exists(int(pid))]

    _, alive = psutil.wait_procs(started, timeout=60)

    assert alive == []
    assert not (Path(directory) / "kafka" / "process.json").exists()

"""A member whose environment fails: it reports what it waits for, can be stopped, and drains no topic."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import struct
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import attrs
import pytest
from confluent_kafka import Consumer, TopicPartition
from confluent_kafka.admin import AdminClient, NewPartitions, NewTopic

from consumers.analytics.queries import Reader
from tests.integration.figures.test_analytics import VIEWS, encoded, produce, send
from tests.support.kafka import running
from tests.support.registry.faulty_registry import Fault, FaultyRegistry, faulty_registry
from tributary import catalog
from tributary.avro import wire
from tributary.figures.store.members import LiveMember
from tributary.registry.apply import plan
from tributary.settings import Settings
from tributary.stack import ports
from tributary.stack.local import LocalStack

WITHIN_S = 60
"""Seconds; far more than anything here takes on any machine."""


@attrs.define
class Running:
    """A running member and its output."""

    process: subprocess.Popen[str]
    lines: list[str] = attrs.field(factory=list)

    @property
    def text(self) -> str:
        return "".join(self.lines)

    def says(self, *texts: str) -> None:
        """Wait until its output contains all of these."""
        self.until(lambda: all(text in self.text for text in texts), f"it does not say {texts}")

    def until(self, condition: Callable[[], bool], otherwise: str) -> None:
        deadline = time.monotonic() + WITHIN_S
        while not condition():
            assert time.monotonic() < deadline, f"{otherwise}: {self.text}"
            time.sleep(0.05)

    def stop(self) -> float:
        """Send SIGTERM. Returns how many seconds it took to end."""
        self.process.send_signal(signal.SIGTERM)
        began = time.monotonic()
        self.process.wait(WITHIN_S)
        return time.monotonic() - began

    def ends(self) -> int:
        """Wait until it has ended. Returns the exit code."""
        return self.process.wait(WITHIN_S)


@contextmanager
def member(settings: Settings, *options: str, **more: str) -> Iterator[Running]:
    one = Running(running.start(settings, "consumers.analytics", *options, **more))

    def collect() -> None:
        assert one.process.stdout is not None
        one.lines.extend(iter(one.process.stdout.readline, ""))

    reader = threading.Thread(target=collect)
    reader.start()
    try:
        yield one
    finally:
        one.process.kill()
        one.process.wait()
        reader.join()
        assert "Traceback" not in one.text, one.text


def events(settings: Settings) -> int:
    """How many events are counted."""
    try:
        with sqlite3.connect(f"file:{settings.store_path}?mode=ro", uri=True) as db:
            return int(db.execute("SELECT ifnull(sum(events), 0) FROM events_by_type").fetchone()[0])
    except sqlite3.Error:
        return 0


def members(settings: Settings) -> list[LiveMember]:
    """The members' status, from the store."""
    reader = Reader(settings.store_path)
    try:
        return reader.members()
    finally:
        reader.close()


def counted(settings: Settings, number: int) -> Callable[[], bool]:
    return lambda: events(settings) == number


@contextmanager
def locked(settings: Settings) -> Iterator[None]:
    """Another process holds a transaction open in the store."""
    db = sqlite3.connect(settings.store_path, isolation_level=None)
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        db.execute("ROLLBACK")
        db.close()


@contextmanager
def member_that_counted(settings: Settings) -> Iterator[Running]:
    """A running member that has counted 300 messages."""
    produce(settings, 300)
    with member(settings) as one:
        one.until(counted(settings, 300), "it does not count")
        yield one


# ---- the store -------------------------------------------------------------------------------------


def test_a_locked_store_is_waited_for_even_if_no_message_follows(registered: Settings) -> None:
    with member_that_counted(registered) as one:
        with locked(registered):
            produce(registered, 300, seed=8)
            one.says("WARNING waiting for the store", "database is locked")
            assert one.process.poll() is None
        one.until(counted(registered, 600), "it does not go on")
        one.says("no longer waiting for the store")
        assert one.stop() < 10
        assert one.process.returncode == 0
    running.assert_exact(registered)


def test_sigterm_ends_a_member_whose_store_is_locked(registered: Settings) -> None:
    with member_that_counted(registered) as one:
        with locked(registered):
            produce(registered, 300, seed=8)
            one.says("waiting for the store")
            assert one.stop() < 10
        one.says("to be read again")
    assert running.catch_up(registered)["events"] == 600
    running.assert_exact(registered)


def test_a_store_that_is_damaged_while_no_message_follows_ends_the_member(registered: Settings) -> None:
    """The writing thread fails, and nothing more is submitted: only checking the thread reveals it."""
    with member_that_counted(registered) as one:
        with sqlite3.connect(registered.store_path) as db:
            db.execute("DROP TABLE sessions")
        db.close()
        produce(registered, 1, seed=8)
        assert one.ends() == 1
        one.says("error: ", "no such table: sessions")


@pytest.mark.parametrize("replaced", [False, True])
def test_a_store_that_is_deleted_or_replaced_ends_the_member(registered: Settings, replaced: bool) -> None:
    with member_that_counted(registered) as one:
        if replaced:
            copy = registered.store_path.with_name("copy")
            shutil.copy(registered.store_path, copy)
            copy.replace(registered.store_path)
        else:
            for path in registered.store_path.parent.glob(f"{registered.store_path.name}*"):
                path.unlink()
        assert one.ends() == 1
        one.says("deleted or replaced")


def test_a_zombie_writes_nothing(registered: Settings) -> None:
    """A member that slept past its session has a batch to write that another member has counted meanwhile."""
    with member_that_counted(registered) as zombie:
        with locked(registered):
            produce(registered, 300, seed=8)
            zombie.says("WARNING waiting for the store")
            zombie.process.send_signal(signal.SIGSTOP)
        with member(registered) as other:
            other.until(counted(registered, 600), "it does not take over")
            zombie.process.send_signal(signal.SIGCONT)
            zombie.says("going back to the store's offsets")
            assert zombie.stop() < 10
            assert other.stop() < 10
    running.assert_exact(registered)


# ---- store, group and topics belong together -------------------------------------------------------------


def test_a_second_store_for_a_group_is_refused_until_it_claims_the_group(registered: Settings) -> None:
    produce(registered, 300)
    running.catch_up(registered)
    other = attrs.evolve(registered, store_path=registered.store_path.with_name("other.sqlite"))
    with member(registered) as first, member(other) as second:
        assert second.ends() == 1
        second.says(f"group {registered.consumer_group} counts into", str(registered.store_path), "--claim-group")
        assert events(other) == 0
        with member(other, "--claim-group") as third:
            assert first.ends() == 1
            first.says("counts into", str(other.store_path))
            third.until(counted(other, 300), "it does not count")
    with member(registered) as again:
        assert again.ends() == 1


def test_a_store_of_another_group_is_refused(registered: Settings) -> None:
    produce(registered, 300)
    running.catch_up(registered)
    with member(attrs.evolve(registered, consumer_group=f"{registered.consumer_group}-2")) as one:
        assert one.ends() == 1
        one.says(registered.consumer_group, "CONSUMER_GROUP")
    assert running.catch_up(registered)["events"] == 300


def recreate(settings: Settings, contract: str, messages: int) -> None:
    """Delete a topic and create it again, with as many views in it."""
    admin = AdminClient(settings.kafka_client())
    name = catalog.load(settings).topic(contract).name
    admin.delete_topics([name])[name].result()
    deadline = time.monotonic() + WITHIN_S
    while name in admin.list_topics(timeout=10).topics:
        assert time.monotonic() < deadline
    admin.create_topics([NewTopic(name, 6, 1)])[name].result()
    view = encoded(settings, contract, product_id="p", category=None, price_minor=1)
    send(settings, contract, [view] * messages)


def test_a_topic_that_was_recreated_is_refused_and_read_from_its_beginning_on_request(registered: Settings) -> None:
    produce(registered, 300)
    views = running.catch_up(registered)["by_topic"][catalog.load(registered).topic(VIEWS).name]
    recreate(registered, VIEWS, messages=1_000)
    with member(registered, "--until-caught-up") as one:
        assert one.ends() == 1
        one.says(catalog.load(registered).topic(VIEWS).name, "--accept-recreated")
    assert running.report(registered)["by_type"]["view"] == views
    running.run(registered, "consumers.analytics", "--until-caught-up", "--accept-recreated")
    assert running.report(registered)["by_type"]["view"] == views + 1_000


def test_a_topic_that_is_recreated_under_a_running_member_ends_it(registered: Settings) -> None:
    with member_that_counted(registered) as one:
        recreate(registered, VIEWS, messages=0)
        assert one.ends() == 1
        assert any(text in one.text for text in ("created again", "does not exist")), one.text
    assert events(registered) == 300


def test_records_that_were_deleted_unread_are_reported(registered: Settings) -> None:
    produce(registered, 300)
    running.catch_up(registered)
    topic = catalog.load(registered).topic(VIEWS).name
    view = encoded(registered, VIEWS, product_id="p", category=None, price_minor=1)
    send(registered, VIEWS, [view] * 50)
    admin = AdminClient(registered.kafka_client())
    partitions = [TopicPartition(topic, number) for number in range(6)]
    ends = {number: _end(registered, topic, number) for number in range(6)}
    deleted = admin.delete_records([TopicPartition(topic, p.partition, ends[p.partition]) for p in partitions])
    for future in deleted.values():
        future.result()
    send(registered, VIEWS, [view] * 7)
    with member(registered, "--until-caught-up") as one:
        assert one.ends() == 0
        one.says("retention deleted 50 messages before they were read")
    assert events(registered) == 307


def _end(settings: Settings, topic: str, number: int) -> int:
    consumer = Consumer({**settings.kafka_client(), "group.id": "ends"})
    _, high = consumer.get_watermark_offsets(TopicPartition(topic, number), timeout=10)
    consumer.close()
    return int(high)


# ---- the registry ---------------------------------------------------------------------------------------

WRONG = [Fault.UNKNOWN_IDS, Fault.NULL_SCHEMA, Fault.HTML, Fault.UNAUTHORIZED, Fault.ERROR_503, Fault.REFUSING]
"""Some of each kind; `tests/unit/registry/test_schema_text.py` tests the client with every one."""


@pytest.fixture
def faulty(registered: Settings) -> Iterator[tuple[Settings, FaultyRegistry]]:
    with faulty_registry(registered.registry_url) as proxy:
        yield attrs.evolve(registered, registry_url=proxy.url), proxy


def test_whatever_is_wrong_with_the_registry_known_ids_are_read(faulty: tuple[Settings, FaultyRegistry]) -> None:
    """The lock has them."""
    settings, proxy = faulty
    produce(settings, 100)
    proxy.fault = Fault.NULL_SCHEMA
    assert running.catch_up(settings)["events"] == 100
    assert running.report(settings)["dead_letters"] == 0


def test_no_state_of_the_registry_makes_a_good_message_a_dead_letter(faulty: tuple[Settings, FaultyRegistry]) -> None:
    """Without the lock, the member waits through every faulty state, reports it, and counts everything in the end."""
    settings, proxy = faulty
    produce(settings, 100)
    settings.lock_path.unlink()
    proxy.fault = WRONG[0]
    with member(settings, SCHEMA_WAIT_SECONDS="3600") as one:
        for fault in WRONG:
            before = proxy.count("/schemas/ids/")
            proxy.fault = fault
            if fault is not Fault.REFUSING:
                one.until(lambda before=before: proxy.count("/schemas/ids/") > before + 1, f"{fault} is not asked")
            assert one.process.poll() is None, one.text
        one.says("waiting for")
        proxy.fault = Fault.NONE
        one.until(counted(settings, 100), "it does not go on")
        assert one.stop() < 10
    assert running.assert_exact(settings)["dead_letters"] == 0


def test_sigterm_ends_a_member_whose_registry_is_silent(faulty: tuple[Settings, FaultyRegistry]) -> None:
    settings, proxy = faulty
    produce(settings, 100)
    settings.lock_path.unlink()
    proxy.fault = Fault.SILENT
    with member(settings) as one:
        one.until(lambda: proxy.count("/schemas/ids/") > 0, "it does not ask")
        assert one.stop() < 10
        assert one.process.returncode == 0


def test_a_schema_that_differs_from_the_lock_ends_the_member(faulty: tuple[Settings, FaultyRegistry]) -> None:
    settings, proxy = faulty
    produce(settings, 100)
    proxy.fault = Fault.WRONG_SCHEMA
    with member(settings) as one:
        assert one.ends() == 1
        one.says("lock")
    assert events(settings) == 0


def test_a_replica_that_lags_costs_no_message(faulty: tuple[Settings, FaultyRegistry]) -> None:
    settings, proxy = faulty
    produce(settings, 100)
    settings.lock_path.unlink()
    proxy.delay_s, proxy.fault = 3.0, Fault.LAGGING
    assert running.catch_up(settings)["events"] == 100
    assert running.assert_exact(settings)["dead_letters"] == 0


def test_many_unknown_ids_are_requested_once_and_the_other_partitions_continue(
    faulty: tuple[Settings, FaultyRegistry],
) -> None:
    settings, proxy = faulty
    produce(settings, 500)
    topic = catalog.load(settings).topic(VIEWS).name
    longs = [(struct.pack(">q", (3_000 + number) << 24), 0) for number in range(2_000)]
    running.write(settings, topic, 0, *longs)
    with member(settings, "--accept-dead-letters", SCHEMA_WAIT_SECONDS="2") as one:
        others = lambda: events(settings) > 300  # noqa: E731
        one.until(others, "the other partitions wait")
        one.until(lambda: running.report(settings)["dead_letters"] == 2_000, "the longs are not set aside")
        assert one.stop() < 10
    assert proxy.count("/schemas/ids/") < 3 * 2_000
    assert running.assert_exact(settings)["events"] == 500


# ---- a limit for dead letters ----------------------------------------------------------------------------


def test_a_topic_that_turns_bad_costs_an_alarm_and_not_the_topic(registered: Settings) -> None:
    produce(registered, 1_000)
    view = encoded(registered, VIEWS, product_id="p", category=None, price_minor=1)
    send(registered, VIEWS, [view[:-2]] * 700)
    limits = {"DEAD_LETTERS_IN_A_ROW": "200", "DEAD_LETTERS_PERCENT": "0"}
    name = catalog.load(registered).topic(VIEWS).name
    with member(registered, **limits) as one:
        one.says(f"topic {name} is not read any more: ", "messages in a row are unreadable", "--accept-dead-letters")
        # For the page and the metrics, which only read the store.
        one.until(lambda: [list(m.refused) for m in members(registered)] == [[name]], "it does not note that")
        assert one.stop() < 10
        assert one.process.returncode == 1
    assert members(registered) == []
    with member(registered, "--until-caught-up", **limits) as again:
        assert again.ends() == 1
    figures = running.report(registered)
    assert figures["dead_letters"] < 200
    assert figures["by_type"]["purchase"] > 0
    assert figures["by_type"]["add_to_cart"] > 0
    # After a restart with another limit, the refused messages are read.
    running.run(registered, "consumers.analytics", "--until-caught-up", "--accept-dead-letters", **limits)
    assert running.assert_exact(registered)["dead_letters"] == 700


# ---- the broker --------------------------------------------------------------------------------------------


@pytest.fixture
def own_broker(tmp_path: Path) -> Iterator[tuple[Settings, LocalStack]]:
    """A stack that the test may freeze and kill."""
    settings = Settings(
        stack_dir=tmp_path / "stack",
        bootstrap_servers=f"{ports.LOOPBACK}:{ports.free()}",
        registry_url=f"http://{ports.LOOPBACK}:{ports.free()}",
        lock_path=tmp_path / "registry.lock.json",
        store_path=tmp_path / "analytics.sqlite",
    )
    stack = LocalStack(settings, say=lambda _: None)
    try:
        stack.up()
        plan.apply(settings)
        yield settings, stack
    finally:
        pid = stack.broker.pid
        if pid is not None:
            os.kill(pid, signal.SIGCONT)
        stack.clean()


def test_a_frozen_dead_and_returning_broker(own_broker: tuple[Settings, LocalStack]) -> None:
    """One broker for everything, because each takes seconds to start."""
    settings, stack = own_broker
    produce(settings, 300)
    pid = stack.broker.pid
    assert pid is not None
    with member(settings) as frozen:
        frozen.until(counted(settings, 300), "it does not count")
        os.kill(pid, signal.SIGSTOP)
        frozen.says("WARNING waiting for the broker")
        assert frozen.stop() < 10
    os.kill(pid, signal.SIGCONT)
    with member(settings) as one:
        one.until(lambda: "lag 0" in one.text, "it has no lag")
        stack.broker.kill()
        one.says("WARNING waiting for the broker")
        time.sleep(10)  # longer than the session
        stack.broker.start()
        produce(settings, 300, seed=8)
        one.until(counted(settings, 600), "it does not come back")
        one.says("no longer waiting for the broker")
        one.until(lambda: "lag 0" in one.lines[-1], "its lag is not known")
        assert one.stop() < 10
    running.assert_exact(settings)


def test_partitions_that_are_added_are_read(registered: Settings) -> None:
    produce(registered, 100)
    topic = catalog.load(registered).topic(VIEWS).name
    with member(registered) as one:
        one.until(counted(registered, 100), "it does not count")
        admin = AdminClient(registered.kafka_client())
        admin.create_partitions([NewPartitions(topic, 8)])[topic].result()
        view = encoded(registered, VIEWS, product_id="p", category=None, price_minor=1)
        running.write(registered, topic, 7, *[(view, int(time.time() * 1000))] * 5)
        one.until(counted(registered, 105), "the new partition is not read")


def test_client_ids_name_the_members(registered: Settings) -> None:
    with member(registered) as one:
        one.until(lambda: "lag 0" in one.text, "it has no lag")
        group, admin = registered.consumer_group, AdminClient(registered.kafka_client())
        described: Any = admin.describe_consumer_groups([group])[group].result()
        (client_id,) = [member.client_id for member in described.members]
        assert client_id.startswith(f"{group}-")
        assert client_id.endswith(f"-{one.process.pid}")


def test_framing_is_what_the_longs_look_like() -> None:
    """The longs of the test above start like framed messages."""
    assert wire.split(struct.pack(">q", 3_000 << 24))[0] == 3_000

"""A state machine of whole members on one cluster and store, under faults: each message counts once, or is a letter."""

from __future__ import annotations

import logging
import sqlite3
import tempfile
import threading
import time
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import KafkaError
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from consumers.analytics import queries
from tests.support.contracts import NOWHERE
from tests.support.figures import oracle
from tests.support.figures.scripted_kafka import GAP, Client
from tests.support.figures.scripted_members import WAIT_S, Group, Running, hurry
from tests.support.figures.shop_messages import GOOD, LATER, LATER_ID, NAMES, PARTITIONS, SCHEMAS, bad, event
from tributary.figures.member import RunOptions
from tributary.figures.store import StoreError
from tributary.kafka.admin import Partition
from tributary.settings import Settings

ONE_OF_LIVE = st.integers(0, 2)
TURNS = st.integers(1, 10)


class Members(RuleBasedStateMachine):
    """Several members of a group, which count into one store."""

    @initialize(in_a_row=st.sampled_from([0, 4]), linger_s=st.sampled_from([0.0, 0.02]))
    def begin(self, in_a_row: int, linger_s: float) -> None:
        self.cleanup = ExitStack()
        patch = self.cleanup.enter_context(pytest.MonkeyPatch.context())
        logging.disable(logging.ERROR)
        self.cleanup.callback(logging.disable, logging.NOTSET)
        hurry(patch, linger_s)
        folder = self.cleanup.enter_context(tempfile.TemporaryDirectory())
        self.settings = Settings(
            registry_url=NOWHERE,
            store_path=Path(folder) / "store.sqlite",
            batch_size=7,
            letters_in_a_row=in_a_row,
            letters_percent=0,
            schema_wait_s=3600,
        )
        self.group = Group(self.settings, patch)
        self.cluster = self.group.cluster
        self.made: dict[Partition, dict[int, dict[str, Any] | None]] = {p: {} for p in PARTITIONS}
        """What lies at each offset of the logs, to be counted or moved to the letters; None for a bad message."""
        self.before: list[tuple[str, dict[str, Any] | None]] = []
        """What was counted of topics that are recreated since."""
        self.live: list[Running] = []
        self.silent: list[Client] = []
        """Clients of members that were killed, and of zombies."""
        self.rivals = False
        """Whether two members may have read the same partition."""
        self.lock: sqlite3.Connection | None = None
        self.start()
        self.reader = queries.Reader(self.settings.store_path)

    def teardown(self) -> None:
        if hasattr(self, "reader"):
            try:
                self.settle()
            finally:
                while self.live:
                    self.kill(0)
                self.reader.close()
                self.cleanup.close()

    # ---- what is in the topics

    @rule(
        partition=st.sampled_from(PARTITIONS),
        kinds=st.lists(st.tuples(st.sampled_from("gggggglb-"), st.integers(0, 11)), min_size=1, max_size=12),
    )
    def produce(self, partition: Partition, kinds: list[tuple[str, int]]) -> None:
        topic, log = partition[0], self.cluster.logs[partition]
        for kind, n in kinds:
            if kind == "-":
                log.values.append(GAP)
                continue
            self.made[partition][log.high] = None if kind == "b" else event(topic, n)
            log.values.append({"g": GOOD, "l": LATER}[kind][topic, n] if kind in "gl" else bad(topic, n))

    @rule(partition=st.sampled_from(PARTITIONS), n=st.integers(0, 8), turns=TURNS)
    def produce_bad_messages_in_a_row(self, partition: Partition, n: int, turns: int) -> None:
        self.produce(partition, [("g", n), *[("b", n)] * 5])
        self.step_all(turns)

    @rule(topic=st.sampled_from(NAMES), before=st.integers(0, 2), after=st.integers(0, 3), turns=TURNS)
    def produce_before_the_schema_is_known(self, topic: str, before: int, after: int, turns: int) -> None:
        for number in range(2):
            self.produce((topic, number), [*[("g", 1)] * before, ("l", 2), *[("g", 3)] * after])
        self.step_all(turns)
        self.group.known.add(LATER_ID[topic])
        time.sleep(0.03)  # to be asked for
        self.step_all(turns)

    @rule(partition=st.sampled_from(PARTITIONS), back=st.integers(0, 9))
    def delete_what_is_counted(self, partition: Partition, back: int) -> None:
        log = self.cluster.logs[partition]
        log.low = max(log.low, self.stored().get(partition, 0) - back)

    @rule(partition=st.sampled_from(PARTITIONS), back=st.integers(0, 9), turns=TURNS)
    def delete_what_is_unread(self, partition: Partition, back: int, turns: int) -> None:
        while self.live:
            self.kill(0)
        self.end_the_sessions_of_the_silent()
        self.produce(partition, [("g", n) for n in range(4)])
        log, stored = self.cluster.logs[partition], self.stored().get(partition, 0)
        log.low = max(log.low, log.high - back)
        for offset in range(stored, log.low):
            self.made[partition].pop(offset, None)
        self.step_all(turns)

    @rule(topic=st.sampled_from(NAMES))
    def recreate_a_topic(self, topic: str) -> None:
        self.settle()
        for one in PARTITIONS:
            if one[0] == topic:
                self.before += [(topic, made) for made in self.made[one].values()]
                self.made[one] = {}
        self.cluster.recreate(topic)
        with pytest.raises(StoreError, match="created again"):
            self.group.run(RunOptions())
        self.group.run(RunOptions(until_caught_up=True, accept_recreated=True))

    # ---- members

    @precondition(lambda self: len(self.live) < 3 and not self.lock)
    @rule()
    def start(self) -> None:
        self.live.append(self.group.member(RunOptions()))

    @rule(which=ONE_OF_LIVE, turns=TURNS)
    def step(self, which: int, turns: int) -> None:
        for _ in range(turns if self.live else 0):
            self.one(which).turn()

    @rule(turns=TURNS)
    def step_all(self, turns: int) -> None:
        if not self.live and not self.lock:
            self.start()
        for number in range(turns * len(self.live)):
            self.one(number).turn()

    @precondition(lambda self: self.live)
    @rule(which=ONE_OF_LIVE)
    def write_what_is_read(self, which: int) -> None:
        time.sleep(0.05)
        self.one(which).turn()

    @rule(deaf=st.lists(st.integers(0, 4), min_size=3, max_size=3))
    def rebalance(self, deaf: list[int]) -> None:
        for one, calls in zip(self.live, deaf, strict=False):
            one.client.deaf = calls
        self.cluster.rebalance()

    @precondition(lambda self: self.live)
    @rule(which=ONE_OF_LIVE)
    def kill(self, which: int) -> None:
        one = self.one(which)
        one.kill()
        self.live.remove(one)
        self.silent.append(one.client)

    @rule()
    def end_the_sessions_of_the_silent(self) -> None:
        while self.silent:
            self.cluster.expel(self.silent.pop())

    @precondition(lambda self: self.live)
    @rule(which=ONE_OF_LIVE, meanwhile=TURNS, turns=TURNS, hears=st.booleans())
    def take_for_dead(self, which: int, meanwhile: int, turns: int, hears: bool) -> None:
        """A member loses its session and reads on, beside the one that has its partitions now."""
        zombie = self.one(which)
        if len(self.live) == 1 and not self.lock:
            self.start()
        self.cluster.expel(zombie.client)
        self.rivals = True
        for partition in PARTITIONS:
            self.produce(partition, [("g", which), ("g", meanwhile)])
        for number in range(meanwhile * len(self.live)):
            if (one := self.one(number)) is not zombie:
                one.turn()
        time.sleep(0.02)  # to be written
        for _ in range(turns):
            zombie.turn()
        if hears:
            self.hear_of_lost_sessions(turns)

    @rule(turns=TURNS)
    def hear_of_lost_sessions(self, turns: int) -> None:
        for one in self.live:
            one.client.lost = one.client not in self.cluster.group
        self.step_all(turns)

    @precondition(lambda self: self.live)
    @rule(which=ONE_OF_LIVE)
    def stop(self, which: int) -> None:
        """Whatever a member waits for, it ends when it is told to."""
        one = self.one(which)
        began = time.monotonic()
        self.live.remove(one)
        one.stop.set()
        one.end()
        assert time.monotonic() - began < WAIT_S / 3

    @precondition(lambda self: self.live)
    @rule(which=ONE_OF_LIVE)
    def fail_in_a_write(self, which: int) -> None:
        """What ends the writing thread ends the member, at once."""
        one, failed = self.one(which), threading.Event()

        def fail(*_: object) -> None:
            failed.set()
            raise ZeroDivisionError

        one.analytics._store.write = fail  # type: ignore[method-assign,assignment]
        with suppress(ZeroDivisionError):
            for _ in range(5):
                one.turn()
        if failed.is_set():
            with pytest.raises(ZeroDivisionError):
                one.end()
            self.live.remove(one)
        else:
            self.kill(self.live.index(one))

    # ---- faults that pass

    @precondition(lambda self: not self.lock)
    @rule()
    def lock_the_store(self) -> None:
        self.lock = sqlite3.connect(self.settings.store_path, isolation_level=None, timeout=WAIT_S)
        self.lock.execute("BEGIN IMMEDIATE")

    @rule()
    def unlock_the_store(self) -> None:
        if self.lock:
            self.lock.close()
            self.lock = None

    @rule(away=st.booleans())
    def registry(self, away: bool) -> None:
        self.group.registry_away = away

    @rule(topic=st.sampled_from(NAMES))
    def register(self, topic: str) -> None:
        self.group.known.add(LATER_ID[topic])

    @rule(away=st.booleans(), code=st.sampled_from([KafkaError._TRANSPORT, KafkaError._ALL_BROKERS_DOWN]))
    def brokers(self, away: bool, code: int) -> None:
        self.cluster.away = away
        for one in self.live:
            one.client.errors.append(code)

    @rule(takes=st.booleans())
    def broker_takes_letters(self, takes: bool) -> None:
        self.cluster.takes_letters = takes

    @rule()
    def look(self) -> None:
        for one in self.live:
            one.analytics._monitor.check()

    # ---- at rest

    @rule()
    def settle(self) -> None:
        """When all faults are over, all that is in the logs is counted."""
        self.unlock_the_store()
        self.brokers(False, KafkaError._TRANSPORT)
        self.registry(False)
        self.broker_takes_letters(True)
        self.group.known |= set(SCHEMAS)
        self.end_the_sessions_of_the_silent()
        while self.live:
            self.stop(0)
        self.rivals = False
        last = self.group.run(RunOptions(until_caught_up=True, accept_dead_letters=True))
        for partition, log in self.cluster.logs.items():
            assert max(self.stored().get(partition, 0), log.low) == log.high
        assert last.status is not None
        assert last.status.lag == dict.fromkeys(NAMES, 0)
        assert not last.status.waiting_for
        assert {words.split()[1] for _, words in self.cluster.committed.values()} == {last.analytics._store.id}
        assert (NAMES[0], 0) in self.cluster.committed
        self.holds_what_the_logs_hold()

    @invariant()
    def holds_what_the_logs_hold(self) -> None:
        while True:
            stored = self.stored()
            figures = queries.as_json(self.reader, self.settings.abandoned_after_minutes)
            if self.stored() == stored:
                break
        counted = [(p[0], one) for p, log in self.made.items() for at, one in log.items() if at < stored.get(p, 0)]
        counted += self.before
        expected = oracle.figures((topic, one) for topic, one in counted if one is not None)
        unreadable = [topic for topic, one in counted if one is None]
        assert {name: figures[name] for name in expected} == expected
        assert figures["dead_letters_by_topic"] == {topic: unreadable.count(topic) for topic in set(unreadable)}
        assert all(at <= self.cluster.logs[p].high for p, at in stored.items())
        if not self.before:
            assert all(at <= stored.get(p, 0) for p, (at, _) in self.cluster.committed.items())
            origins = {f"{p[0]}/{p[1]}/{at}" for p, log in self.made.items() for at, one in log.items() if one is None}
            sent = {key for key, _ in self.cluster.letters}
            assert sent <= origins
            assert {o for o in origins if self.is_stored(o, stored)} <= sent
        assert self.rivals or not any(one.analytics.status().progress.fenced for one in self.live)

    # ---- what the rules share

    def one(self, which: int) -> Running:
        return self.live[which % len(self.live)]

    def stored(self) -> dict[Partition, int]:
        return self.reader.offsets()

    def is_stored(self, origin: str, stored: dict[Partition, int]) -> bool:
        topic, number, offset = origin.split("/")
        return int(offset) < stored.get((topic, int(number)), 0)


TestMembers = Members.TestCase
# Not shrunk: a failure that has to be waited for would take minutes.
TestMembers.settings = settings(
    max_examples=40,
    stateful_step_count=25,
    deadline=None,
    phases=[Phase.reuse, Phase.generate],
    report_multiple_bugs=False,
)

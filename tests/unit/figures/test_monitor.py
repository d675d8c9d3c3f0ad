"""What a running member finds changed around it: another store, another topic, another cluster, nothing that comes."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest

from consumers.analytics.queries import Reader
from tests.support.contracts import NOWHERE
from tests.support.figures.scripted_kafka import Admin, Cluster, Log
from tests.support.figures.scripted_members import Group, Running, hurry
from tests.support.figures.shop_messages import GOOD, NAMES, PARTITIONS
from tributary.figures.member import RunOptions
from tributary.figures.store import StoreError
from tributary.kafka.admin import GroupError
from tributary.settings import Settings

ANCHOR = NAMES[0], 0
OTHER = "store 0123 at elsewhere:/data/store.sqlite"


@pytest.fixture
def group(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Group:
    hurry(monkeypatch, 0.0)
    return Group(Settings(registry_url=NOWHERE, store_path=tmp_path / "store.sqlite"), monkeypatch)


@pytest.fixture
def cluster(group: Group) -> Cluster:
    return group.cluster


def reading(group: Group) -> Running:
    """A member that has begun to read."""
    one = group.member(RunOptions())
    one.go_on(lambda: ANCHOR in group.cluster.committed)
    return one


def ends(one: Running, match: str) -> None:
    one.analytics._monitor.check()
    with pytest.raises(GroupError, match=match):
        one.end()


def test_a_group_that_another_store_has_claimed_is_left_alone(group: Group, cluster: Cluster) -> None:
    cluster.committed[ANCHOR] = (7, OTHER)
    with pytest.raises(GroupError, match=f"counts into {OTHER}, and this is store .*--claim-group"):
        group.run(RunOptions())
    assert cluster.committed[ANCHOR] == (7, OTHER)
    one = group.run(RunOptions(claim_group=True, until_caught_up=True))
    assert cluster.committed[ANCHOR] == (7, one.analytics._ownership._mine)
    group.run(RunOptions(until_caught_up=True))


def test_a_store_that_claims_the_group_meanwhile_ends_the_member(group: Group, cluster: Cluster) -> None:
    one = reading(group)
    one.go_on(lambda: set(PARTITIONS) == set(cluster.committed))  # from then on it commits nothing
    offset, mine = cluster.committed[ANCHOR]

    def claimed(by: str) -> None:
        cluster.committed[ANCHOR] = (offset, by)
        one.analytics._monitor.check()

    for claim in (OTHER, mine):  # seen once, it may be a claim that was made before this one
        claimed(claim)
        one.turn()
    with pytest.raises(GroupError, match="counts into store 0123"):
        # Each time again: a commit of the member's, now and then, puts its own claim back.
        one.go_on(lambda: claimed(OTHER) or one.ended)  # type: ignore[func-returns-value]
        one.turn()


def test_a_topic_that_is_recreated_meanwhile_ends_the_member(group: Group, cluster: Cluster) -> None:
    one = reading(group)
    cluster.recreate(NAMES[1])
    ends(one, f"topic {NAMES[1]} was deleted and created again while it was read")


def test_a_topic_that_is_missing_ends_the_member(group: Group, cluster: Cluster) -> None:
    one = reading(group)
    del cluster.topic_ids[NAMES[1]]
    ends(one, f"topic {NAMES[1]} does not exist; run: tributary apply")


def test_another_cluster_ends_the_member(group: Group, monkeypatch: pytest.MonkeyPatch) -> None:
    one = reading(group)
    monkeypatch.setattr(Admin, "cluster_id", "another")
    ends(one, "cluster another now, and to cluster before")


def test_a_partition_that_ends_before_what_was_counted_ends_the_member(group: Group, cluster: Cluster) -> None:
    cluster.logs[ANCHOR].values += [GOOD[NAMES[0], n] for n in range(5)]
    one = reading(group)
    one.go_on(lambda: cluster.committed[ANCHOR][0] == 5)
    one.client.consume = lambda *_: []  # type: ignore[method-assign]
    cluster.logs[ANCHOR] = Log()
    one.analytics._monitor.check()  # once may be an answer from before
    one.turn()
    ends(one, rf"{NAMES[0]}\[0\] ends at offset 0, before the store's next offset 5")


def test_a_stall_without_a_known_reason_is_shown(group: Group, cluster: Cluster) -> None:
    one = reading(group)
    one.client.consume = lambda *_: []  # type: ignore[method-assign]
    cluster.logs[ANCHOR].values += [GOOD[NAMES[0], 0]]
    began = time.monotonic()

    def shown(after_s: float) -> str:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(time, "monotonic", lambda: began + after_s)
            one.analytics._monitor.check()
        one.turn()
        assert one.status is not None
        assert one.status.lag == {topic: int(topic == ANCHOR[0]) for topic in NAMES}
        return one.status.waiting_for

    assert [shown(0), shown(7)] == ["", ""]
    assert "the broker to send messages of 1 partition:" in shown(9)
    one.stop.set()
    one.end()


@pytest.mark.parametrize("ends_by", ["the lock", "the signal"])
def test_a_store_that_is_locked_when_the_member_begins_is_waited_for_and_shown(
    group: Group, cluster: Cluster, ends_by: str
) -> None:
    one = group.member(RunOptions())
    lock = sqlite3.connect(group.settings.store_path, isolation_level=None)
    lock.execute("BEGIN IMMEDIATE")

    def shows() -> bool:
        return one.status is not None and "locked" in one.status.waiting_for

    one.go_on(shows)
    if ends_by == "the lock":
        lock.close()
        one.go_on(lambda: ANCHOR in cluster.committed and not shows())
    one.stop.set()
    one.end()
    lock.close()


def test_a_member_reads_each_event_once_and_says_how_far_it_is(group: Group, cluster: Cluster) -> None:
    for (topic, n), value in GOOD.items():
        cluster.logs[topic, n % 2].values.append(value)
    status = group.run(RunOptions(until_caught_up=True)).status
    assert status is not None
    assert {p: at for p, (at, _) in cluster.committed.items()} == {p: log.high for p, log in cluster.logs.items()}
    assert (status.progress.events, status.partitions, status.lag) == (len(GOOD), 6, dict.fromkeys(NAMES, 0))
    assert (status.progress.duplicates, status.progress.dead_letters, status.progress.fenced) == (0, 0, 0)


def stored(group: Group) -> int:
    with closing(Reader(group.settings.store_path)) as reader:
        return reader.offsets().get(ANCHOR, 0)


def test_what_is_in_flight_is_written_before_partitions_are_given_up(
    group: Group, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    hurry(monkeypatch, linger_s=600.0)
    one = reading(group)
    cluster.logs[ANCHOR].values += [GOOD[NAMES[0], 0]]
    for _ in range(3):
        one.turn()
    assert stored(group) == 0
    cluster.rebalance()
    one.go_on(lambda: one.client.revoking is False)
    assert stored(group) == 1
    one.stop.set()
    one.end()


@pytest.mark.parametrize("ends_by", ["the signal", "a store that is gone"])
def test_a_full_pipeline_ends_with_what_ends_the_member(group: Group, cluster: Cluster, ends_by: str) -> None:
    one = reading(group)
    lock = sqlite3.connect(group.settings.store_path, isolation_level=None)
    lock.execute("BEGIN IMMEDIATE")
    queue = one.analytics._pipeline._decoded
    # One that is written, one in the queue, one that waits before it.
    for topic in NAMES:
        cluster.logs[topic, 0].values += [GOOD[topic, 0]]
        one.turn()
        one.go_on(lambda: one.status is not None and "locked" in one.status.waiting_for)
        one.turn()
    assert queue.full()
    if ends_by == "the signal":
        one.stop.set()
        one.end()
    else:
        group.settings.store_path.unlink()
        with pytest.raises(StoreError, match="deleted or replaced"):
            one.end()
    lock.close()


def test_offsets_that_another_member_moved_are_gone_on_from(group: Group, cluster: Cluster) -> None:
    cluster.logs[ANCHOR].values += [GOOD[NAMES[0], 0]]
    one = reading(group)
    one.go_on(lambda: stored(group) == 1)
    with closing(sqlite3.connect(group.settings.store_path, isolation_level=None)) as other:
        other.execute("UPDATE offsets SET next_offset = 3 WHERE topic = ? AND partition = 0", (NAMES[0],))
    cluster.logs[ANCHOR].values += [GOOD[NAMES[0], n] for n in range(5)]
    one.go_on(lambda: stored(group) == 6)
    assert one.status is not None
    one.go_on(lambda: one.status is not None and one.status.progress.events == 4)
    assert one.status.progress.fenced == 1
    one.stop.set()
    one.end()


def test_brokers_that_are_away_are_waited_for_until_they_answer(group: Group, cluster: Cluster) -> None:
    one = reading(group)
    for away in (True, False):
        cluster.away = away
        one.analytics._monitor.check()
        one.turn()
        assert one.status is not None
        assert ("the broker: " in one.status.waiting_for) is away
    one.stop.set()
    one.end()

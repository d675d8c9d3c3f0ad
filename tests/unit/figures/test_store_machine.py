"""A state machine of stores on one file under faults, compared with a plain model: no event lost, none twice."""

from __future__ import annotations

import resource
import sqlite3
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from consumers.analytics.figures import COUNTS, FIGURES, SHOP
from consumers.analytics.rows import EventType
from tributary.figures.declaration import Figure, Measure, Merge
from tributary.figures.merge import Delta, Merged
from tributary.figures.store import Fenced, Store, StoreError, errors, writing
from tributary.kafka.batch import OffsetRange
from tributary.kafka.group import Partition
from tributary.signals import Stopped

PARTITIONS: list[Partition] = [("a", 0), ("a", 1), ("b", 0)]
Row = dict[str, Any]
"""One event: a value for every key and measure of every figure, and `order`, None where it is no purchase."""
Table = dict[tuple[Any, ...], tuple[Any, ...]]
"""A figure: the measures by the keys."""


class Crash(BaseException):
    """The process ends here."""


def event(partition: Partition, epoch: int, offset: int) -> Row | None:
    """What lies at an offset of a topic that was created for the nth time; None for a message that is unreadable."""
    seed = int.from_bytes(sha256(f"{partition} {epoch} {offset}".encode()).digest())

    def pick(count: int) -> int:
        nonlocal seed
        seed, rest = divmod(seed, count)
        return rest

    if pick(11) == 0:
        return None
    kind = EventType.purchase if pick(2) else list(EventType)[pick(5)]
    row: Row = {
        "topic": partition[0],
        "type": kind.name,
        "segment": "NEW",
        "region": f"r{pick(2)}",
        "window_start": pick(2) * 60_000,
        "session_id": f"s{pick(4)}",
        "product_id": f"p{pick(3)}",
        "currency": ("", "EUR", "USD")[pick(3)],
        "first_at": (moment := pick(1000)),
        "last_at": moment,
        "cart_units": pick(3) - 1,
        "cart_minor": pick(100),
        "revenue_minor": 2**62 + pick(7),
        "events": 1,
        "order": f"o{pick(25)}" if kind is EventType.purchase else None,
    }
    return row | {name: int(kind is counted) for counted, name in COUNTS.items()}


def together(measure: Measure, left: Any, right: Any) -> Any:
    match measure.merge:
        case Merge.COUNT | Merge.SUM:
            return left + right
        case Merge.MIN:
            return min(left, right)
        case Merge.MAX:
            return max(left, right)
        case Merge.SAME:
            return left if right in ("", left) else right if left == "" else measure.mixed


def table(figure: Figure, rows: Iterable[Row]) -> Table:
    """A figure of these events, in one plain pass."""
    found: Table = {}
    for row in rows:
        if figure.rows != "purchases" or row["order"] is not None:
            key = tuple(row[name] for name in figure.keys)
            new = tuple(row[measure.name] for measure in figure.measures)
            old = found.get(key)
            found[key] = new if old is None else tuple(map(together, figure.measures, old, new))
    return found


def delta(figure: Figure, rows: Sequence[Row]) -> Delta:
    return Delta(figure, list(zip(*(key + value for key, value in table(figure, rows).items()), strict=True)))


def once(rows: Iterable[Row], counted: Iterable[str]) -> Iterator[Row]:
    """The events without purchases of orders that are counted, or came before."""
    seen = set(counted)
    for row in rows:
        if row["order"] is None or row["order"] not in seen:
            seen.add(row["order"])
            yield row


class Faulty:
    """A connection that does something before or after its nth statement."""

    def __init__(self, db: sqlite3.Connection, act: Callable[[], None], nth: int = 0, after: str = "") -> None:
        self._db, self._act, self._nth, self._after = db, act, nth, after
        self.dead = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._db, name)

    def execute(self, statement: str, *values: Any) -> sqlite3.Cursor:
        self._nth -= 1
        if self._nth == 0:
            self.dead = True
            self._act()
        cursor = self._db.execute(statement, *values)
        if statement == self._after:
            self._after = ""
            self._act()
        return cursor

    def rollback(self) -> None:
        # Who is dead does not roll back.
        if not self.dead:
            self._db.rollback()


class Stores(RuleBasedStateMachine):
    """Several connections to one store."""

    @initialize()
    def begin(self) -> None:
        self.cleanup = ExitStack()
        patch = self.cleanup.enter_context(pytest.MonkeyPatch.context())
        patch.setattr(errors, "RETRY_S", 0.0)
        patch.setattr(writing, "_ROWS_PER_STATEMENT", 3)
        self.path = Path(self.cleanup.enter_context(tempfile.TemporaryDirectory())) / "store.sqlite"
        self.wait: Callable[[str], None] = self.no_wait
        self.stores: list[Store] = []
        self.offsets: dict[Partition, int] = {}
        self.epochs = {"a": 0, "b": 0}
        self.rows: list[Row] = []
        self.orders: set[str] = set()
        self.counts: dict[tuple[str, str], int] = {}
        self.open()
        self.bind_all(accept=False)

    def teardown(self) -> None:
        for store in self.stores:
            store.close()
        self.cleanup.close()

    # ---- connections

    @precondition(lambda self: len(self.stores) < 3)
    @rule()
    def open(self) -> None:
        self.stores.append(Store(self.path, SHOP, lambda what: self.wait(what)))
        assert self.stores[-1].id == self.stores[0].id

    @precondition(lambda self: len(self.stores) > 1)
    @rule(which=st.integers(0, 2))
    def close(self, which: int) -> None:
        self.stores.pop(which % len(self.stores)).close()

    @rule()
    def reopen_all(self) -> None:
        store_id = self.stores[0].id
        while self.stores:
            self.stores.pop().close()
        self.open()
        assert self.stores[0].id == store_id

    # ---- topics made again

    def bind_all(self, accept: bool) -> None:
        ids = {topic: f"{topic}-{epoch}" for topic, epoch in self.epochs.items()}
        self.stores[0].bind("group", "cluster", ids, accept)

    @rule(topic=st.sampled_from("ab"))
    def make_topic_again(self, topic: str) -> None:
        self.epochs[topic] += 1
        with pytest.raises(StoreError, match="created again"):
            self.bind_all(accept=False)
        self.bind_all(accept=True)
        for partition in [partition for partition in self.offsets if partition[0] == topic]:
            del self.offsets[partition]

    # ---- writes

    ranges = st.dictionaries(
        st.sampled_from(PARTITIONS), st.tuples(st.sampled_from([0] * 8 + [-2, -1, 1]), st.integers(1, 8)), min_size=1
    )
    """By partition: where the offset range begins, seen from the stored offset, and how long it is."""

    @rule(ranges=ranges, which=st.integers(0, 2))
    def write(self, ranges: dict[Partition, tuple[int, int]], which: int) -> None:
        self.attempt(self.store(which), self.ranges_of(ranges))

    @rule(ranges=ranges, which=st.integers(0, 2), ends=st.booleans(), waits=st.integers(1, 3))
    def write_while_locked(self, ranges: dict[Partition, tuple[int, int]], which: int, ends: bool, waits: int) -> None:
        with closing(sqlite3.connect(self.path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with self.waits(other.rollback if ends else self.stop, waits) as said:
                self.attempt(self.store(which), self.ranges_of(ranges), stopped=not ends)
            assert len(said) == waits
            assert "locked" in said[0]

    @rule(ranges=ranges, which=st.integers(0, 2), ends=st.booleans())
    def write_to_a_full_database(self, ranges: dict[Partition, tuple[int, int]], which: int, ends: bool) -> None:
        store = self.store(which)
        store._db.execute("PRAGMA max_page_count = 1")  # it means: no more than there are

        def free() -> None:
            store._db.execute("PRAGMA max_page_count = 1073741823")

        with self.waits(free if ends else self.stop) as said:
            self.attempt(store, self.ranges_of(ranges), stopped=lambda: not ends and bool(said))
        free()

    @rule(ranges=ranges, which=st.integers(0, 2), ends=st.booleans(), room=st.sampled_from([0, 100, 20_000]))
    def write_to_a_full_disk(self, ranges: dict[Partition, tuple[int, int]], which: int, ends: bool, room: int) -> None:
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        log = self.path.with_name(self.path.name + "-wal").stat().st_size

        def free() -> None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

        with self.waits(free if ends else self.stop) as said:
            resource.setrlimit(resource.RLIMIT_FSIZE, (log + room, hard))
            try:
                self.attempt(self.store(which), self.ranges_of(ranges), stopped=lambda: not ends and bool(said))
            finally:
                free()

    @rule(ranges=ranges, which=st.integers(0, 2), rival=st.sampled_from(PARTITIONS))
    def write_after_a_rival(self, ranges: dict[Partition, tuple[int, int]], which: int, rival: Partition) -> None:
        """Another connection writes between the merge and the transaction."""
        mine = self.ranges_of(ranges)
        self.attempt(
            self.store(which), mine, before=lambda: self.attempt(self.store(which + 1), self.ranges_of({rival: (0, 2)}))
        )

    @rule(ranges=ranges, which=st.integers(0, 2))
    def write_once(self, ranges: dict[Partition, tuple[int, int]], which: int) -> None:
        """Without a second merge: a batch with orders that are counted already changes nothing."""
        store, mine = self.store(which), self.ranges_of(ranges)
        merged = self.merge(mine, ())
        try:
            hits = store.write(mine, merged, self.letters(mine))
        except Fenced:
            assert not self.right(mine)
        else:
            assert self.right(mine)
            assert hits == self.orders & set(merged.claims)
            if not hits:
                self.note(mine)
        assert not store._db.in_transaction

    @rule(ranges=ranges, which=st.integers(0, 2), steps=st.integers(1, 40))
    def fail_in_a_statement(self, ranges: dict[Partition, tuple[int, int]], which: int, steps: int) -> None:
        store = self.store(which)
        left = steps

        def interrupt() -> bool:
            nonlocal left
            left -= 1
            return left == 0

        mine = self.ranges_of(ranges)
        store._db.set_progress_handler(interrupt, 25)
        try:
            self.attempt(store, mine)
        except StoreError as error:
            assert "interrupted" in str(error)
            assert not store._db.in_transaction
            # A COMMIT may be interrupted when all is done.
            if self.stored() != self.offsets:
                assert self.right(mine)
                self.note(mine)
        finally:
            store._db.set_progress_handler(None, 0)

    @rule(ranges=ranges, which=st.integers(0, 2), nth=st.integers(1, 25))
    def crash(self, ranges: dict[Partition, tuple[int, int]], which: int, nth: int) -> None:
        """Close the connection before the nth statement of a write, without a rollback."""
        store = self.store(which)

        def die() -> None:
            raise Crash

        self.break_(store, Faulty(store._db, die, nth))
        try:
            self.attempt(store, self.ranges_of(ranges))
        except Crash:
            self.stores.remove(store)
            store.close()
            if not self.stores:
                self.open()
        else:
            self.break_(store, store._db._db)  # type: ignore[attr-defined]

    @rule(ranges=ranges, which=st.integers(0, 2))
    def report_a_failure_of_a_commit_that_took_place(
        self, ranges: dict[Partition, tuple[int, int]], which: int
    ) -> None:
        store = self.store(which)
        mine = self.ranges_of(ranges)
        right = self.right(mine)

        def lie() -> None:
            error = sqlite3.OperationalError("disk I/O error")
            error.sqlite_errorcode = sqlite3.SQLITE_IOERR_WRITE
            raise error

        self.break_(store, Faulty(store._db, lie, after="COMMIT"))
        with self.waits(lambda: None), pytest.raises(Fenced):
            self.write_all(store, mine)
        self.break_(store, store._db._db)  # type: ignore[attr-defined]
        if right:
            self.note(mine)

    # ---- the model

    def right(self, ranges: Mapping[Partition, OffsetRange]) -> bool:
        return all(self.offsets.get(partition) == offsets.start for partition, offsets in ranges.items())

    def ranges_of(self, ranges: Mapping[Partition, tuple[int, int]]) -> dict[Partition, OffsetRange]:
        found = {}
        for partition, (shift, size) in ranges.items():
            stored = self.offsets.get(partition)
            start = stored if shift == 0 else (stored or 0) + shift
            if shift == -1 and stored is not None:
                start = None
            found[partition] = OffsetRange(start, max((start or 0) + size, 1))
        return found

    def events(self, ranges: Mapping[Partition, OffsetRange]) -> list[tuple[Partition, Row | None]]:
        return [
            (partition, event(partition, self.epochs[partition[0]], offset))
            for partition, offsets in ranges.items()
            for offset in range(offsets.start or 0, offsets.next)
        ]

    def letters(self, ranges: Mapping[Partition, OffsetRange]) -> dict[str, int]:
        topics = [topic for (topic, _), row in self.events(ranges) if row is None]
        return {topic: topics.count(topic) for topic in topics}

    def merge(self, ranges: Mapping[Partition, OffsetRange], counted: Iterable[str]) -> Merged:
        rows = [row for _, row in self.events(ranges) if row is not None]
        kept = list(once(rows, counted))
        orders = [row["order"] for row in kept if row["order"] is not None]
        return Merged([delta(figure, kept) for figure in FIGURES], orders, len(rows) - len(kept))

    def note(self, ranges: Mapping[Partition, OffsetRange]) -> Merged:
        """Count these ranges in the model."""
        merged = self.merge(ranges, self.orders)
        self.rows += once([row for _, row in self.events(ranges) if row is not None], self.orders)
        self.orders |= set(merged.claims)
        self.offsets |= {partition: offsets.next for partition, offsets in ranges.items()}
        for topic, count in self.letters(ranges).items():
            self.counts["dead_letters", topic] = self.counts.get(("dead_letters", topic), 0) + count
        if merged.duplicates:
            key = ("duplicate_purchases", "")
            self.counts[key] = self.counts.get(key, 0) + merged.duplicates
        return merged

    # ---- what the rules share

    def store(self, which: int) -> Store:
        return self.stores[which % len(self.stores)]

    def break_(self, store: Store, db: Any) -> None:
        store._db = store._database.connection = db

    def no_wait(self, what: str) -> None:
        raise AssertionError(f"waits for {what}")

    def stop(self) -> None:
        raise Stopped

    @contextmanager
    def waits(self, act: Callable[[], object], at: int = 1) -> Iterator[list[str]]:
        """Let stores wait, and do something at the nth time; gives what they wait for."""
        said: list[str] = []

        def wait(what: str) -> None:
            said.append(what)
            if len(said) == at:
                act()

        self.wait = wait
        yield said
        self.wait = self.no_wait

    def attempt(
        self,
        store: Store,
        ranges: Mapping[Partition, OffsetRange],
        stopped: bool | Callable[[], bool] = False,
        before: Callable[[], None] = lambda: None,
    ) -> None:
        """Write, and compare what happens with the model; `before` is called between the merge and the write."""
        try:
            merged = self.write_all(store, ranges, before)
        except Fenced:
            assert not self.right(ranges)
        except Stopped:
            assert stopped if isinstance(stopped, bool) else stopped()
        else:
            assert not (stopped if isinstance(stopped, bool) else stopped())
            assert self.right(ranges)
            assert (merged.duplicates, sorted(merged.claims)) == self.noted(ranges)
        assert not store._db.in_transaction

    def write_all(
        self, store: Store, ranges: Mapping[Partition, OffsetRange], before: Callable[[], None] = lambda: None
    ) -> Merged:
        """Write as a member does: merge again without what is counted."""
        merged = self.merge(ranges, ())
        before()
        counted: frozenset[str] = frozenset()
        while hits := store.write(ranges, merged, self.letters(ranges)):
            assert hits == self.orders & set(merged.claims)
            counted |= hits
            merged = self.merge(ranges, counted)
        return merged

    def noted(self, ranges: Mapping[Partition, OffsetRange]) -> tuple[int, list[str]]:
        merged = self.note(ranges)
        return merged.duplicates, sorted(merged.claims)

    def stored(self) -> dict[Partition, int]:
        with closing(sqlite3.connect(f"file:{self.path}?mode=ro", uri=True)) as db:
            offsets = db.execute("SELECT topic, partition, next_offset FROM offsets").fetchall()
        return {(topic, partition): after for topic, partition, after in offsets}

    @invariant()
    def holds_what_the_model_holds(self) -> None:
        with closing(sqlite3.connect(f"file:{self.path}?mode=ro", uri=True)) as db:
            assert self.stored() == self.offsets
            assert {order for (order,) in db.execute("SELECT id FROM orders")} == self.orders
            counts = db.execute("SELECT name, topic, n FROM counts").fetchall()
            assert {(name, topic): n for name, topic, n in counts} == self.counts
            for figure in FIGURES:
                names = [*figure.keys, *(measure.name for measure in figure.measures)]
                found = {}
                for row in db.execute(f"SELECT {', '.join(names)} FROM {figure.name}"):
                    key, values = row[: len(figure.keys)], row[len(figure.keys) :]
                    # A sum beyond 64 bits is text.
                    found[key] = tuple(
                        int(value) if measure.merge is Merge.SUM else value
                        for measure, value in zip(figure.measures, values, strict=True)
                    )
                assert found == table(figure, self.rows), figure.name


TestStores = Stores.TestCase
TestStores.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)

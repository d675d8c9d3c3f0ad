"""The store's file under faults: locks, full disks, kills, damage, older files, and another file in its place."""

from __future__ import annotations

import os
import re
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from consumers.analytics import __main__ as command
from consumers.analytics.arrangement import ARRANGEMENT
from consumers.analytics.figures import SHOP
from consumers.analytics.queries import Reader
from tests.support.figures.stores import Writer, no_waiting
from tributary.figures.merge import Merged
from tributary.figures.store import Fenced, Store, StoreError, errors
from tributary.kafka.batch import OffsetRange
from tributary.settings import Settings
from tributary.signals import Stopped
from tributary.views.feed import Feed

NOTHING = Merged([], [], 0)
PART = ("topic", 0)


def advance(store: Store, start: int | None, after: int, letters: int = 1) -> None:
    """Move the offset of the one partition, and count some dead letters."""
    store.write({PART: OffsetRange(start, after)}, NOTHING, {"topic": letters})


def state(path: Path) -> tuple[dict[tuple[str, int], int], int]:
    """The offsets, and how much was counted."""
    reader = Reader(path)
    try:
        return reader.offsets(), reader.counted()
    finally:
        reader.close()


class Wait:
    """Takes down what is waited for, and does something at the nth call."""

    def __init__(self, act: Callable[[], object], at: int = 1) -> None:
        self.said: list[str] = []
        self._act, self._at = act, at

    def __call__(self, what: str) -> None:
        self.said.append(what)
        if len(self.said) == self._at:
            self._act()


def stop() -> None:
    raise Stopped


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.sqlite"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Do not wait for a lock before saying so."""
    monkeypatch.setattr(errors, "RETRY_S", 0.01)


@contextmanager
def locked(path: Path) -> Iterator[Callable[[], None]]:
    """Another process has a transaction open in the store; gives a function that ends it."""
    script = (
        "import sqlite3, sys; db = sqlite3.connect(sys.argv[1], isolation_level=None); db.execute('BEGIN IMMEDIATE')"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", f"{script}; print('locked', flush=True); sys.stdin.read()", path],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stdin is not None
    process.stdout.readline()

    def release() -> None:
        process.communicate()

    try:
        yield release
    finally:
        release()


# ---- what passes -------------------------------------------------------------------------------------


def test_a_locked_store_is_waited_for_about_once_a_second(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(errors, "RETRY_S", 1.0)
    wait = Wait(lambda: None)
    began = time.monotonic()
    store = Store(path, SHOP, wait)
    with locked(path) as release:
        wait._act, wait._at = release, 2
        advance(store, None, 5)
    assert wait.said == [f"the store {path}: database is locked; another process has a transaction open"] * 2
    assert 1.5 < time.monotonic() - began < 10
    assert state(path) == ({PART: 5}, 1)


def test_a_wait_for_a_locked_store_ends_when_told(path: Path) -> None:
    wait = Wait(stop)
    store = Store(path, SHOP, wait)
    with locked(path) as release:
        with pytest.raises(Stopped):
            advance(store, None, 5)
        with pytest.raises(Stopped):
            Store(path, SHOP, Wait(stop))
        release()
        wait.said.clear()
        advance(store, None, 7)
    assert state(path) == ({PART: 7}, 1)


def test_an_open_waits_for_a_lock(path: Path) -> None:
    first = Store(path, SHOP, no_waiting)
    with locked(path) as release:
        wait = Wait(release)
        assert Store(path, SHOP, wait).id == first.id
    assert len(wait.said) == 1


def test_a_full_database_is_waited_for(path: Path) -> None:
    wait = Wait(lambda: store._db.execute("PRAGMA max_page_count = 1073741823"), at=2)
    store = Store(path, SHOP, wait)
    pages = store._db.execute("PRAGMA page_count").fetchone()[0]
    store._db.execute(f"PRAGMA max_page_count = {pages}")
    orders = [f"{n:0900}" for n in range(200)]
    store.write({PART: OffsetRange(None, 200)}, Merged([], orders, 0), {"topic": 3})
    assert len(wait.said) == 2
    assert "database or disk is full; free space on its disk" in wait.said[0]
    assert state(path) == ({PART: 200}, 3)


def test_a_commit_that_cannot_be_written_is_waited_for(path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    wait = Wait(lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard)), at=2)
    store = Store(path, SHOP, wait)
    advance(store, None, 1)
    log = path.with_name(path.name + "-wal").stat().st_size
    resource.setrlimit(resource.RLIMIT_FSIZE, (log, hard))
    try:
        advance(store, 1, 2)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert wait.said == [f"the store {path}: disk I/O error; is its disk full, or a quota used up?"] * 2
    assert state(path) == ({PART: 2}, 2)
    assert store._db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


@pytest.mark.parametrize("limit", [0, 1, 4_096, 16_384, 16_385, 40_000, 100_000])
def test_a_store_that_cannot_be_created_yet_is_created_later(path: Path, limit: int) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    wait = Wait(lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard)))
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
    try:
        store = Store(path, SHOP, wait)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert len(wait.said) == 1
    advance(store, None, 1)
    assert state(path) == ({PART: 1}, 1)


def test_too_many_open_files_are_waited_for(path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wait = Wait(lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard)))
    lowest = os.dup(0)
    os.close(lowest)
    resource.setrlimit(resource.RLIMIT_NOFILE, (lowest, hard))
    try:
        Store(path, SHOP, wait)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert wait.said == [
        f"the store {path}: unable to open database file; is its disk full, or are too many files open?"
    ]


class Reporting:
    """A connection whose first COMMIT reports an error although it took place."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db, self._lied = db, False

    def __getattr__(self, name: str) -> object:
        return getattr(self._db, name)

    def execute(self, statement: str) -> sqlite3.Cursor:
        cursor = self._db.execute(statement)
        if statement == "COMMIT" and not self._lied:
            self._lied = True
            error = sqlite3.OperationalError("disk I/O error")
            error.sqlite_errorcode = sqlite3.SQLITE_IOERR_WRITE
            raise error
        return cursor


def test_a_commit_that_took_place_though_it_failed_is_not_repeated(path: Path) -> None:
    store = Store(path, SHOP, Wait(lambda: None))
    store._database.connection = Reporting(store._db)  # type: ignore[assignment]
    with pytest.raises(Fenced):
        advance(store, None, 5)
    assert state(path) == ({PART: 5}, 1)
    advance(store, 5, 6)
    assert state(path) == ({PART: 6}, 2)


# ---- what does not pass ------------------------------------------------------------------------------


def a_folder(path: Path) -> None:
    path.mkdir()


def below_a_file(path: Path) -> None:
    path.parent.rmdir()
    path.parent.write_text("")


def no_database(path: Path) -> None:
    path.write_text("not a database, whatever it says " * 100)


def a_pipe(path: Path) -> None:
    os.mkfifo(path)


def newer(path: Path) -> None:
    Store(path, SHOP, no_waiting).close()
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA user_version = 99")


def of_another_program(path: Path) -> None:
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE theirs (a)")


def damaged(path: Path) -> None:
    writer = Writer(path)
    writer.write(20)
    writer.store.close()
    content = bytearray(path.read_bytes())
    content[100:] = os.urandom(len(content) - 100)
    path.write_bytes(content)


def a_link_to_itself(path: Path) -> None:
    path.symlink_to(path)


REFUSALS: list[tuple[Callable[[Path], None], str]] = [
    (a_folder, "not a regular file. Set STORE_PATH to a file"),
    (below_a_file, "File exists.*Set STORE_PATH"),
    (no_database, "file is not a database. Set STORE_PATH to another file"),
    (a_pipe, "not a regular file"),
    (newer, r"another version of the store \(layout 99, this version knows 2 to 3\)"),
    (of_another_program, "a database of another program. Set STORE_PATH"),
    (damaged, "malformed.*Restore it from a backup"),
    (a_link_to_itself, "symbolic links"),
]


@pytest.mark.parametrize(("make", "says"), REFUSALS)
def test_what_does_not_pass_is_refused_in_one_line(
    tmp_path: Path,
    make: Callable[[Path], None],
    says: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = tmp_path / "folder" / "store.sqlite"
    path.parent.mkdir()
    make(path)
    with pytest.raises(StoreError, match=says) as refusal:
        Store(path, SHOP, no_waiting)
    assert str(path) in str(refusal.value)
    assert "\n" not in str(refusal.value)
    monkeypatch.setenv("STORE_PATH", str(path))
    for arguments in (["report"], ["report", "--json"], ["run"]):
        assert command.main(arguments) == 1
        *_, last = capsys.readouterr().err.splitlines()
        assert last.startswith(f"error: the store {path}: ")


def test_a_database_of_another_program_is_left_as_it_is(path: Path) -> None:
    of_another_program(path)
    before = path.read_bytes()
    with pytest.raises(StoreError, match="of another program"):
        Store(path, SHOP, no_waiting)
    assert path.read_bytes() == before


# ---- kills, and several at once ----------------------------------------------------------------------


def forked(work: Callable[[], object]) -> int:
    """Do the work in a process of its own; how it ended. Without an open store: SQLite must not be carried along."""
    child = os.fork()
    if child == 0:
        try:
            work()
            os._exit(0)
        finally:
            os._exit(1)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def create(path: Path) -> None:
    Store(path, SHOP, no_waiting).close()


def killed_at_call(number: int, work: Callable[[], object]) -> None:
    """Do the work; be killed before that call of SQLite or of the operating system."""
    left = number

    def count(_: object, event: str, function: Any) -> None:
        nonlocal left
        if event == "c_call" and (
            function is sqlite3.connect
            or isinstance(function.__self__, sqlite3.Connection | sqlite3.Cursor)
            or function.__module__ == "posix"
        ):
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.setprofile(count)
    work()
    sys.setprofile(None)


def usable(path: Path) -> None:
    store = Store(path, SHOP, no_waiting)
    advance(store, None, 5)
    assert state(path) == ({PART: 5}, 1)
    assert store._db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    store.close()


def test_a_store_whose_creation_was_killed_between_any_two_calls_is_usable(tmp_path: Path) -> None:
    kills = 0
    for number in range(1, 1_000):
        path = tmp_path / f"{number}.sqlite"
        code = forked(lambda number=number, path=path: killed_at_call(number, lambda: create(path)))  # type: ignore[misc]
        with suppress(FileNotFoundError):
            state(path)
        usable(path)
        if code == 0:
            break
        assert code == -signal.SIGKILL
        kills += 1
    assert kills > 30


def test_a_store_whose_creation_was_killed_at_any_moment_is_usable(tmp_path: Path) -> None:
    def interrupted(after_s: float, path: Path) -> None:
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.setitimer(signal.ITIMER_REAL, after_s)
        create(path)

    codes = set()
    for number in range(30):
        path = tmp_path / f"{number}.sqlite"
        codes.add(forked(lambda number=number, path=path: interrupted(0.0005 * (number + 1), path)))  # type: ignore[misc]
        usable(path)
    assert -signal.SIGALRM in codes


def test_a_write_that_was_killed_between_any_two_calls_is_in_the_store_or_not(path: Path) -> None:
    def write(start: int) -> None:
        store = Store(path, SHOP, no_waiting)
        orders = [f"{start}-{number}" for number in range(3)]
        store.write({PART: OffsetRange(start, start + 3)}, Merged([], orders, 0), {"topic": 3})
        os._exit(0)

    store = Store(path, SHOP, no_waiting)
    store.write({PART: OffsetRange(None, 3)}, NOTHING, {"topic": 3})
    store.close()
    offset, outcomes = 3, set()
    for number in range(1, 1_000):
        code = forked(lambda number=number, offset=offset: killed_at_call(number, lambda: write(offset)))  # type: ignore[misc]
        offsets, counted = state(path)
        written = offsets[PART] > offset
        offset = offsets[PART]
        assert counted == offset
        outcomes.add((code, written))
        if code == 0:
            break
    assert outcomes == {(-signal.SIGKILL, False), (-signal.SIGKILL, True), (0, True)}


def test_many_create_a_store_at_once(tmp_path: Path) -> None:
    for number in range(5):
        path = tmp_path / f"{number}.sqlite"
        ids: list[str] = []
        start = threading.Barrier(4)

        def work(path: Path = path, ids: list[str] = ids, start: threading.Barrier = start) -> None:
            start.wait()
            store = Store(path, SHOP, lambda _: None)
            ids.append(store.id)
            store.close()

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(ids) == 4
        assert len(set(ids)) == 1


def test_processes_create_a_store_at_once(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    script = (
        "import sys; from pathlib import Path; from tributary.figures.store import Store; "
        "from consumers.analytics.figures import SHOP\n"
        "sys.stdin.readline(); print(Store(Path(sys.argv[1]), SHOP, lambda what: None).id)"
    )
    processes = [
        subprocess.Popen([sys.executable, "-c", script, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    ids = set()
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    for process in processes:
        ids.add(process.communicate()[0])
    assert len(ids) == 1
    assert re.fullmatch(r"[0-9a-f]{32}\n", (first := ids.pop()))
    assert Store(tmp_path / "another.sqlite", SHOP, no_waiting).id != first.strip()


def test_an_empty_file_becomes_a_store(path: Path) -> None:
    path.touch()
    with pytest.raises(FileNotFoundError, match="no store yet"):
        Reader(path)
    usable(path)


# ---- older stores ------------------------------------------------------------------------------------


def make_older(path: Path) -> None:
    """Turn a store into one of layout 2."""
    with sqlite3.connect(path) as db:
        for table in ("identity", "topics", "members"):
            db.execute(f"DROP TABLE {table}")
        db.execute("PRAGMA user_version = 2")
    db.close()


def test_a_store_of_layout_2_keeps_its_figures_and_is_bound_at_first_use(path: Path) -> None:
    writer = Writer(path)
    writer.write(30)
    writer.store.close()
    reader = Reader(path)
    before = reader.figures(30), reader.offsets()
    reader.close()
    make_older(path)
    reader = Reader(path)
    assert (reader.figures(30), reader.offsets()) == before
    assert reader.members() == []
    store = Store(path, SHOP, no_waiting)
    assert (reader.figures(30), reader.offsets()) == before
    assert re.fullmatch("[0-9a-f]{32}", store.id)
    store.bind("g", "c", {"t": "1"}, accept_recreated=False)
    assert (reader.figures(30), reader.offsets()) == before
    with pytest.raises(StoreError, match="belongs to consumer group 'g'"):
        store.bind("h", "c", {"t": "1"}, accept_recreated=False)


# ---- another file in its place -----------------------------------------------------------------------


def deleted(path: Path) -> None:
    for file in path.parent.iterdir():
        file.unlink()


def replaced(path: Path) -> None:
    other = path.with_name("other")
    Store(other, SHOP, no_waiting).close()
    other.replace(path)


def made_again(path: Path) -> None:
    deleted(path)
    Store(path, SHOP, no_waiting).close()


def without_its_log(path: Path) -> None:
    path.with_name(path.name + "-wal").unlink()


@pytest.mark.parametrize("fault", [deleted, replaced, made_again, without_its_log])
def test_a_file_that_was_deleted_or_replaced_is_noticed(path: Path, fault: Callable[[Path], None]) -> None:
    store = Store(path, SHOP, no_waiting)
    advance(store, None, 5)
    store.check()
    fault(path)
    with pytest.raises(StoreError, match="was deleted or replaced while it was in use"):
        store.check()
    with pytest.raises(StoreError, match="was deleted or replaced while it was in use"):
        advance(store, 5, 6)


def test_a_file_that_is_replaced_during_a_write_is_noticed_before_the_commit(path: Path) -> None:
    store = Store(path, SHOP, no_waiting)
    spy = sqlite3.connect(path)

    def replace_once(_: str) -> None:
        store._db.set_trace_callback(None)
        replaced(path)

    store._db.set_trace_callback(replace_once)
    with pytest.raises(StoreError, match="was deleted or replaced"):
        advance(store, None, 5)
    assert spy.execute("SELECT * FROM offsets").fetchall() == []


def test_a_file_that_is_replaced_while_its_lock_is_waited_for_is_noticed(path: Path) -> None:
    store = Store(path, SHOP, Wait(lambda: replaced(path)))
    with locked(path), pytest.raises(StoreError, match="was deleted or replaced"):
        advance(store, None, 5)


def test_the_files_of_a_store_stay_the_same_while_others_come_and_go(path: Path) -> None:
    store = Store(path, SHOP, no_waiting)
    for number in range(5):
        other = Store(path, SHOP, no_waiting)
        advance(other, number or None, number + 1)
        other._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        state(path)
        other.close()
        store.check()


# ---- for whom it counts ------------------------------------------------------------------------------


def test_a_store_is_bound_to_a_group_a_cluster_and_topics(path: Path) -> None:
    store = Store(path, SHOP, no_waiting)
    store.bind("g", "c", {"a": "1", "b": "2"}, accept_recreated=False)
    store.close()
    store = Store(path, SHOP, no_waiting)
    store.bind("g", "c", {"a": "1", "b": "2"}, accept_recreated=False)
    store.bind("g", "c", {"a": "1", "new": "3"}, accept_recreated=False)
    store.bind("g", "c", {}, accept_recreated=False)
    for group, cluster, topics, says in (
        ("other", "c", {"a": "1"}, "belongs to consumer group 'g', .* member of 'other'. Set CONSUMER_GROUP=g, or"),
        ("g", "other", {"a": "1"}, "of Kafka cluster 'c', .* belongs to 'other'. Connect to that cluster, or set"),
        ("g", "c", {"b": "9", "a": "1"}, r"created again since: b \(id 9, counted 2\). Start with --accept-recreated"),
        ("g", "c", {"new": "2"}, r"new \(id 2, counted 3\)"),
    ):
        with pytest.raises(StoreError, match=says):
            store.bind(group, cluster, topics, accept_recreated=False)
    for group, cluster in (("other", "c"), ("g", "other")):
        with pytest.raises(StoreError, match="belongs to"):
            store.bind(group, cluster, {"a": "1"}, accept_recreated=True)


def test_a_topic_made_again_is_read_from_its_beginning_by_choice(path: Path) -> None:
    store, zombie = Store(path, SHOP, no_waiting), Store(path, SHOP, no_waiting)
    store.bind("g", "c", {"a": "1", "b": "2"}, accept_recreated=True)
    store.write(
        {("a", 0): OffsetRange(None, 5), ("a", 1): OffsetRange(None, 6), ("b", 0): OffsetRange(None, 7)},
        NOTHING,
        {"a": 1},
    )
    store.bind("g", "c", {"a": "9", "b": "2"}, accept_recreated=True)
    assert state(path) == ({("b", 0): 7}, 1)
    with pytest.raises(Fenced):
        zombie.write({("a", 0): OffsetRange(5, 6)}, NOTHING, {})
    store.write({("a", 0): OffsetRange(None, 2)}, NOTHING, {})
    store.bind("g", "c", {"a": "9", "b": "2"}, accept_recreated=True)
    assert state(path)[0] == {("a", 0): 2, ("b", 0): 7}
    with pytest.raises(StoreError, match=r"a \(id 1, counted 9\)"):
        store.bind("g", "c", {"a": "1"}, accept_recreated=False)


# ---- readers -----------------------------------------------------------------------------------------


def test_every_method_of_a_reader_explains_what_is_wrong(path: Path) -> None:
    writer = Writer(path)
    writer.write(20)
    methods: list[Callable[[Reader], object]] = [
        lambda reader: reader.figures(30),
        Reader.counted,
        Reader.offsets,
        Reader.products,
    ]
    reader = Reader(path)
    for method in methods:
        method(reader)
    replaced(path)
    for method in methods:
        with pytest.raises(StoreError, match="was deleted or replaced"):
            method(reader)
    writer.store.close()
    reader.close()
    with sqlite3.connect(path) as db:
        for (table,) in db.execute("SELECT name FROM sqlite_master WHERE name <> 'offsets'").fetchall():
            db.execute(f"DROP TABLE {table}")
        db.execute("ALTER TABLE offsets RENAME COLUMN topic TO theme")
    reader = Reader(path)
    for method in methods:
        with pytest.raises(StoreError, match=f"the store {path}: no such"):
            method(reader)


@pytest.mark.parametrize("name", ["a?mode=memory", "a#b", "a%41", "ä ö", "a'b\"c"])
def test_a_path_may_contain_what_separates_parts_of_a_uri(tmp_path: Path, name: str) -> None:
    path = tmp_path / name / name
    store = Store(path, SHOP, no_waiting)
    advance(store, None, 3)
    assert state(path) == ({PART: 3}, 1)


def test_a_feed_says_once_what_is_wrong_with_the_store(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    no_database(path)
    feed = Feed(ARRANGEMENT, Settings(store_path=path))
    looks = 0

    def wait(_: float) -> bool:
        nonlocal looks
        looks += 1
        return looks == 5

    feed._stop.wait = wait  # type: ignore[assignment]
    with feed:
        feed._thread.join()
    assert looks == 5
    assert [record.getMessage() for record in caplog.records] == [
        f"the store {path}: file is not a database. Set STORE_PATH to another file"
    ]


# ---- permissions -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("file_mode", "folder_mode", "says"),
    [
        (0o444, 0o777, "no permission to read and write it"),
        (0o000, 0o777, "no permission to read and write it"),
        (0o666, 0o555, "no permission to create files in"),
        (None, 0o555, "no permission to create files in"),
        (0o666, 0o000, "Permission denied"),
    ],
)
def test_a_store_without_permission_is_refused(file_mode: int | None, folder_mode: int, says: str) -> None:
    folder = Path(tempfile.mkdtemp())
    path = folder / "store.sqlite"
    answer, child_says = os.pipe()

    def open_as_another_user() -> None:
        if os.geteuid() == 0:
            os.setgroups([])
            os.setgid(65534)
            os.setuid(65534)
        try:
            Store(path, SHOP, no_waiting)
        except StoreError as error:
            os.write(child_says, str(error).encode())

    try:
        if file_mode is not None:
            Store(path, SHOP, no_waiting).close()
            path.chmod(file_mode)
        folder.chmod(folder_mode)
        forked(open_as_another_user)
    finally:
        os.close(child_says)
        folder.chmod(0o777)
        shutil.rmtree(folder)
    assert says in os.read(answer, 10_000).decode()
    os.close(answer)

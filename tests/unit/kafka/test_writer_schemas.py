"""A registry that is away, slow or wrong delays what needs its schemas, and costs no message."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from tributary.avro.columns.reader import SchemaPending, UnknownSchema
from tributary.kafka import writer_schemas
from tributary.kafka.writer_schemas import LAST_ID, WriterSchemas
from tributary.registry.client import RegistryUnavailable, SchemaConflict, SchemaNotFound, SchemaUnusable

Answer = Callable[[int], str]


class Registry:
    """Answers as `answer` says at the moment, and counts the questions."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.asked: Counter[int] = Counter()

    def __call__(self, schema_id: int) -> str:
        self.asked[schema_id] += 1
        return self.answer(schema_id)


def known(schema_id: int) -> str:
    return f"schema {schema_id}"


def missing(schema_id: int) -> str:
    raise SchemaNotFound(schema_id)


def away(_: int) -> str:
    raise RegistryUnavailable("it does not answer")


@contextmanager
def schemas(registry: Registry, wait_s: float = 0.0) -> Iterator[WriterSchemas]:
    one = WriterSchemas(registry, wait_s)
    try:
        yield one
    finally:
        one.close()
        eventually(lambda: not one._thread.is_alive())


def eventually(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_known_schema_is_at_hand_and_asked_for_once() -> None:
    registry = Registry(known)
    with schemas(registry) as some:
        assert [some.text(7), some.text(7), some.text(8)] == ["schema 7", "schema 7", "schema 8"]
    assert registry.asked == {7: 1, 8: 1}


def test_a_registry_that_is_away_costs_no_message_and_is_asked_again() -> None:
    registry = Registry(away)
    with schemas(registry) as some:
        with pytest.raises(SchemaPending):
            some.text(7)
        assert some.waiting_for == "the registry: it does not answer"
        assert some.pending({7}) == {7}
        registry.answer = known
        eventually(lambda: not some.pending({7}))
        assert some.text(7) == "schema 7"
        assert some.waiting_for == ""


def test_a_registry_that_hangs_does_not_hang_the_reader(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer_schemas, "_AT_HAND_S", 0.05)
    release = threading.Event()

    def hang(schema_id: int) -> str:
        release.wait()
        return known(schema_id)

    with schemas(Registry(hang)) as some:
        with pytest.raises(SchemaPending):
            some.text(7)
        assert some.waiting_for == "the registry: no answer yet about schema id 7"
        release.set()
        eventually(lambda: not some.pending({7}))


def test_an_id_counts_as_unknown_only_after_the_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """A replica lags: it says 404 at first."""
    monkeypatch.setattr(writer_schemas, "_AT_HAND_S", 0.05)
    monkeypatch.setattr(writer_schemas, "_FIRST_PAUSE_S", 0.01)
    registry = Registry(missing)
    with schemas(registry, wait_s=3600) as some:
        with pytest.raises(SchemaPending):
            some.text(7)
        eventually(lambda: registry.asked[7] > 2)
        assert "does not have yet: id 7" in some.waiting_for
        registry.answer = known
        eventually(lambda: not some.pending({7}))
        assert some.text(7) == "schema 7"


def test_unknown_ids_are_asked_for_together_and_remembered_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    registry = Registry(missing)
    ids = set(range(100, 5100))
    with schemas(registry) as some:
        assert some.pending(ids) == ids
        eventually(lambda: not some.pending(ids))
        for schema_id in ids:
            with pytest.raises(UnknownSchema, match=f"schema id {schema_id} is not in the registry"):
                some.text(schema_id)
        assert set(registry.asked.values()) == {1}
        later = time.monotonic() + 1000
        monkeypatch.setattr(time, "monotonic", lambda: later)
        registry.answer = away
        with pytest.raises(SchemaPending):  # what was known of it is out of date
            some.text(100)
        registry.answer = known
        assert some.pending({100}) == {100}
        monkeypatch.undo()
        eventually(lambda: not some.pending({100}))
        assert some.text(100) == "schema 100"


def test_a_schema_that_is_not_avro_is_unknown_for_good() -> None:
    def protobuf(_: int) -> str:
        raise SchemaUnusable("schema id 7 is of type PROTOBUF")

    registry = Registry(protobuf)
    with schemas(registry, wait_s=3600) as some:
        for _ in range(3):
            with pytest.raises(UnknownSchema, match="PROTOBUF"):
                some.text(7)
    assert registry.asked == {7: 1}


def test_an_id_that_no_registry_can_have_is_not_asked_for() -> None:
    registry = Registry(known)
    with schemas(registry) as some, pytest.raises(UnknownSchema, match="beyond the ids"):
        some.text(LAST_ID + 1)
    assert not registry.asked


def test_a_conflict_and_a_fault_of_our_own_end_the_reader() -> None:
    for fault in (SchemaConflict("id 7 differs"), ZeroDivisionError("a bug")):

        def raising(_: int, fault: Exception = fault) -> str:
            raise fault

        with schemas(Registry(raising)) as some:
            for _ in range(2):
                with pytest.raises(type(fault)):
                    some.text(7)


def test_a_fault_that_is_found_later_ends_the_wait_of_a_partition_that_is_held() -> None:
    registry = Registry(away)
    with schemas(registry) as some:
        assert some.pending({7}) == {7}

        def damaged(_: int) -> str:
            raise ValueError("the lock is damaged")

        registry.answer = damaged

        def raised() -> bool:
            try:
                return not some.pending({7})
            except ValueError:
                return True

        eventually(raised)
        with pytest.raises(ValueError, match="the lock is damaged"):
            some.pending({7})

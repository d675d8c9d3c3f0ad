"""Figures of a project that is not the shop: every kind of measure, windows, and deduplication or none."""

from __future__ import annotations

import random
import re
import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import attrs
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.figures.stores import no_waiting
from tributary.avro.columns import strings
from tributary.avro.columns.batch import NullableColumn, RecordBatch
from tributary.avro.columns.projection import Form
from tributary.figures.declaration import TOPIC, WINDOW_START, Declaration, Figure, Measure, Merge, Once
from tributary.figures.merge import Delta, merge
from tributary.figures.store import Store
from tributary.figures.store.reader import StoreReader
from tributary.kafka.batch import OffsetRange

READING, ALARM = "ReadingTaken", "AlarmRaised"
TOPICS = {READING: "readings", ALARM: "alarms"}
PHASES = ("IDLE", "BUSY")


def of_reading(reading: RecordBatch) -> RecordBatch:
    return reading


def of_alarm(alarm: RecordBatch) -> RecordBatch:
    more = {"energy": np.zeros(alarm.rows, np.int64), "firmware": strings.constant("", alarm.rows)}
    return RecordBatch(alarm.rows, {**alarm.columns, **more})


DEVICES = Declaration(
    fields={
        READING: {
            "at": Form.INTEGERS,
            "device": Form.STRINGS,
            "phase": Form.INTEGERS,
            "energy": Form.INTEGERS,
            "firmware": Form.STRINGS,
        },
        ALARM: {"id": Form.STRINGS, "at": Form.INTEGERS, "device": Form.STRINGS, "phase": Form.INTEGERS},
    },
    event_time="at",
    rows={"signals": {READING: of_reading, ALARM: of_alarm}, "alarms": {ALARM: of_alarm}},
    figures=(
        Figure(
            "devices",
            "signals",
            by=("device",),
            measures=(
                Measure("signals"),
                Measure("busy", where=("phase", PHASES.index("BUSY"))),
                Measure("energy", Merge.SUM),
                Measure("first_at", Merge.MIN, of="at"),
                Measure("last_at", Merge.MAX, of="at"),
                Measure("firmware", Merge.SAME, mixed="several"),
            ),
        ),
        Figure("hourly", "signals", by=(TOPIC, "phase"), measures=(Measure("signals"),), window_ms=3_600_000),
        Figure("alarms", "alarms", by=("device",), measures=(Measure("signals"),)),
    ),
    labels={"phase": PHASES},
    once=Once(ALARM, "id", table="alarm_ids", duplicates="repeated_alarms"),
)

Event = tuple[str, str, int, str, int, int, str]
"""Event name, alarm id, time, device, phase, energy, firmware."""

EVENTS: st.SearchStrategy[Event] = st.tuples(
    st.sampled_from(list(TOPICS)),
    st.sampled_from(["a1", "a2", "a3", "an-alarm-with-a-long-id"]),
    st.integers(0, 10**8),
    st.sampled_from(["d1", "d2"]),
    st.integers(0, 1),
    st.sampled_from([-(2**63), -1, 7, 2**63 - 1]),
    st.sampled_from(["", "1.0", "2.0"]),
)


def alike(events: Sequence[Event]) -> list[Event]:
    """The events with the copies of an alarm made equal, as an alarm that is sent twice is."""
    first: dict[str, Event] = {}
    return [first.setdefault(event[1], event) if event[0] == ALARM else event for event in events]


def batches(events: Iterable[Event]) -> dict[str, RecordBatch]:
    made = {}
    for name in TOPICS:
        some = [event for event in events if event[0] == name]
        columns: dict[str, Any] = {
            "id": strings.from_strings([event[1] for event in some]),
            "at": np.array([event[2] for event in some], np.int64),
            "device": strings.from_strings([event[3] for event in some]),
            "phase": np.array([event[4] for event in some], np.int64),
            "energy": np.array([event[5] for event in some], np.int64),
            "firmware": strings.from_strings([event[6] for event in some]),
        }
        if some:
            made[name] = RecordBatch(len(some), {field: columns[field] for field in DEVICES.fields[name]})
    return made


def write(store: Store, declaration: Declaration, events: Sequence[Event], start: int) -> None:
    ranges = {("readings", 0): OffsetRange(start or None, start + len(events))}
    counted: frozenset[str] = frozenset()
    while hits := store.write(ranges, merge(declaration, [batches(events)], TOPICS, counted), {}):
        counted |= hits


def plain_pass(events: Iterable[Event]) -> dict[str, dict[tuple[Any, ...], list[Any]]]:
    """All tables, one event after the other."""
    seen: set[str] = set()
    tables: dict[str, dict[tuple[Any, ...], list[Any]]] = {"devices": {}, "hourly": {}, "alarms": {}}
    for name, alarm, at, device, phase, energy, firmware in events:
        if name == ALARM:
            if alarm in seen:
                continue
            seen.add(alarm)
            tables["alarms"].setdefault((device,), [0])[0] += 1
            energy, firmware = 0, ""
        key = TOPICS[name], PHASES[phase], at // 3_600_000 * 3_600_000
        tables["hourly"].setdefault(key, [0])[0] += 1
        row = tables["devices"].setdefault((device,), [0, 0, 0, at, at, ""])
        same = row[5] if firmware in ("", row[5]) else firmware if row[5] == "" else "several"
        row[:] = [row[0] + 1, row[1] + phase, row[2] + energy, min(row[3], at), max(row[4], at), same]
    return tables


def tables(path: Path) -> dict[str, dict[tuple[Any, ...], list[Any]]]:
    found: dict[str, dict[tuple[Any, ...], list[Any]]] = {}
    with closing(sqlite3.connect(path)) as db:
        for figure in DEVICES.figures:
            columns = [*figure.keys, *(measure.name for measure in figure.measures)]
            found[figure.name] = {}
            for row in db.execute(f"SELECT {', '.join(columns)} FROM {figure.name}"):
                values = [
                    int(v) if m.merge is Merge.SUM else v
                    for v, m in zip(row[len(figure.keys) :], figure.measures, strict=True)
                ]
                found[figure.name][row[: len(figure.keys)]] = values
    return found


@given(
    st.lists(EVENTS, max_size=30).map(alike),
    st.lists(st.integers(1, 10), min_size=1),
    st.randoms(use_true_random=False),
)
def test_any_split_and_order_equals_one_plain_pass(
    events: list[Event], sizes: list[int], shuffle: random.Random
) -> None:
    shuffle.shuffle(events)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "store.sqlite"
        store = Store(path, DEVICES, no_waiting)
        at = 0
        while at < len(events):
            size = sizes[at % len(sizes)]
            write(store, DEVICES, events[at : at + size], at)
            at += len(events[at : at + size])
        store.close()

        assert tables(path) == plain_pass(events)
        with closing(sqlite3.connect(path)) as db:
            alarms = [event[1] for event in events if event[0] == ALARM]
            repeated = dict(db.execute("SELECT name, n FROM counts")).get("repeated_alarms", 0)
            assert {alarm for (alarm,) in db.execute("SELECT id FROM alarm_ids")} == set(alarms)
            assert repeated == len(alarms) - len(set(alarms))


def test_without_deduplication_every_event_counts(tmp_path: Path) -> None:
    declaration = attrs.evolve(DEVICES, once=None)
    store = Store(tmp_path / "store.sqlite", declaration, no_waiting)
    alarm: Event = (ALARM, "a1", 5, "d1", 0, 0, "")
    for start in (0, 2):
        write(store, declaration, [alarm, alarm], start)

    assert tables(tmp_path / "store.sqlite")["alarms"] == {("d1",): [4]}
    assert StoreReader(tmp_path / "store.sqlite").offsets() == {("readings", 0): 4}
    with closing(sqlite3.connect(tmp_path / "store.sqlite")) as db, pytest.raises(sqlite3.OperationalError):
        db.execute("SELECT * FROM alarm_ids")


@pytest.mark.parametrize(
    ("column", "kind"),
    [
        (NullableColumn(np.array([1, 0]), np.array([False, True])), "optional integers, not integers: use nullable()"),
        (NullableColumn(np.zeros(2), np.array([False, True])), "optional floats, not integers: use nullable_floats()"),
        (np.array([1.5, 2.5]), "floats, not integers: use floats()"),
    ],
)
def test_a_key_or_a_measure_of_other_numbers_than_integers_is_refused(column: Any, kind: str) -> None:
    parts = batches([(READING, "", 1, "d1", 0, 1, ""), (READING, "", 2, "d1", 0, 1, "")])
    energy, device = Measure("energy", Merge.SUM), Measure("readings")
    for name, measure in (("energy", energy), ("energy", Measure("least", Merge.MIN, of="energy")), ("device", device)):
        figure = Figure("f", "signals", by=("device",), measures=(measure,))
        columns = {**parts[READING].columns, name: column}
        with pytest.raises(TypeError, match=re.escape(f"column {name} has {kind}; ")):
            merge(attrs.evolve(DEVICES, figures=(figure,)), [{READING: RecordBatch(2, columns)}], TOPICS)


def test_a_delta_has_the_keys_in_order_and_then_the_measures() -> None:
    readings = [(READING, "", at, device, 1, 1, "1.0") for device, at in (("d2", 1), ("d1", 2), ("d2", 3_600_001))]
    deltas: list[Delta] = merge(DEVICES, [batches(readings)], TOPICS).deltas

    assert [delta.figure.name for delta in deltas] == ["devices", "hourly"]  # nothing for alarms
    assert deltas[0].columns == [["d1", "d2"], [1, 2], [1, 2], [1, 2], [2, 1], [2, 3_600_001], ["1.0", "1.0"]]
    assert deltas[1].figure.keys == (TOPIC, "phase", WINDOW_START)
    assert sorted(zip(*deltas[1].columns, strict=True)) == [
        ("readings", "BUSY", 0, 2),
        ("readings", "BUSY", 3_600_000, 1),
    ]

"""The local registry with a long history: the time to register version 1,001, and of concurrent reads."""

from __future__ import annotations

import http.client
import json
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import attrs

from benchmarks import measure
from benchmarks.bed import Bed
from benchmarks.measure import BenchmarkError
from benchmarks.report import Goal, Section, Table, Wanted

VERSIONS = 1_001
FIELDS = 60
REFERENCE_S = 0.36
"""Seconds that Confluent Schema Registry 8.3.1 needs for version 1,001."""
LEVELS = ("BACKWARD", "BACKWARD_TRANSITIVE")
_AT = (10, 100, 500, VERSIONS)
_AROUND = 25
_PATIENCE_S = 60
_EVERY_S = 0.005


@attrs.frozen
class History:
    """The registrations of one subject, and the concurrent reads of another client, in seconds."""

    level: str
    registrations: list[float]
    reads: list[float]
    peak_bytes: int

    def around(self, version: int) -> float:
        """The median of the registrations around a version."""
        return median(self.registrations[max(version - _AROUND, 0) : version + _AROUND])

    @property
    def slow_read(self) -> float:
        """The 99th percentile of the reads."""
        return quantiles(self.reads, n=100)[-1]


def section(bed: Bed, _: Wanted) -> Section:
    """Measure it at a level that compares with the last version, and at one that compares with all."""
    table = Table(
        f"Registry: {VERSIONS:,} versions of a record with {FIELDS} fields, each with a field of its own, ms",
        ("", *(f"v{version:,}" for version in _AT), "concurrent read", "99 of 100", "slowest", "peak MB"),
    )
    histories = [_history(bed, level) for level in LEVELS]
    for history in histories:
        points = [*map(history.around, _AT), median(history.reads), history.slow_read, max(history.reads)]
        table.add(history.level, *(f"{1000 * seconds:.1f}" for seconds in points), f"{history.peak_bytes / 2**20:.0f}")
    last = histories[0]
    goals = [
        *(
            Goal(f"v{VERSIONS:,}, {each.level}", "at most", 2 * REFERENCE_S, each.around(VERSIONS), "s")
            for each in histories
        ),
        Goal(f"v{VERSIONS:,}, {last.level}", "at most", 2, last.around(VERSIONS) / last.around(10), "times v10"),
        *(
            Goal(f"concurrent reads, 99th percentile, {each.level}", "under", 50, 1000 * each.slow_read, "ms")
            for each in histories
        ),
    ]
    return Section("registry", [table], goals, [attrs.asdict(history) for history in histories])


def _history(bed: Bed, level: str) -> History:
    with _served(bed) as (port, child):
        ask = _Client(port)
        ask("PUT", "/config", {"compatibility": level})
        ask("POST", "/subjects/read/versions", {"schema": _schema(0)})
        reads: list[float] = []
        done = threading.Event()
        reader = threading.Thread(target=_read, args=(_Client(port), reads, done))
        reader.start()
        try:
            registrations = [
                ask("POST", "/subjects/written/versions", {"schema": _schema(number)}) for number in range(VERSIONS)
            ]
        finally:
            done.set()
            reader.join()
        found = re.search(r"VmHWM:\s+(\d+) kB", _status(child.process.pid))
    return History(level, registrations, reads, int(found[1]) * 1024 if found else 0)


def _status(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    except OSError:
        return ""


def _read(ask: _Client, reads: list[float], done: threading.Event) -> None:
    while not done.wait(_EVERY_S):
        reads.append(ask("GET", "/subjects/read/versions/latest"))


def _schema(number: int) -> str:
    """Version `number`, with a doc for each field."""
    fields: list[dict[str, Any]] = []
    for position in range(FIELDS):
        doc = f"what field {position} says"
        if position % 3:
            fields.append({"name": f"field_{position}", "type": ["null", "string"], "default": None, "doc": doc})
        else:
            kind = {"type": "long", "logicalType": "timestamp-millis"}
            fields.append({"name": f"field_{position}", "type": kind, "doc": doc})
    fields.append({"name": f"added_{number}", "type": "int", "default": 0})
    return json.dumps({"type": "record", "name": "Order", "namespace": "shop", "fields": fields})


class _Client:
    """Requests over one connection."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_PATIENCE_S)

    def __call__(self, method: str, path: str, body: object = None) -> float:
        """Send a request. Returns the seconds until the answer. Raises BenchmarkError for an error."""
        sent = None if body is None else json.dumps(body)
        began = time.perf_counter()
        self._connection.request(method, path, sent, {"Content-Type": "application/json"})
        response = self._connection.getresponse()
        answer = response.read()
        if response.status != 200:
            raise BenchmarkError(f"{method} {path}: {response.status} {answer[:200]!r}")
        return time.perf_counter() - began


@contextmanager
def _served(bed: Bed) -> Iterator[tuple[int, measure.Child]]:
    """An empty registry of its own."""
    data = bed.path("registry")
    child = measure.launch(
        *("registry", "serve", "--port", 0, "--data", data, "--user", ""), log=data.with_suffix(".log")
    )
    try:
        deadline = time.monotonic() + _PATIENCE_S
        while not (ready := re.search(r"ready at http://[^ ]+:(\d+)", child.output())):
            if child.process.poll() is not None or time.monotonic() > deadline:
                raise BenchmarkError(f"the registry did not start: {child.output()}")
            time.sleep(0.02)
        yield int(ready[1]), child
    finally:
        child.process.terminate()
        child.process.wait()

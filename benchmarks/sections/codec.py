"""The codecs without a broker: rows to columns, and one event at a time, each compared with the stock classes."""

from __future__ import annotations

import json
from typing import Any

from benchmarks import measure
from benchmarks.bed import Bed
from benchmarks.report import Goal, Section, Table, Wanted
from benchmarks.sections import codec_columns, codec_rows


def section(bed: Bed, _: Wanted) -> Section:
    """Measure both in separate processes."""
    columns = _results(bed, "benchmarks.sections.codec_columns")
    rows = _results(bed, "benchmarks.sections.codec_rows")
    many = Table(
        "Rows to columns, CPU µs a row, by batch",
        ("", "fields", "batch", "stock", "ours", "ratio"),
    )
    for row in columns:
        many.add(
            row["event"],
            row["fields"],
            f"{row['batch']:,}",
            f"{row['stock_us']:.2f}",
            f"{row['ours_us']:.3f}",
            f"{row['ratio']:.1f} ×",
        )
    one = Table("One event at a time, CPU µs an event", ("", "", "stock", "ours", "ratio"))
    for row in rows:
        one.add(row["event"], row["what"], f"{row['stock_us']:.2f}", f"{row['ours_us']:.2f}", f"{row['ratio']:.1f} ×")
    merged = [row for row in columns if row["fields"] == "merge"]
    goals = [_goal(f"columns, {n:,} rows a batch", goal, merged, "batch", n) for n, goal in codec_columns.GOALS.items()]
    goals += [_goal(f"one event, {what}", goal, rows, "what", what) for what, goal in codec_rows.GOALS.items()]
    return Section("codec", [many, one], goals, {"columns": columns, "rows": rows})


def _goal(title: str, goal: float, rows: list[dict[str, Any]], key: str, value: object) -> Goal:
    least = min(row["ratio"] for row in rows if row[key] == value)
    return Goal(f"{title}, the lowest of the events", "at least", goal, least, "×")


def _results(bed: Bed, module: str) -> list[dict[str, Any]]:
    path = bed.path(module)
    measure.run(module, path, log=path.with_suffix(".log"))
    results: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
    return results

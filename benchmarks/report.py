"""The input and the result of a section: tables, goals with the measured values, and raw values for scripts."""

from __future__ import annotations

from collections.abc import Sequence, Set
from typing import Any

import attrs


@attrs.frozen
class Wanted:
    """The sections to run and the size of the load."""

    names: Set[str]
    """Of sections, and of contestants of the merge."""
    events: int
    rounds: int


@attrs.frozen
class Table:
    """Rows of text under a title."""

    title: str
    heading: Sequence[str]
    rows: list[Sequence[str]] = attrs.field(factory=list)

    def add(self, *cells: str) -> None:
        """Add a row with one cell per column."""
        self.rows.append(cells)


@attrs.frozen
class Goal:
    """A goal of the project and the measured value."""

    what: str
    sense: str
    """`at least`, `at most` or `under`."""
    goal: float
    measured: float
    unit: str

    @property
    def reached(self) -> bool:
        """Whether the measured value meets the goal."""
        return self.measured >= self.goal if self.sense == "at least" else self.measured <= self.goal


@attrs.frozen
class Section:
    """The result of one section."""

    name: str
    tables: Sequence[Table]
    goals: Sequence[Goal]
    raw: Any

    def as_json(self) -> dict[str, Any]:
        """The result as JSON, for scripts."""
        goals = [attrs.asdict(goal) | {"reached": goal.reached} for goal in self.goals]
        return {"name": self.name, "goals": goals, "raw": self.raw}

    def show(self) -> None:
        """Print it."""
        for table in self.tables:
            print(f"\n{table.title}")
            _print([table.heading, *table.rows])
        if self.goals:
            print("\ngoals")
            _print(
                [
                    (
                        f"  {goal.what}",
                        f"{_number(goal.measured)} {goal.unit}",
                        f"{goal.sense} {goal.goal:,g} {goal.unit}",
                        "reached" if goal.reached else "not reached",
                    )
                    for goal in self.goals
                ]
            )


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def _print(rows: Sequence[Sequence[str]]) -> None:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        first, *others = (f"{cell:{'<' if at == 0 else '>'}{widths[at]}}" for at, cell in enumerate(row))
        print("  ".join([first, *others]).rstrip(), flush=True)

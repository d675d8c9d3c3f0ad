"""The interface between the views and a project's figures."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

import attrs

from tributary.figures.status import MemberStatus
from tributary.figures.store.members import LiveMember
from tributary.kafka.admin import Partition
from tributary.settings import Settings
from tributary.views.panels import Panel
from tributary.views.prometheus import Metric
from tributary.views.rate import Rate

F = TypeVar("F")
"""The figures of a project, in a type of its own."""
F_co = TypeVar("F_co", covariant=True)


class FiguresReader(Protocol[F_co]):
    """A store that is open for reading. Each method raises StoreError if the store cannot be read."""

    def read(self) -> F_co:
        """The figures, all of one moment."""

    def counted(self) -> int:
        """The number of messages in the store, duplicates and dead letters included; quick in a store of any size."""

    def offsets(self) -> Mapping[Partition, int]:
        """The next offset to count, by topic and partition."""

    def members(self) -> Sequence[LiveMember]:
        """The members that are running."""

    def close(self) -> None:
        """Close the store."""


@attrs.frozen
class Totals:
    """What the views show of any figures."""

    events: int
    """Messages counted, without duplicates and dead letters."""
    dead_letters: Mapping[str, int]
    """By topic."""
    duplicates: int
    watermark_ms: int | None
    """The time of the latest event, milliseconds since the epoch."""


@attrs.frozen(eq=False)
class Section(Generic[F]):
    """One panel of the terminal and of the report."""

    panel: Callable[[View[F]], Panel]
    min_height: int = 4
    """Hidden when fewer lines than this are free, the title included."""
    of_member: bool = False
    """Whether it needs the status of a member; a report has none."""


@attrs.frozen(eq=False)
class Arrangement(Generic[F]):
    """What a project shows of its figures, and how."""

    title: str
    open: Callable[[Settings], FiguresReader[F]]
    """Open the store. Raises FileNotFoundError if there is none, StoreError if it cannot be read."""
    empty: F
    """The figures while there is no store."""
    totals: Callable[[F], Totals]
    counts: Callable[[F], Mapping[str, int]]
    """Counts for the line of progress in a log, by their names."""
    sections: Sequence[Section[F]]
    """Of the terminal and the report, the most important first: the last ones are hidden first."""
    to_json: Callable[[F], Mapping[str, Any]]
    """What `/api/figures` has of the figures."""
    report: Callable[[Settings], Mapping[str, Any]]
    """All figures of the store, for scripts. Raises what `open` raises."""
    metrics: Callable[[F], Iterable[Metric]]
    page: Path
    """The folder with the project's parts of the web page: see `tributary.views.web.page`."""
    columns: Mapping[int, Sequence[Sequence[Section[F]]]] = attrs.field(factory=dict)
    """The sections of each column, by the number of columns (2 or 3) that fit. By default they take turns."""
    duplicates: str = "duplicates"
    """What the events left out by deduplication are called."""
    hint: str = ""
    """What to do when there are no events yet."""


@attrs.frozen(eq=False)
class View(Generic[F]):
    """Everything that one picture of the terminal shows."""

    arrangement: Arrangement[F]
    figures: F
    status: MemberStatus | None = None
    """Of this member; None before its first report and where there is no member."""
    rate: Rate = attrs.field(factory=Rate)
    age_s: float = 0.0
    """The age of the figures."""
    logs: Sequence[str] = ()
    """Recent lines of standard error, the latest last."""

    @property
    def totals(self) -> Totals:
        """What every project's figures have."""
        return self.arrangement.totals(self.figures)

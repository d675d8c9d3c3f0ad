"""The content of a section, without its drawing: bars, a table, or facts under a title."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import attrs


@attrs.frozen
class Bar:
    """A line of a bar chart."""

    label: str
    value: int
    parts: Sequence[tuple[float, str]]
    """The segments from left to right, each with its length and its colour (of Rich); they add up to the value."""
    note: str = ""
    """Text next to the value, for example a percentage."""


@attrs.frozen
class Fact:
    """A name and its value."""

    name: str
    value: str
    style: str = ""
    """Of the value, as Rich writes it: `bold red`."""


@attrs.frozen
class Table:
    """Rows under a header. The first column is text, the others are numbers."""

    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    spare: Collection[int] = ()
    """Columns that are hidden where the table is narrow."""


@attrs.frozen
class Bars:
    """A bar chart; the largest value fills the width."""

    bars: Sequence[Bar]


@attrs.frozen
class Facts:
    """Facts, one per line."""

    facts: Sequence[Fact]


@attrs.frozen
class Panel:
    """The content of a section under its title."""

    title: str
    content: Bars | Table | Facts
    note: str = ""
    """Text at the end of the title's line."""

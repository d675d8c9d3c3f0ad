"""Arrange the sections in columns, in the lines that are free."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest

from rich.text import Text

from tributary.views.arrangement import F, Section, View
from tributary.views.terminal import drawing
from tributary.views.terminal.drawing import fit

_GUTTER = 3
_SPACED_FROM = 28
"""From this height, an empty line separates sections."""


def body(view: View[F], width: int, height: int | None, bars: bool = True) -> list[Text]:
    """The sections in columns: at most `height` lines of exactly this width, or all lines when it is None."""
    count = 1 if width < 64 else 2 if width < 110 else 3
    column_width = (width - _GUTTER * (count - 1)) // count
    columns = [_column(column, view, column_width, height, bars) for column in _columns(view, count)]
    blank = Text(" " * column_width)
    gutter = Text(" " * _GUTTER)
    return [fit(gutter.join(line or blank for line in lines), width) for lines in zip_longest(*columns)]


def _columns(view: View[F], count: int) -> list[list[Section[F]]]:
    """The sections of each column. Those that the arrangement puts into no column are at the end of the last."""
    sections = [section for section in view.arrangement.sections if view.status is not None or not section.of_member]
    if count not in view.arrangement.columns:
        return [sections[n::count] for n in range(count)]
    columns = [[section for section in column if section in sections] for column in view.arrangement.columns[count]]
    columns[-1] += [section for section in sections if not any(section in column for column in columns)]
    return columns


def _column(column: Sequence[Section[F]], view: View[F], width: int, height: int | None, bars: bool) -> list[Text]:
    drawn = {section: drawing.panel(section.panel(view), width, bars) for section in column}
    gap = 1 if height is None or height >= _SPACED_FROM else 0
    by_importance = [section for section in view.arrangement.sections if section in drawn]
    heights = _share(by_importance, {section: len(lines) for section, lines in drawn.items()}, gap, height)
    lines: list[Text] = []
    for section in column:
        if free := heights.get(section, 0):
            lines += [Text(" " * width)] * (gap if lines else 0) + _crop(drawn[section], free, width)
    return lines


def _share(
    sections: Sequence[Section[F]], wanted: dict[Section[F], int], gap: int, height: int | None
) -> dict[Section[F], int]:
    """The number of lines of each section. The last sections get none when there are too few."""
    if height is None:
        return wanted
    given: dict[Section[F], int] = {}
    free = height
    for section in sections:
        least = min(section.min_height, wanted[section])
        needed = least + (gap if given else 0)
        if needed <= free:
            given[section] = least
            free -= needed
    while free and any(given[section] < wanted[section] for section in given):
        for section in given:
            if free and given[section] < wanted[section]:
                given[section] += 1
                free -= 1
    return given


def _crop(lines: list[Text], height: int, width: int) -> list[Text]:
    if len(lines) <= height:
        return lines
    return [*lines[: height - 1], fit(Text(f"and {len(lines) - height + 1} more", "dim"), width)]

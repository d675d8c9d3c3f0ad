"""Where everything goes: the sections in columns, in whatever room there is."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest

from rich.text import Text

from consumers.terminal import sections
from consumers.terminal.sections import Section
from consumers.terminal.view import View
from tributary.views.terminal.drawing import fit

_TYPES = Section(sections.types, least=5, priority=0)
_FUNNEL = Section(sections.funnel, least=4, priority=1)
_MONEY = Section(sections.money, least=5, priority=2)
_HEALTH = Section(sections.health, least=4, priority=3)
_LAG = Section(sections.lag, least=4, priority=4)
_SEGMENTS = Section(sections.segments, least=5, priority=5)
_REGIONS = Section(sections.regions, least=4, priority=6)
_PRODUCTS = Section(sections.products, least=4, priority=7)
_STAGES = Section(sections.stages, least=5, priority=8)

_COLUMNS = {
    1: [[_TYPES, _FUNNEL, _MONEY, _HEALTH, _LAG, _SEGMENTS, _REGIONS, _PRODUCTS, _STAGES]],
    2: [[_TYPES, _SEGMENTS, _LAG, _HEALTH, _STAGES], [_FUNNEL, _MONEY, _REGIONS, _PRODUCTS]],
    3: [[_TYPES, _FUNNEL, _MONEY, _HEALTH], [_SEGMENTS, _REGIONS, _LAG, _STAGES], [_PRODUCTS]],
}
_GUTTER = 3
_ROOMY = 28
"""With so many lines, an empty one goes between sections."""


def body(view: View, width: int, height: int | None) -> list[Text]:
    """The sections, in columns, in at most so many lines of exactly this width; all that there is when None."""
    count = 1 if width < 64 else 2 if width < 110 else 3
    column_width = (width - _GUTTER * (count - 1)) // count
    columns = [_column(column, view, column_width, height) for column in _COLUMNS[count]]
    blank = Text(" " * column_width)
    gutter = Text(" " * _GUTTER)
    return [fit(gutter.join(line or blank for line in lines), width) for lines in zip_longest(*columns)]


def _column(column: Sequence[Section], view: View, width: int, height: int | None) -> list[Text]:
    # A member shows its lag and its stages, a report has neither.
    column = [s for s in column if view.status is not None or s not in (_LAG, _STAGES)]
    drawn = {section.priority: section.draw(view, width) for section in column}
    gap = 1 if height is None or height >= _ROOMY else 0
    heights = _share(column, {priority: len(lines) for priority, lines in drawn.items()}, gap, height)
    lines: list[Text] = []
    for section in column:
        room = heights.get(section.priority, 0)
        if room:
            lines += [Text(" " * width)] * (gap if lines else 0) + _crop(drawn[section.priority], room, width)
    return lines


def _share(column: Sequence[Section], wanted: dict[int, int], gap: int, height: int | None) -> dict[int, int]:
    """How many lines each section gets, by priority. Those that come last get none when there are too few."""
    if height is None:
        return wanted
    given: dict[int, int] = {}
    left = height
    for section in sorted(column, key=lambda s: s.priority):
        least = min(section.least, wanted[section.priority])
        needed = least + (gap if given else 0)
        if needed <= left:
            given[section.priority] = least
            left -= needed
    while left and any(given[priority] < wanted[priority] for priority in given):
        for priority in given:
            if left and given[priority] < wanted[priority]:
                given[priority] += 1
                left -= 1
    return given


def _crop(lines: list[Text], height: int, width: int) -> list[Text]:
    if len(lines) <= height:
        return lines
    return [*lines[: height - 1], fit(Text(f"and {len(lines) - height + 1} more", "dim"), width)]

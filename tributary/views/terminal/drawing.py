"""Draw panels, bars and charts with characters. Every line has exactly the width that is asked for."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len
from rich.text import Text

from tributary.printable import printable
from tributary.views.panels import Bar, Bars, Facts, Panel, Table

_EIGHTHS = " ▏▎▍▌▋▊▉█"
_HEIGHTS = " ▁▂▃▄▅▆▇█"

_WIDE = 50
"""From this width, a table shows its spare columns."""


def panel(shown: Panel, width: int, with_bars: bool) -> list[Text]:
    """The lines of a panel, its title first."""
    return [heading(shown.title, shown.note, width), *_content(shown.content, width, with_bars)]


def _content(content: Bars | Table | Facts, width: int, with_bars: bool) -> list[Text]:
    if isinstance(content, Bars):
        return bars(content.bars, width, with_bars)
    if isinstance(content, Table):
        return table(content, width)
    return [spread(fact.name, Text(printable(fact.value), fact.style), width) for fact in content.facts]


def fit(text: Text | str, width: int) -> Text:
    """The text cut or padded to `width` cells."""
    if width <= 0:
        return Text()
    text = Text(printable(text)) if isinstance(text, str) else text.copy()
    text.truncate(width, overflow="ellipsis", pad=True)
    return text


def spread(left: Text | str, right: Text | str, width: int) -> Text:
    """One text at each end of a line; the left one is cut where both do not fit."""
    right = Text(printable(right)) if isinstance(right, str) else right
    right = fit(right, min(right.cell_len, width))
    room = width - right.cell_len
    gap = 2 if right.cell_len and room > 2 else 0
    return Text.assemble(fit(left, room - gap), " " * gap, right)


def heading(title: str, note: Text | str, width: int) -> Text:
    """The title of a section, a line to the right edge, and a note at its end."""
    note = Text(f" {printable(note)}") if isinstance(note, str) and note else Text(" ").append(note) if note else Text()
    title_text = fit(Text(title, "bold"), min(cell_len(title), max(width - note.cell_len, 0)))
    line = max(width - title_text.cell_len - note.cell_len - 1, 0)
    return fit(Text.assemble(title_text, " ", ("─" * line, "dim"), note), width)


def bars(rows: Sequence[Bar], width: int, with_bars: bool) -> list[Text]:
    """A bar chart: label, value, note and, where there is room, a bar in proportion to the largest value."""
    labels = [printable(row.label) for row in rows]
    values = [f"{row.value:,}" for row in rows]
    value_width = max(map(len, values), default=0)
    note_width = max((len(row.note) for row in rows), default=0)
    longest = max(map(cell_len, labels), default=0)
    label_width = min(longest, max(width - value_width - note_width - 4, 4))
    bar_width = width - label_width - value_width - note_width - (4 if note_width else 3)
    largest = max((row.value for row in rows), default=0)
    lines = []
    for row, label, value in zip(rows, labels, values, strict=True):
        line = Text.assemble(fit(label, label_width), "  ", (value.rjust(value_width), "bold"))
        if note_width:
            line.append(" " + row.note.rjust(note_width), "dim")
        if with_bars and bar_width >= 3:
            line.append(" ").append(bar(row.parts, largest, bar_width))
        lines.append(fit(line, width))
    return lines


def bar(parts: Sequence[tuple[float, str]], full: float, width: int) -> Text:
    """A bar of segments, each a length and a style. `full` fills the width; no segment above 0 is invisible."""
    text = Text()
    total = sum(value for value, _ in parts)
    if full <= 0 or total <= 0:
        return text
    if len(parts) == 1:
        eighths = max(round(8 * width * total / full), 1)
        return text.append("█" * (eighths // 8) + _EIGHTHS[eighths % 8].strip(), parts[0][1])
    cells = [max(round(width * value / full), 1) if value else 0 for value, _ in parts]
    length = max(round(width * total / full), sum(map(bool, cells)))
    # The largest segment absorbs what rounding the others left over.
    while (off := length - sum(cells)) != 0:
        cells[cells.index(max(cells))] += 1 if off > 0 else -1
    for (_, style), count in zip(parts, cells, strict=True):
        text.append("█" * count, style)
    return text


def chart(values: Sequence[float], height: int, style: str) -> list[Text]:
    """A column chart, from the top line to the bottom; with a height of 1 it is a sparkline."""
    largest = max(values, default=0.0)
    eighths = [0 if v <= 0 or largest <= 0 else max(round(8 * height * v / largest), 1) for v in values]
    return [
        Text("".join(_HEIGHTS[min(max(n - 8 * below, 0), 8)] for n in eighths), style)
        for below in range(height - 1, -1, -1)
    ]


def table(content: Table, width: int) -> list[Text]:
    """Rows under a dim header. The first column takes the width that the others leave."""
    shown = [n for n in range(len(content.header)) if width >= _WIDE or n not in content.spare]
    header = [content.header[n] for n in shown]
    rows = [[printable(row[n]) for n in shown] for row in content.rows]
    widths = [max(map(cell_len, column)) for column in zip(header, *rows, strict=True)]
    first = width - sum(2 + other for other in widths[1:])
    lines = []
    for row, style in ((header, "dim"), *((row, "") for row in rows)):
        line = fit(Text(row[0], style), max(first, 0))
        for cell, cell_width in zip(row[1:], widths[1:], strict=True):
            line.append("  " + " " * (cell_width - cell_len(cell)) + cell, style)
        lines.append(fit(line, width))
    return lines

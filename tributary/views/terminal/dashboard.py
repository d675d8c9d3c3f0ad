"""The picture as a whole: what stands above the sections, and what Rich asks for to draw it."""

from __future__ import annotations

import attrs
from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text

from consumers.terminal import layout
from consumers.terminal.view import View
from tributary.printable import printable
from tributary.views.terminal.drawing import chart, fit, heading, spread

_OLD_S = 5.0
_CHART_FROM = 36
"""With so many lines, the rate gets a chart instead of a sparkline."""
_REST_HEIGHT = 34
"""What a chart leaves to the rest before it grows."""


@attrs.frozen(eq=False)
class Dashboard:
    """A view that fills the terminal, whatever its size is when it is drawn."""

    view: View

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """The lines from top to bottom, as many as there is room for."""
        width, height = options.max_width, options.height or options.size.height
        charted = height >= _CHART_FROM
        lines = [*self._logs(width, height), *self._header(width, sparkline=not charted)]
        if charted:
            lines += self._chart(width, min(height - _REST_HEIGHT, 12))
        lines += layout.body(self.view, width, height - len(lines))
        yield Text("\n", end="").join(lines[:height])

    def _logs(self, width: int, height: int) -> list[Text]:
        shown = self.view.logs[-max(height // 8, 2) :]
        return [fit(Text(printable(line), "yellow"), width) for line in shown]

    def _header(self, width: int, sparkline: bool) -> list[Text]:
        status = self.view.status
        right = Text(style="dim")
        if status is not None:
            partitions = "1 partition" if status.partitions == 1 else f"{status.partitions} partitions"
            right.append(f"{partitions} · up {duration(status.running_s)}")
        return [
            spread(Text("Tributary analytics", "bold cyan"), right, width),
            self._totals(width, sparkline),
            self._notice(width),
        ]

    def _totals(self, width: int, sparkline: bool) -> Text:
        view, status = self.view, self.view.status
        left = Text.assemble(
            (f"{view.figures.events:,}", "bold"), " events   ", (f"{view.rate.now():,.0f}", "bold"), "/s "
        )
        right = Text()
        if status is not None and status.lag is not None:
            behind = sum(status.lag.values())
            right = Text.assemble("lag ", (f"{behind:,}", "bold red" if behind else "bold green"))
        room = min(width - left.cell_len - right.cell_len - 3, 60)
        if sparkline and room >= 10:
            left.append(chart(view.rate.series(room), 1, "cyan")[0])
        return spread(left, right, width)

    def _chart(self, width: int, height: int) -> list[Text]:
        rates = self.view.rate.series(width)
        title = heading("Events per second, the last minute", f"at most {max(rates):,.0f}", width)
        return [title, *chart(rates, height, "cyan"), Text(" " * width)]

    def _notice(self, width: int) -> Text:
        view, status = self.view, self.view.status
        if status is not None and status.waiting_for:
            return fit(Text(printable(f"Waiting for {status.waiting_for}"), "bold yellow"), width)
        if status is not None and status.refused:
            topics = ", ".join(status.refused)
            return fit(Text(printable(f"Not read any more, see the log: {topics}"), "bold red"), width)
        if status is None or not status.partitions:
            return fit(Text("Waiting for partitions: the group has not given this member any yet", "yellow"), width)
        if not view.figures.events:
            return fit(Text("Nothing counted yet; make produce sends events", "yellow"), width)
        if view.age_s > _OLD_S:
            return fit(
                Text(f"The figures are {view.age_s:.0f} s old: the store is big, queries take long", "dim"), width
            )
        return Text(" " * width)


def duration(seconds: float) -> str:
    """Hours, minutes and seconds: `1:02:03`, or `2:03` below an hour."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"

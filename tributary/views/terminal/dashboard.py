"""The dashboard as a whole, as Rich draws it: recent log lines, the header, the rate, and the sections."""

from __future__ import annotations

from typing import Generic

import attrs
from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text

from tributary.printable import printable
from tributary.views.arrangement import F, View
from tributary.views.terminal import layout
from tributary.views.terminal.drawing import chart, fit, heading, spread

_OLD_S = 5.0
_CHART_FROM = 36
"""From this height, the rate has a chart instead of a sparkline."""
_REST_HEIGHT = 34
"""The lines that a chart leaves to the rest."""


@attrs.frozen(eq=False)
class Dashboard(Generic[F]):
    """A view that fills the terminal, at the size it has when it is drawn."""

    view: View[F]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """The lines from top to bottom, as many as fit."""
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
            spread(Text(self.view.arrangement.title, "bold cyan"), right, width),
            self._totals(width, sparkline),
            self._notice(width),
        ]

    def _totals(self, width: int, sparkline: bool) -> Text:
        view, status = self.view, self.view.status
        left = Text.assemble(
            (f"{view.totals.events:,}", "bold"), " events   ", (f"{view.rate.now():,.0f}", "bold"), "/s "
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
        title = heading("Events per second, the last minute", f"peak {max(rates):,.0f}", width)
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
        if not view.totals.events:
            hint = view.arrangement.hint
            return fit(Text(f"Nothing counted yet{f'; {hint}' if hint else ''}", "yellow"), width)
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

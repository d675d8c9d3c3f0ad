"""The figures on a terminal: a live dashboard, or a line every few seconds where there is no terminal; and a report."""

from __future__ import annotations

import logging
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Generic

import attrs
from rich.console import Console
from rich.live import Live
from rich.text import Text

from tributary.figures.status import MemberStatus
from tributary.printable import printable
from tributary.settings import Settings
from tributary.signals import Stop
from tributary.views.arrangement import Arrangement, F, View
from tributary.views.feed import Feed
from tributary.views.terminal import layout, tty
from tributary.views.terminal.dashboard import Dashboard
from tributary.views.terminal.lines import progress_line, summary

__all__ = ["report", "summary", "watch"]

log = logging.getLogger(__name__)

_DRAW_EVERY_S = 0.25
_LINE_EVERY_S = 3.0
_PIPED_WIDTH = 60
"""Narrow enough for one column."""


@contextmanager
def watch(
    arrangement: Arrangement[F], settings: Settings, stop: Stop, *, dashboard: bool
) -> Iterator[Callable[[MemberStatus], None]]:
    """Show the figures and what the member does, in a thread of its own, until the block ends.

    Gives a function to call with the member's status, several times a second. The dashboard needs a terminal on
    standard output and uses its alternate screen: when it ends, in order or by force, the terminal is as before.
    """
    with ExitStack() as stack:
        watched = _Watched(arrangement, stack.enter_context(Feed(arrangement, settings)))
        if dashboard and sys.stdout.isatty():
            screen = stack.enter_context(ExitStack())
            watched.logs = screen.enter_context(tty.captured_stderr())
            screen.enter_context(tty.no_echo())
            live = screen.enter_context(
                Live(screen=True, auto_refresh=False, redirect_stdout=False, redirect_stderr=False)
            )
            stop.before_forced_exit.append(screen.close)
            show, every_s = lambda: live.update(Dashboard(watched.view()), refresh=True), _DRAW_EVERY_S
        else:
            show, every_s = lambda: print(progress_line(watched.view()), flush=True), _LINE_EVERY_S
        stack.enter_context(_repeated(show, every_s))
        yield watched.observe


def report(arrangement: Arrangement[F], settings: Settings) -> None:
    """Print all figures once: in columns on a terminal, otherwise plain and in one column.

    Raises FileNotFoundError if there is no store, StoreError if it cannot be read.
    """
    reader = arrangement.open(settings)
    try:
        view = View(arrangement, reader.read())
    finally:
        reader.close()
    console = Console()
    if not console.is_terminal:
        console.width = _PIPED_WIDTH
    console.print(
        Text.assemble(
            (f"{view.totals.events:,}", "bold"), printable(f" events counted in {settings.store_path}"), "\n"
        ),
        soft_wrap=True,
        highlight=False,
    )
    for line in layout.body(view, console.width, None, bars=console.is_terminal):
        line.rstrip()
        console.print(line, soft_wrap=True, highlight=False)


@attrs.define(eq=False)
class _Watched(Generic[F]):
    """The latest figures of the store, and the latest status of the member."""

    arrangement: Arrangement[F]
    feed: Feed[F]
    logs: Callable[[], Sequence[str]] = tuple
    status: MemberStatus | None = None

    def observe(self, status: MemberStatus) -> None:
        self.status = status

    def view(self) -> View[F]:
        latest = self.feed.latest
        return View(
            self.arrangement,
            latest.figures if latest else self.arrangement.empty,
            status=self.status,
            rate=self.feed.rate,
            age_s=time.monotonic() - latest.at if latest else 0.0,
            logs=self.logs(),
        )


@contextmanager
def _repeated(show: Callable[[], None], every_s: float) -> Iterator[None]:
    """Call `show` repeatedly while the block runs. If it fails, it is logged, and the member goes on."""
    stop = threading.Event()

    def run() -> None:
        try:
            while not stop.wait(every_s):
                show()
        except Exception:
            log.exception("the display failed; the member continues without it")

    thread = threading.Thread(target=run, name="display", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()

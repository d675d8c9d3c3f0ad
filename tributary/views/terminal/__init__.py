"""What a member shows in the terminal: a dashboard where there is one, a line every few seconds where there is none."""

from __future__ import annotations

import logging
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager

import attrs
from rich.console import Console
from rich.live import Live
from rich.text import Text

from consumers.analytics.queries import Reader
from consumers.feed import Feed
from consumers.labels import product_names
from consumers.terminal import layout, tty
from consumers.terminal.dashboard import Dashboard
from consumers.terminal.lines import progress, summary
from consumers.terminal.view import NOTHING, View
from tributary.figures.status import Status
from tributary.printable import printable
from tributary.settings import Settings
from tributary.signals import Stop

__all__ = ["report", "summary", "watch"]

log = logging.getLogger(__name__)

_DRAW_EVERY_S = 0.25
_LINE_EVERY_S = 3.0
_PRODUCTS = 30
_PRODUCTS_IN_REPORT = 15
_PIPED_WIDTH = 60
"""Narrow enough for one column."""


@contextmanager
def watch(settings: Settings, stop: Stop, *, dashboard: bool) -> Iterator[Callable[[Status], None]]:
    """Show what the member does, in a thread of its own, until the block ends.

    Gives a function to call with the member's status, several times a second. The dashboard needs a terminal on
    standard output, and takes its other screen: when it ends, in order or by force, the terminal is as it was.
    """
    with ExitStack() as stack:
        watched = _Watched(stack.enter_context(Feed(settings, _PRODUCTS)))
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
            show, every_s = lambda: print(progress(watched.view()), flush=True), _LINE_EVERY_S
        stack.enter_context(_repeated(show, every_s))
        yield watched.observe


def report(reader: Reader, settings: Settings) -> None:
    """Print all figures once: in columns on a terminal, plain and one below the other where there is none."""
    console = Console()
    if not console.is_terminal:
        console.width = _PIPED_WIDTH
    view = View(
        reader.figures(settings.abandoned_after_minutes),
        reader.top_products(_PRODUCTS_IN_REPORT),
        product_names(),
        bars=console.is_terminal,
    )
    console.print(
        Text.assemble(
            (f"{view.figures.events:,}", "bold"), printable(f" events counted in {settings.store_path}"), "\n"
        ),
        soft_wrap=True,
        highlight=False,
    )
    for line in layout.body(view, console.width, None):
        line.rstrip()
        console.print(line, soft_wrap=True, highlight=False)


@attrs.define(eq=False)
class _Watched:
    """What the member and the store said last."""

    feed: Feed
    logs: Callable[[], Sequence[str]] = tuple
    status: Status | None = None
    names: dict[str, str] = attrs.field(factory=lambda: dict(product_names()))

    def observe(self, status: Status) -> None:
        self.status = status

    def view(self) -> View:
        latest = self.feed.latest
        return View(
            figures=latest.figures if latest else NOTHING,
            products=latest.products if latest else (),
            names=self.names,
            status=self.status,
            rate=self.feed.rate,
            age_s=time.monotonic() - latest.at if latest else 0.0,
            logs=self.logs(),
        )


@contextmanager
def _repeated(show: Callable[[], None], every_s: float) -> Iterator[None]:
    """Do it again and again while the block runs. A display that fails says so, and does not stop the member."""
    stop = threading.Event()

    def run() -> None:
        try:
            while not stop.wait(every_s):
                show()
        except Exception:
            log.exception("the display failed; the member goes on without it")

    thread = threading.Thread(target=run, name="display", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()

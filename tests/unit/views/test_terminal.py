"""The dashboard and its plain lines fit into any room and show the status of the member."""

from __future__ import annotations

import os
import re
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from consumers.analytics.arrangement import ARRANGEMENT
from consumers.analytics.queries import Figures
from tests.support.figures.stores import Writer
from tests.support.paths import ROOT
from tests.support.views.screen import SIZES, busy_view, drawn
from tributary.figures.status import MemberProgress, MemberStatus
from tributary.settings import Settings
from tributary.signals import Stop
from tributary.views import terminal
from tributary.views.arrangement import Section, View
from tributary.views.panels import Fact, Facts, Panel
from tributary.views.terminal import drawing, layout
from tributary.views.terminal.lines import progress_line


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with 400 sessions and three dead letters."""
    path = tmp_path_factory.mktemp("store") / "analytics.sqlite"
    Writer(path).write(400, {"user-events": 3})
    return path


@pytest.fixture(scope="module")
def view(store: Path) -> View[Figures]:
    return busy_view(Settings(store_path=store))


@pytest.mark.parametrize(("width", "height"), [*SIZES, (40, 24), (20, 5), (500, 100)])
def test_the_dashboard_fits(view: View[Figures], width: int, height: int) -> None:
    lines = drawn(view, width, height)
    assert len(lines) <= height
    assert {cell_len(line) for line in lines} == {width}


@pytest.mark.parametrize("width", [40, 80, 120])
def test_sections_share_the_lines_there_are(view: View[Figures], width: int) -> None:
    whole = layout.body(view, width, None)
    for height in range(len(whole) + 5):
        assert len(layout.body(view, width, height)) <= height
    assert layout.body(view, width, len(whole)) == whole


@pytest.mark.parametrize(("width", "height"), [(60, 80), *SIZES[1:], (100, 70)])
def test_a_section_in_no_column_is_shown_last(view: View[Figures], width: int, height: int) -> None:
    extra = Section[Figures](lambda _: Panel("Searches", Facts([Fact("searches", "42")])), min_height=2)
    arrangement = attrs.evolve(ARRANGEMENT, sections=(*ARRANGEMENT.sections, extra))
    shown = "\n".join(drawn(attrs.evolve(view, arrangement=arrangement), width, height))
    assert "Searches" in shown
    assert "42" in shown


def test_without_columns_the_sections_take_turns(view: View[Figures]) -> None:
    plain = attrs.evolve(view, arrangement=attrs.evolve(ARRANGEMENT, columns={}))
    first = layout.body(plain, 120, None)[0].plain
    assert [first.index(title) for title in ("Events", "Funnel", "Revenue")] == sorted(
        first.index(title) for title in ("Events", "Funnel", "Revenue")
    )
    shown = "\n".join(line.plain for line in layout.body(plain, 120, None))
    for title in ("Segments", "Regions", "Lag", "Time by stage", "Top products", "Health"):
        assert title in shown


def test_the_dashboard_says_what_it_waits_for(view: View[Figures]) -> None:
    assert view.status is not None
    status = attrs.evolve(view.status, waiting_for="the registry: http://registry: no answer")
    waiting = attrs.evolve(view, status=status)
    assert "Waiting for the registry: http://registry: no answer" in "\n".join(drawn(waiting, 80, 24))
    idle = attrs.evolve(view, status=attrs.evolve(view.status, partitions=0))
    assert "Waiting for partitions" in "\n".join(drawn(idle, 80, 24))
    refused = attrs.evolve(view.status, refused={"purchases": "too much is unreadable"})
    assert "Not read any more, see the log: purchases" in "\n".join(drawn(attrs.evolve(view, status=refused), 80, 24))
    assert "make produce" in "\n".join(drawn(View(ARRANGEMENT, ARRANGEMENT.empty, view.status), 80, 24))
    assert "12 s old" in "\n".join(drawn(attrs.evolve(view, age_s=12.4), 80, 24))


def test_log_lines_stand_above(view: View[Figures]) -> None:
    logged = drawn(attrs.evolve(view, logs=["first [red]", "second"]), 80, 24)
    assert [line.rstrip() for line in logged[:2]] == ["first [red]", "second"]
    assert len(logged) == 24


def test_a_line_for_logs(view: View[Figures]) -> None:
    line = progress_line(view)
    assert "\n" not in line
    assert f"  {view.totals.events:,} events  0/s  lag 1,234  views {view.figures.by_type['view']:,}" in line
    assert line.endswith("dead letters 3")


def test_the_summary(view: View[Figures]) -> None:
    assert view.status is not None
    text = terminal.summary(view.status, "duplicate purchases")
    for fact in ("2,500 events in 754.0 s (3/s)", "product-events 1,234", "fetch 12.0 s, write 6.0 s"):
        assert fact in text
    assert "purchases 0" not in text
    assert re.search("duplicate purchases +7", text)


def test_without_a_terminal_nothing_but_lines_is_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with terminal.watch(ARRANGEMENT, Settings(store_path=tmp_path / "none.sqlite"), Stop(), dashboard=True) as observe:
        observe(MemberStatus(MemberProgress(), 0, {}, "", 0.0))
    assert "\x1b" not in capsys.readouterr().out


# ---- bars and charts ---------------------------------------------------------------------------------


@given(st.lists(st.integers(0, 10**9), min_size=1, max_size=5), st.integers(8, 60), st.integers(0, 10**9))
def test_a_bar_stays_inside_and_shows_all_that_is_there(values: list[int], width: int, more: int) -> None:
    text = drawing.bar([(value, f"color({n})") for n, value in enumerate(values)], sum(values) + more, width)
    assert text.cell_len <= max(width, len(values))
    assert (text.cell_len > 0) == any(values)
    if more == 0 and any(values):
        assert text.cell_len == width
    if len(values) > 1:
        assert {span.style for span in text.spans} == {f"color({n})" for n, value in enumerate(values) if value}


@given(st.lists(st.floats(0, 1e9), max_size=80), st.integers(1, 12))
def test_a_chart_is_as_high_as_it_may_be(values: list[float], height: int) -> None:
    lines = drawing.chart(values, height, "cyan")
    assert len(lines) == height
    assert {line.cell_len for line in lines} == {len(values)}
    assert ("█" in lines[0].plain) == (max(values, default=0) > 0)


# ---- a real terminal ---------------------------------------------------------------------------------

PROGRAM = """
import logging, os, sys
from pathlib import Path
from consumers.analytics.arrangement import ARRANGEMENT
from tributary.figures.status import MemberStatus
from tributary.figures.status import MemberProgress
from tributary.settings import Settings
from tributary.signals import Stop
from tributary.views import terminal

logging.basicConfig(level=logging.WARNING)
with terminal.watch(ARRANGEMENT, Settings(store_path=Path(sys.argv[1])), Stop(), dashboard=True) as observe:
    observe(MemberStatus(MemberProgress(), 3, {}, "", 1.0))
    logging.warning("from Python")
    os.write(2, b"from native code\\n")
    sys.stdin.readline()
print("closing words")
"""


@pytest.fixture
def pty() -> Iterator[tuple[int, int]]:
    """The two ends of a terminal: ours, and the program's."""
    import pty as ptys
    import termios

    ours, theirs = ptys.openpty()
    termios.tcsetwinsize(theirs, (24, 80))
    yield ours, theirs
    os.close(ours)


def read_until(fd: int, *wanted: bytes) -> bytes:
    """Read until all of it has been seen."""
    seen = b""
    deadline = time.monotonic() + 30
    while not all(word in seen for word in wanted):
        ready, _, _ = select.select([fd], [], [], max(deadline - time.monotonic(), 0))
        assert ready, seen.decode(errors="replace")
        seen += os.read(fd, 65536)
    return seen


def test_the_terminal_is_left_as_it_was(store: Path, pty: tuple[int, int]) -> None:
    import termios

    ours, theirs = pty
    before = termios.tcgetattr(theirs)
    environment = {**os.environ, "TERM": "xterm-256color", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", PROGRAM, str(store)]
    program = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment, cwd=ROOT)
    try:
        shown = read_until(ours, b"Funnel", b"from Python", b"from native code")
        assert b"\x1b[?1049h" in shown
        os.write(ours, b"\n")
        rest = read_until(ours, b"closing words")
        assert program.wait(30) == 0
    finally:
        program.kill()
        program.wait()
    # The other screen is gone and the cursor is back before anything else is written, and nothing logged is lost.
    after = rest[rest.rindex(b"\x1b[?1049l") :]
    assert b"from Python" in after
    assert b"from native code" in after
    assert b"\x1b[?25h" in rest
    assert termios.tcgetattr(theirs) == before
    os.close(theirs)

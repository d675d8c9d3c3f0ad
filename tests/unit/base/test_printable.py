"""Nothing that a message, schema, header or file name holds leaves the line or the cell in which it is shown."""

from __future__ import annotations

import io
import json
import logging
import re
import time
from pathlib import Path
from typing import Any
from unicodedata import category

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from rich.cells import cell_len
from rich.console import Console

from consumers.analytics.arrangement import ARRANGEMENT
from consumers.analytics.queries import AbandonedCarts, Figures
from producers.replay.rejects import Rejects
from producers.replay.reporter import reporter
from producers.replay.rows import Reject
from tributary.cli.contracts import lint
from tributary.cli.output import show
from tributary.figures.status import MemberProgress, MemberStatus
from tributary.printable import OneLine, lines, paragraphs, printable
from tributary.registry.lint.engine import Finding
from tributary.registry.render import findings
from tributary.registry.render.html import tag
from tributary.views import prometheus
from tributary.views.arrangement import View
from tributary.views.feed import Snapshot
from tributary.views.panels import Bar
from tributary.views.terminal import drawing, layout
from tributary.views.terminal.dashboard import Dashboard
from tributary.views.terminal.lines import progress_line, summary
from tributary.views.web.metrics import all_metrics
from tributary.views.web.page import page

JOINERS = "\u200c\u200d"
HOSTILE = st.text(
    st.characters()
    | st.sampled_from(
        '\x00\x07\x08\t\n\r\x1b\x7f\x85\x9b\u061c\u200b\u200e\u2028\u2029\u202e\u2066\u2069\ufeff\ud800\u0301é字🙂|`<[\\,"'
    ),
    max_size=30,
) | st.sampled_from(
    [
        *(
            "\x1b]0;title\x07\x1b[2J\x1b[31mred",
            "[bold red]x[/]",
            "[link=http://e.example]x[/link]",
            "a\r\nERROR forged",
        ),
        *(
            "<img src=x onerror=alert(1)>",
            "=cmd|' /C calc'!A0",
            "](http://e.example) `x` | y",
            "字" * 300,
            "e" + "\u0301" * 99,
        ),
    ]
)


def hidden(shown: str, besides: str = "") -> list[str]:
    """The characters that do not stay where they are put, by Unicode's general category."""
    allowed = JOINERS + besides
    return [one for one in shown if category(one) in ("Cc", "Cf", "Cs", "Cn", "Co", "Zl", "Zp") and one not in allowed]


@given(HOSTILE)
def test_printable_text_has_nothing_hidden_and_is_readable(words: str) -> None:
    shown = printable(words)
    assert hidden(shown) == []
    assert printable(shown) == shown
    shown.encode()
    assert max(map(len, marks(shown)), default=0) <= 8


def marks(shown: str) -> list[str]:
    """Runs of combining marks."""
    kinds = "".join("m" if category(one)[0] == "M" else " " for one in shown)
    assert not kinds.startswith("m"), "a mark would sit on what is before the cell"
    return kinds.split()


@given(st.text(st.characters(categories=("L", "N", "P", "S", "Zs")), max_size=50))
@example("naïve 字 🙂 नमस्ते می‌خواهم")
def test_text_that_hides_nothing_stays(words: str) -> None:
    assert printable(words) == words


@given(
    st.recursive(HOSTILE | st.integers(), lambda inner: st.lists(inner) | st.dictionaries(HOSTILE, inner), max_leaves=9)
)
def test_a_json_document_means_the_same(content: Any) -> None:
    shown = paragraphs(json.dumps(content, indent=2, ensure_ascii=False))
    assert hidden(shown, "\n") == []
    assert json.loads(shown) == content


@given(st.lists(HOSTILE, min_size=1))
def test_each_line_stays_one(words: list[str]) -> None:
    assert len(lines(words).split("\n")) == len(words)


@given(HOSTILE)
@example("a\nERROR forged")
@example("\u1cd0")
def test_a_record_of_the_log_is_one_line(words: str) -> None:
    record = logging.LogRecord("x", logging.WARNING, "f.py", 1, "%s", (words,), None)
    shown = OneLine("%(levelname)s %(message)s").format(record)
    assert shown == printable(f"WARNING {words}")
    try:
        raise ValueError(words)
    except ValueError as error:
        record.exc_info = (ValueError, error, error.__traceback__)
    first, *rest = OneLine("%(levelname)s %(message)s").format(record).split("\n")
    assert first == shown
    assert all(row.startswith("    ") and hidden(row) == [] for row in rest)


def hostile_view(words: str) -> View[Figures]:
    counts = {"view": 3, "purchase": 2}
    figures = Figures(
        events=5,
        by_segment={words: counts},
        by_region={words: counts, "eu": counts},
        revenue_minor={words: 5, "EUR": 7},
        abandoned_carts=AbandonedCarts(1, {words: 9}),
        dead_letters={words: 1},
        top_products=[(words, counts), ("p", counts)],
    )
    status = MemberStatus(MemberProgress(), 1, {words: 5, "t": 0}, words, 1.0)
    return View(ARRANGEMENT, figures, status, logs=(words, words))


@given(HOSTILE, st.sampled_from([(40, 24), (80, 40), (160, 50)]))
@example("\x1b[2J", (80, 40))
def test_the_dashboard_keeps_its_shape(words: str, size: tuple[int, int]) -> None:
    width, height = size
    console = Console(width=width, height=height, file=io.StringIO(), record=True, color_system=None)
    console.print(Dashboard(hostile_view(words)), end="")
    rows = console.export_text().split("\n")
    assert len(rows) <= height
    # Rich drops blanks at the end of a line that has more characters than cells.
    assert max(map(cell_len, rows)) == width
    assert hidden("".join(rows)) == []


@given(HOSTILE, st.integers(20, 120))
def test_columns_stay_in_line(words: str, width: int) -> None:
    for row in layout.body(hostile_view(words), width, None):
        assert row.cell_len == width
        assert hidden(row.plain) == []
    numbers = [Bar(words, 1, [(1, "red")]), Bar("x", 2, [(2, "red")])]
    first, second = (row.plain for row in drawing.bars(numbers, width, with_bars=False))
    assert first.rstrip().endswith("  1")
    assert cell_len(first.rstrip()) == cell_len(second.rstrip())


@given(HOSTILE)
def test_progress_is_one_line_and_the_summary_keeps_its_lines(words: str) -> None:
    view = hostile_view(words)
    assert hidden(progress_line(view)) == []
    assert view.status is not None
    assert len(summary(view.status, ARRANGEMENT.duplicates).split("\n")) == 5
    assert hidden(summary(view.status, ARRANGEMENT.duplicates), "\n") == []


LABEL = re.compile(r'tributary_dead_letters_total\{topic="((?:[^"\\\n]|\\[\\"n])*)"\} (\d+)')


@given(st.dictionaries(HOSTILE, st.integers(0, 9), min_size=1))
@example({"\x1b": 1, "\\u001b": 2, "\\\\u001b": 3, "\t": 4, "\\t": 5, "\n": 6, "\\n": 7})
def test_labels_are_in_the_format_of_prometheus_and_stay_different(values: dict[str, int]) -> None:
    snapshot = Snapshot(Figures(dead_letters=values), {}, [], time.monotonic())
    shown = prometheus.text(all_metrics(ARRANGEMENT, snapshot))
    found = [LABEL.fullmatch(row) for row in shown.split("\n") if row.startswith("tributary_dead_letters_total")]
    assert all(found)
    assert len({match[1] for match in found if match}) == len(values)
    assert hidden(shown, "\n") == []


@given(HOSTILE)
@example("a\nx.avsc:1: forged")
@example("a | b")
def test_a_finding_stays_in_its_line_and_its_row(words: str) -> None:
    finding = Finding("rule", "topic", Path(words.replace("\x00", "") or "x"), 1, words, words, words)
    shown = findings.text([finding])
    assert len(shown.split("\n")) == (2 if words else 1)
    assert hidden(shown, "\n") == []
    page = MarkdownIt("commonmark", {"html": False}).enable("table").parse(lint.markdown(["a"], [finding]))
    kinds = [token.type for token in page]
    assert kinds.count("tr_open") == 2
    assert kinds.count("td_open") == kinds.count("th_open") > 0
    assert hidden(tag("p", words), "\n\t") == []


@given(HOSTILE, st.sampled_from(["text", "markdown", "json"]))
def test_no_report_prints_control_characters(words: str, kind: str) -> None:
    printed = io.StringIO()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.stdout", printed)
        show(kind, text=lambda: words, markdown=lambda: words, json=lambda: {words: words})
    assert hidden(printed.getvalue(), "\n\t") == []


def test_rejected_rows_are_shown_and_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The file has each row as it came, for the replay; what is shown of it is harmless."""
    bad = "\x1b]0;title\x07,=cmd,[bold]"
    with reporter(None) as shown:
        rejects = Rejects(tmp_path / "r.csv", Path("a\nb.csv"), "one,two", shown.say)
        rejects.add(Reject(1, "price", bad, "a number", bad))
    said = capsys.readouterr().err
    assert hidden(said, "\n") == []
    assert said.count("\n") == 1
    assert (tmp_path / "r.csv").read_text().endswith(f",{bad}\n")


def test_the_page_sets_text_and_never_markup() -> None:
    html, _ = page(ARRANGEMENT.page)
    script = html[html.index("<script>") :]
    assert "fill(" in script
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function", script)

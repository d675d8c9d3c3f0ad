"""Markdown (CommonMark with tables) in which nothing that a schema says is markup."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from tributary.printable import lines, printable

_MARKUP = re.compile(r"[\\`*\[\]<>~&]|(?<![^\W_])_|_(?![^\W_])")


def plain(words: str) -> str:
    """Text in which nothing is markup; a line's end stays one in a table."""
    return _MARKUP.sub(r"\\\g<0>", lines(words.splitlines()))


def line(words: str) -> str:
    """The same on one line."""
    return plain(" ".join(words.split()))


def paragraph(words: str) -> str:
    """Text as a paragraph: no line of it can begin a heading, a list or a block."""
    rows = (plain(row.strip()) for row in words.splitlines())
    return "\\\n".join(re.sub(r"^(\d*)([#+\-=.):|])", r"\1\\\2", row) for row in rows if row)


def code(words: str) -> str:
    """A code span on one line, whatever backticks are in it."""
    words = printable(" ".join(words.splitlines()))
    fence = "`" * (1 + max(map(len, re.findall("`+", words)), default=0))
    pad = " " if "`" in words or words.startswith(" ") else ""
    return f"{fence}{pad}{words}{pad}{fence}" if words else ""


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """A table with a blank line before it; nothing where there are no rows."""
    if not rows:
        return
    yield ""
    yield f"| {' | '.join(heads)} |"
    yield f"|{'---|' * len(heads)}"
    for row in rows:
        yield f"| {' | '.join(_cell(cell) for cell in row)} |"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", "<br>")

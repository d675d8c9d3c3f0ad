"""Text from elsewhere, made harmless where it is shown: it stays in its line and in its cell, and hides nothing.

What a message, a schema, a header or the name of a file holds may move a terminal's cursor, end the line of a log or
turn the direction of the text around it. The places that show text pass it through one of the functions here.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable
from types import TracebackType
from unicodedata import category

_JOINERS = "\u200c\u200d"
"""Invisible, and part of how Persian, Hindi and others are written."""
_MOST_MARKS = 8
"""Combining marks on one letter; more would pile up over the lines above."""
_SHORT = {"\t": "\\t", "\n": "\\n", "\r": "\\r"}


def printable(text: object) -> str:
    """The text on one line, with everything that is not a character to look at as its JSON escape: `\\u001b`.

    Those are control and format characters (ANSI and bidi codes, zero-width spaces), line separators, unassigned and
    private characters, lone surrogates, and combining marks with no letter before them.
    """
    words = str(text)
    if words.isprintable() and words.isascii():
        return words
    shown: list[str] = []
    marks = _MOST_MARKS
    for character in words:
        kind = category(character)
        marks = marks + 1 if kind[0] == "M" else 0
        visible = character.isprintable() or kind == "Zs" or character in _JOINERS
        shown.append(character if visible and marks <= _MOST_MARKS else _escaped(character))
    return "".join(shown)


def lines(content: Iterable[object]) -> str:
    """Lines one below the other, each of them printable."""
    return "\n".join(map(printable, content))


def paragraphs(text: str) -> str:
    """The text with its line ends and tabs, which must be ours or harmless there, and all else printable.

    A JSON document means the same afterwards.
    """
    rows = text.replace("\r\n", "\n").split("\n")
    return "\n".join("\t".join(map(printable, row.split("\t"))) for row in rows)


def _escaped(character: str) -> str:
    if character in _SHORT:
        return _SHORT[character]
    code = ord(character)
    return f"\\u{code:04x}" if code < 0x10000 else json.dumps(character)[1:-1]


class OneLine(logging.Formatter):
    """Each record is one line; those of a traceback are indented below it."""

    def formatMessage(self, record: logging.LogRecord) -> str:
        """The line."""
        return printable(super().formatMessage(record))

    def formatException(
        self, ei: tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]
    ) -> str:
        """The traceback."""
        return lines(f"    {row}" for row in super().formatException(ei).split("\n"))


def log_to_stderr() -> None:
    """Write warnings and errors to standard error, for a command."""
    handler = logging.StreamHandler()
    handler.setFormatter(OneLine("%(levelname)s %(message)s"))
    logging.basicConfig(handlers=[handler], level=logging.WARNING)

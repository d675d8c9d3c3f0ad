"""Read clickstream files in the format of REES46, which exports of many shops and public data sets follow.

CSV with a header: `event_time` (UTC), `event_type`, `product_id`, `price` (major units), `user_id`, `user_session`, and
in the multi-category variant `category_id`, `category_code`, `brand`; the columns in any order, others are ignored.
https://www.kaggle.com/datasets/mkechinov/ecommerce-behavior-data-from-multi-category-store describes it.

Each line is parsed on its own: a stray quote cannot swallow the lines after it.
"""

from __future__ import annotations

import codecs
import gzip
import io
import os
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import attrs

from producers.replay.rows import REQUIRED, BadValue, Parser, Reject, Rows, split

_GZIP = b"\x1f\x8b"
_AT_ONCE = 1 << 16
_LONGEST_LINE = 1 << 20


class ClickstreamError(ValueError):
    """The file as a whole cannot be read; the message says why."""


@attrs.frozen
class Batch:
    """The rows of some hundred lines."""

    rows: Rows
    rejects: list[Reject]


class Clickstream:
    """An open file. Iterating gives the lines after the header in batches, as soon as they can be read.

    Raises ClickstreamError if it cannot be opened, or if its header is missing or lacks a column.
    """

    def __init__(self, path: Path, currency: str = "USD") -> None:
        self.path = path
        try:
            self._raw = path.open("rb")
        except OSError as error:
            raise ClickstreamError(f"{path}: {error.strerror or error}") from error
        self.size = os.fstat(self._raw.fileno()).st_size if self._raw.seekable() else None
        """in bytes; None for a pipe"""
        packed = self._raw.peek(2)[:2] == _GZIP
        # GzipFile has the methods of a BufferedReader but is not a subclass of it.
        self._stream = cast(io.BufferedReader, gzip.GzipFile(fileobj=self._raw) if packed else self._raw)
        self.heading = ""
        """the header line of the file"""
        self._parser = Parser(self._header(), currency)

    @property
    def position(self) -> int:
        """Bytes read so far, of `size`; 0 for a pipe."""
        return self._raw.tell() if self.size is not None else 0

    def __iter__(self) -> Iterator[Batch]:
        number, rest = 2, b""
        while True:
            try:
                data = self._stream.read1(_AT_ONCE)
            except (EOFError, zlib.error, OSError) as error:
                damaged = f"more: the file is damaged or cut off here ({error})"
                yield Batch(Rows(), [Reject(number, "line", "", damaged, _text(rest))])
                return
            whole, newline, tail = data.rpartition(b"\n")
            if newline:
                lines, rest = rest + whole + newline, tail
            elif data and len(rest) < _LONGEST_LINE:
                rest += data
                continue
            else:  # the end of the file, or a line beyond the limit
                lines, rest = rest, data
            if lines:
                yield Batch(*self._parser.parse(_text(lines), number))
                number += lines.count(b"\n")
            if not data:
                return

    def _header(self) -> list[str]:
        try:
            line = self._stream.readline(_LONGEST_LINE)
        except (EOFError, zlib.error, OSError) as error:
            raise ClickstreamError(f"{self.path}: cannot be read: {error}") from error
        self.heading = _text(line.removeprefix(codecs.BOM_UTF8)).rstrip("\r\n")
        try:
            names = [name.strip() for name in split(self.heading)]
        except BadValue as bad:
            raise ClickstreamError(f"{self.path}, line 1: the header is not {bad.expected}") from bad
        missing = [name for name in REQUIRED if name not in names]
        if missing:
            raise ClickstreamError(
                f"{self.path}, line 1: the header lacks {', '.join(missing)}; "
                f"it has {', '.join(names)[:200] or 'nothing'}"
            )
        return names


def _text(data: bytes) -> str:
    """Bytes that are not UTF-8 become surrogates: the parser finds them, the rejects file gets the original bytes."""
    return data.decode("utf-8", "surrogateescape")

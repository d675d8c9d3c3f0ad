"""Keep the rows of a file that could not be read, so that they can be mended and replayed.

A row is written as it came, byte for byte. A spreadsheet may run what begins with `=` in it: import the file as text.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from producers.replay.rows import Reject

_SHOWN = 10


class Rejects:
    """The file of rejected rows: line, field and reason, then the row as it came. It is made with the first reject."""

    def __init__(self, path: Path, source: Path, heading: str, say: Callable[[str], None]) -> None:
        self.count = 0
        self.path = path
        self._source = source
        self._heading = heading
        self._say = say

    def add(self, reject: Reject) -> None:
        """Write it down; the first few are also said."""
        reason = reject.reason.replace('"', '""')
        line = f'{reject.line},{reject.field},"{reason}",{reject.text}\n'
        if self.count:
            self._write("a", line)
        else:
            self._write("w", f"line,field,reason,{self._heading}\n{line}")
        self.count += 1
        if self.count <= _SHOWN:
            self._say(f"{self._source}, line {reject.line}: {reject.reason}")
        elif self.count == _SHOWN + 1:
            self._say(f"more rejected rows are in {self.path}")

    def _write(self, mode: str, text: str) -> None:
        with self.path.open(mode, encoding="utf-8", errors="surrogateescape", newline="\n") as file:
            file.write(text)

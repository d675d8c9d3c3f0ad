"""Write the rows of a file that cannot be read to another file, where they can be corrected and replayed.

Rows are written byte for byte. A spreadsheet may run what begins with `=` in them: import the file as text.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from producers.replay.rows import Reject

_SHOWN = 10


class Rejects:
    """The file of rejected rows: line, field, reason, and the original row. The first reject creates it."""

    def __init__(self, path: Path, source: Path, heading: str, say: Callable[[str], None]) -> None:
        self.count = 0
        self.path = path
        self._source = source
        self._heading = heading
        self._say = say

    def add(self, reject: Reject) -> None:
        """Write one reject to the file; the first ten are also reported with `say`. Raises OSError."""
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

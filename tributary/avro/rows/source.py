"""Write Python source and compile it, as attrs does for `__init__`: straight-line code is several times faster than
walking a schema for every value."""

from __future__ import annotations

import itertools
import linecache
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any

DEEP = 6
"""Types nested deeper get a function of their own: Python compiles at most 20 nested loops."""

_serial = itertools.count(1)


class Source:
    """A module being written, and the objects that it refers to."""

    def __init__(self, title: str) -> None:
        self.scope: dict[str, Any] = {}
        self.place = ""
        """The place in the schema of the next lines, such as `.items[].quantity`, relative to their function."""
        self._filename = f"<{title} {next(_serial)}>"
        self._functions: list[tuple[str, str]] = []
        self._lines: list[tuple[str, str]] = []
        self._depth = 0
        self._variables = itertools.count(1)

    def line(self, text: str) -> None:
        """Add a line at the current indentation."""
        self._lines.append(("    " * self._depth + text, self.place))

    def call(self, head: str, arguments: list[str], tail: str) -> None:
        """Add a statement with many arguments, one per line."""
        self.line(head)
        for argument in arguments:
            self.line(f"    {argument},")
        self.line(tail)

    @contextmanager
    def block(self, header: str) -> Iterator[None]:
        """Add a header such as `if x:`; the lines added inside are its body."""
        self.line(header)
        self._depth += 1
        try:
            yield
        finally:
            self._depth -= 1

    @contextmanager
    def aside(self) -> Iterator[None]:
        """The lines added inside are a function of its own, before everything else; dropped if writing it fails."""
        before = self._lines, self._depth, self.place
        self._lines, self._depth, self.place = [], 0, ""
        try:
            yield
            self._functions += self._lines
        finally:
            self._lines, self._depth, self.place = before

    @contextmanager
    def within(self, step: str) -> Iterator[None]:
        """The lines added inside are one level deeper in the schema."""
        before = self.place
        self.place += step
        try:
            yield
        finally:
            self.place = before

    @property
    def mark(self) -> int:
        """The current end of the function being written."""
        return len(self._lines)

    def rewind(self, mark: int) -> None:
        """Drop the lines added since `mark`."""
        del self._lines[mark:]

    def variable(self, name: str) -> str:
        """A unique name: no field, keyword or builtin ends in one of these numbers."""
        return f"{name}_{next(self._variables)}"

    def assigned(self, value: str, name: str) -> str:
        """A variable with the value of an expression; the expression itself if it is a variable."""
        if value.isidentifier():
            return value
        variable = self.variable(name)
        self.line(f"{variable} = {value}")
        return variable

    def constant(self, name: str, value: Any) -> str:
        """A name for an object in the source."""
        constant = self.variable(name.upper())
        self.scope[constant] = value
        return constant

    def compile(self, name: str) -> Callable[[Any], Any]:
        """The function of that name. Tracebacks and debuggers show its source."""
        lines = [f"{text}\n" for text, _ in self._functions + self._lines]
        linecache.cache[self._filename] = (sum(map(len, lines)), None, lines, self._filename)
        exec(compile("".join(lines), self._filename, "exec"), self.scope)
        function: Callable[[Any], Any] = self.scope[name]
        return function

    def places(self, traceback: TracebackType | None) -> str:
        """Where in the schema an error arose, from the compiled lines that led to it."""
        places = [place for _, place in self._functions + self._lines]
        found = ""
        while traceback is not None:
            if traceback.tb_frame.f_code.co_filename == self._filename:
                found += places[traceback.tb_lineno - 1]
            traceback = traceback.tb_next
        return found

"""Write Python source and compile it, as attrs does for `__init__`: straight-line code is several times faster than
walking a schema for every value."""

from __future__ import annotations

import itertools
import linecache
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

_serial = itertools.count(1)


class Source:
    """A module being written, and the objects that it refers to."""

    def __init__(self, title: str, **scope: Any) -> None:
        self.filename = f"<{title} {next(_serial)}>"
        self.scope: dict[str, Any] = scope
        self.place = ""
        """Where in the schema the next lines are; `places` keeps it for each line."""
        self.places: list[str] = []
        self._lines: list[str] = []
        self._depth = 0
        self._variables = itertools.count(1)

    def line(self, text: str) -> None:
        """Add a line at the current indentation."""
        self._lines.append("    " * self._depth + text)
        self.places.append(self.place)

    @contextmanager
    def block(self, header: str) -> Iterator[None]:
        """Add a header such as `if x:`; what is added within is its body."""
        self.line(header)
        self._depth += 1
        yield
        self._depth -= 1

    @contextmanager
    def aside(self) -> Iterator[None]:
        """What is added within begins at no indentation, in front of the code being written: a function of its own."""
        lines, places, depth = self._lines, self.places, self._depth
        self._lines, self.places, self._depth = [], [], 0
        yield
        self._lines, self.places, self._depth = self._lines + lines, self.places + places, depth

    def variable(self, name: str) -> str:
        """A name that nothing else has: no field, keyword or builtin ends in a number of ours."""
        return f"{name}_{next(self._variables)}"

    def constant(self, name: str, value: Any) -> str:
        """A name by which the source refers to an object."""
        constant = self.variable(name.upper())
        self.scope[constant] = value
        return constant

    @property
    def text(self) -> str:
        """The source."""
        return "\n".join(self._lines) + "\n"

    def compile(self, name: str) -> Callable[[Any], Any]:
        """The function of that name. Tracebacks and debuggers show its source."""
        text = self.text
        linecache.cache[self.filename] = (len(text), None, text.splitlines(keepends=True), self.filename)
        exec(compile(text, self.filename, "exec"), self.scope)
        function: Callable[[Any], Any] = self.scope[name]
        return function

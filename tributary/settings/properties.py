"""Files of properties, as Java's clients of Kafka read them: `client.properties`.

A line is a name, `=`, `:` or white space, and a value; `#` and `!` begin a comment; a backslash at the end of a line
goes on with the next. White space around names and values does not count. The text is UTF-8.

What Java and the tools around librdkafka read differently is refused: a backslash before anything but `\\ : = # !`, a
blank, a line's end and `t n r f uXXXX` (Java drops it, they keep it), and a name that is set twice.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import attrs

from tributary.errors import SettingsError


@attrs.frozen
class Properties:
    """What a file sets, with the lines for messages. No value is ever shown: it may be a password."""

    path: Path | None = None
    values: Mapping[str, str] = attrs.field(factory=dict, repr=False)
    """Without those that are empty: they count as not set."""
    lines: Mapping[str, int] = attrs.field(factory=dict, repr=False)

    def error(self, name: str, text: str) -> SettingsError:
        """A complaint about a property, with its place."""
        return SettingsError(f"{self.path}, line {self.lines[name]}: {name}: {text}")


def read(path: Path) -> Properties:
    """Read a file. Raises SettingsError, which names file and line."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise SettingsError(f"{path} cannot be read: {reason}") from error
    values: dict[str, str] = {}
    lines: dict[str, int] = {}
    for number, line in _logical_lines(text):
        try:
            name, value = _pair(line)
            if name in lines:
                raise ValueError(f"{name} is set in line {lines[name]} already")
        except ValueError as error:
            raise SettingsError(f"{path}, line {number}: {error}") from error
        lines[name] = number
        if value:
            values[name] = value
    return Properties(path, values, lines)


_BLANKS = " \t\f"
_ENDS_OPEN = re.compile(r"(?<!\\)(\\\\)*\\$")
"""An odd number of backslashes at the end."""
_SEPARATOR = re.compile(r"((?:\\.|[^\\=: \t\f])+)(?:[ \t\f]*[=:]|[ \t\f])[ \t\f]*(.*)", re.DOTALL)
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|.|$)", re.DOTALL)
_NAMED = {"t": "\t", "n": "\n", "r": "\r", "f": "\f"}
_THEMSELVES = "\\:=#! "


def _logical_lines(text: str) -> Iterator[tuple[int, str]]:
    """Lines with what they go on with, and their numbers; comments and empty lines left out."""
    physical = enumerate(re.split(r"\r\n|\r|\n", text), 1)
    for number, line in physical:
        whole = line.strip(_BLANKS)
        if not whole or whole[0] in "#!":
            continue
        whole = line.lstrip(_BLANKS)
        while _ENDS_OPEN.search(whole):
            whole = whole[:-1] + next(physical, (0, ""))[1].lstrip(_BLANKS)
        yield number, whole


def _pair(line: str) -> tuple[str, str]:
    found = _SEPARATOR.fullmatch(line)
    if found is None:
        raise ValueError("expected name=value")
    value = found[2].rstrip(_BLANKS)
    if _ENDS_OPEN.search(value):  # the last blank was written as such: `\ `
        value += found[2][len(value)]
    return _unescaped(found[1]), _unescaped(value)


def _unescaped(text: str) -> str:
    def meant(found: re.Match[str]) -> str:
        what = found[1]
        if what in _NAMED:
            return _NAMED[what]
        if len(what) == 5:
            return chr(int(what[1:], 16))
        if what and what in _THEMSELVES:
            return what
        raise ValueError(f"\\{what} means different things to Java and to others; for a backslash write \\\\")

    return _ESCAPE.sub(meant, text)

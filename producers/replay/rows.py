"""Parse the lines of a clickstream file: as columns, or line by line where one of them is bad or unusual."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache, lru_cache, partial
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple

import attrs

from tributary.currency import decimals

REQUIRED = ("event_time", "event_type", "product_id", "price", "user_id", "user_session")
KINDS = ("view", "cart", "remove_from_cart", "purchase")
_KINDS = frozenset(KINDS)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MINUTE = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d", re.ASCII)
_SECONDS = {f":{second:02d} UTC": second * 1000 for second in range(60)}
_PRICE = re.compile(r"(\d{1,13})(?:\.(\d+))?", re.ASCII)
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_REMEMBERED = 16_384
"""Size of the caches of times and prices: values repeat, and a look-up costs a tenth of parsing."""


class Rows(NamedTuple):
    """Good rows in the order of the file, as columns of one length."""

    kind: Sequence[str] = ()
    """each one of KINDS"""
    occurred_at: Sequence[int] = ()
    """milliseconds since the epoch, whole seconds"""
    product_id: Sequence[str] = ()
    category: Sequence[str | None] = ()
    price_minor: Sequence[int] = ()
    user_id: Sequence[str] = ()
    session_id: Sequence[str] = ()

    def by_time(self) -> Iterator[Rows]:
        """Split wherever the time changes."""
        start = 0
        for _, equal in groupby(self.occurred_at):
            end = start + sum(1 for _ in equal)
            yield Rows(*(column[start:end] for column in self))  # type: ignore[arg-type]
            start = end


@attrs.frozen
class Reject:
    """One bad row: line, field, value, what was expected, and the original line."""

    line: int
    """counted from 1, the header"""
    field: str
    """the column, or `line` for the whole"""
    value: str
    expected: str
    text: str

    @property
    def reason(self) -> str:
        """Field, value and what was expected, in words."""
        return f"{self.field} is {self.value[:60]!r}, expected {self.expected}"


class BadValue(ValueError):
    """A value that cannot be parsed: field, value, and what was expected."""

    def __init__(self, field: str, value: str, expected: str) -> None:
        super().__init__(field, value, expected)
        self.field, self.value, self.expected = field, value, expected


class Parser:
    """The parser of a file with these columns, among them all of REQUIRED. Prices are in `currency`."""

    def __init__(self, names: Sequence[str], currency: str) -> None:
        self._last = names[-1]
        self._width = len(names)
        self._places = [names.index(name) for name in REQUIRED]
        self._category_at = names.index("category_code") if "category_code" in names else None
        self._pick = itemgetter(*self._places)
        self._occurred_at = cache(occurred_at)
        self._price_minor = cache(partial(minor_units, digits=decimals(currency)))

    def parse(self, text: str, number: int) -> tuple[Rows, list[Reject]]:
        """Parse whole lines, of which the first is line `number` of the file. Blank lines are skipped."""
        for known in (self._occurred_at, self._price_minor):
            if known.cache_info().currsize > _REMEMBERED:
                known.cache_clear()
        rows = self._as_columns(text)
        return (rows, []) if rows is not None else self._line_by_line(text, number)

    def _as_columns(self, text: str) -> Rows | None:
        """Parse the lines together, at half the cost. None if any of them needs a closer look."""
        if "\r" in text:
            text = text.replace("\r\n", "\n")
        if '"' in text or "\r" in text or text[-1] != "\n" or _not_utf8_at(text) is not None:
            return None
        # Each line becomes `width` cells and one cell with the line end. All line ends are at multiples of the stride,
        # and nowhere else, only if every line has `width` fields.
        cells = text.replace("\n", ",\n,").split(",")
        stride, lines = self._width + 1, text.count("\n")
        if len(cells) != lines * stride + 1 or cells[self._width :: stride].count("\n") != lines:
            return None
        times, kinds, products, prices, users, sessions = (cells[place:-1:stride] for place in self._places)
        if not (_KINDS.issuperset(kinds) and all(products) and all(users) and all(sessions)):
            return None
        at = self._category_at
        categories = [None] * lines if at is None else [category or None for category in cells[at:-1:stride]]
        try:
            times_ms, prices_minor = list(map(self._occurred_at, times)), list(map(self._price_minor, prices))
        except BadValue:
            return None
        return Rows(kinds, times_ms, products, categories, prices_minor, users, sessions)

    def _line_by_line(self, text: str, number: int) -> tuple[Rows, list[Reject]]:
        rows: list[tuple[str, int, str, str | None, int, str, str]] = []
        rejects: list[Reject] = []
        for at, line in enumerate(re.findall(r"[^\n]*\n|[^\n]+", text), number):
            if line.isspace():
                continue
            try:
                rows.append(self._row(line))
            except BadValue as bad:
                rejects.append(Reject(at, bad.field, bad.value, bad.expected, line.rstrip("\r\n")))
        return Rows(*zip(*rows, strict=True)), rejects

    def _row(self, text: str) -> tuple[str, int, str, str | None, int, str, str]:
        broken = _not_utf8_at(text)
        if broken is not None:
            raise BadValue("line", text.rstrip("\r\n"), f"UTF-8; character {broken} is not")
        fields = split(text)
        if len(fields) != self._width:
            raise BadValue("line", text.rstrip("\r\n"), f"{self._width} fields, got {len(fields)}")
        at, kind, product, price, user, session = self._pick(fields)
        if not (product and user and session):
            empty = "product_id" if not product else "user_id" if not user else "user_session"
            raise BadValue(empty, "", "a value")
        if kind not in _KINDS:
            raise BadValue("event_type", kind, f"one of {', '.join(KINDS)}")
        category = fields[self._category_at] or None if self._category_at is not None else None
        row = (kind, self._occurred_at(at), product, category, self._price_minor(price), user, session)
        if text[-1] != "\n":
            _check_complete(self._last, fields[-1])
        return row


def occurred_at(text: str) -> int:
    """Milliseconds since the epoch of a time such as `2022-10-01 00:00:07 UTC`."""
    try:
        return _minute(text[:16]) + _SECONDS[text[16:]]
    except (KeyError, ValueError):
        raise BadValue("event_time", text, "a time such as 2022-10-01 00:00:07 UTC") from None


@lru_cache(maxsize=64)
def _minute(text: str) -> int:
    if not _MINUTE.fullmatch(text):
        raise ValueError(text)
    return (datetime.fromisoformat(f"{text}+00:00") - _EPOCH) // timedelta(milliseconds=1)


def minor_units(text: str, digits: int) -> int:
    """A price in minor units, exactly; `digits` is the number of decimal places of the currency."""
    match = _PRICE.fullmatch(text)
    if match is None:
        raise BadValue("price", text, "a decimal number from 0, for example 5.32")
    whole, fraction = match[1], (match[2] or "").rstrip("0")
    if len(fraction) > digits:
        raise BadValue("price", text, f"at most {digits} decimal places, as the currency has")
    return int(whole + fraction.ljust(digits, "0"))


def split(text: str) -> list[str]:
    """The fields of one line."""
    text = text.rstrip("\r\n")
    if '"' not in text:
        return text.split(",")
    try:
        return next(csv.reader([text], strict=True))
    except csv.Error as error:
        raise BadValue("line", text, f"CSV ({error})") from error


def _not_utf8_at(text: str) -> int | None:
    """The position, from 1, of the first character that is a surrogate, that is, whose bytes were not UTF-8."""
    if text.isascii():
        return None
    try:
        text.encode()
    except UnicodeEncodeError as error:
        return error.start + 1
    return None


def _check_complete(last: str, value: str) -> None:
    """Refuse a last line without a line end where half a value of its last field would be a valid value."""
    if last in ("product_id", "price", "user_id", "category_code") or (
        last == "user_session" and not _UUID.fullmatch(value)
    ):
        raise BadValue(last, value, "a line end after it: the file may be cut off here")

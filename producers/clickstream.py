"""Read clickstream files in the format of REES46, the one many shops' exports and public data sets follow.

CSV with a header: `event_time` (UTC), `event_type`, `product_id`, `price` (major units), `user_id`, `user_session`, and
in the multi-category variant `category_id`, `category_code`, `brand`; the columns in any order, others are ignored.
https://www.kaggle.com/datasets/mkechinov/ecommerce-behavior-data-from-multi-category-store describes it.

The file is read line by line, and each line stands alone: a stray quote cannot swallow the lines after it.
"""

from __future__ import annotations

import csv
import gzip
import io
import re
import zlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache, partial
from operator import itemgetter
from pathlib import Path

import attrs

REQUIRED = ("event_time", "event_type", "product_id", "price", "user_id", "user_session")
KINDS = ("view", "cart", "remove_from_cart", "purchase")

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MINUTE = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d", re.ASCII)
_SECONDS = {f":{second:02d} UTC": second * 1000 for second in range(60)}
_PRICE = re.compile(r"(\d{1,13})(?:\.(\d+))?", re.ASCII)
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_GZIP = b"\x1f\x8b"
_LONGEST_LINE = 1 << 20

_NO_DECIMALS = (
    *("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG"),
    *("RWF", "UGX", "UYI", "VND", "VUV", "XAF", "XOF", "XPF"),
)
_THREE_DECIMALS = ("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND")
_DIGITS = dict.fromkeys(_NO_DECIMALS, 0) | dict.fromkeys(_THREE_DECIMALS, 3) | {"CLF": 4, "UYW": 4}
"""Decimal places of the currencies that do not have two, by ISO 4217."""


class ClickstreamError(ValueError):
    """The file as a whole cannot be read; the message says why."""


@attrs.define
class Row:
    """One good row. Not frozen, which would cost as much as parsing it."""

    kind: str
    """one of KINDS"""
    occurred_at: int
    """milliseconds since the epoch, whole seconds"""
    product_id: str
    category: str | None
    price_minor: int
    user_id: str
    session_id: str


@attrs.frozen
class Reject:
    """One bad row: where, what was seen, what was expected, and the line as it stands in the file."""

    line: int
    """counted from 1, the header"""
    field: str
    """the column, or `line` for the whole"""
    value: str
    expected: str
    text: str

    @property
    def reason(self) -> str:
        """For people: field, value and what was expected."""
        return f"{self.field} is {self.value[:60]!r}, expected {self.expected}"


class _Bad(Exception):
    def __init__(self, field: str, value: str, expected: str) -> None:
        super().__init__(field, value, expected)
        self.field, self.value, self.expected = field, value, expected


class Clickstream:
    """An open file; iterating gives a Row or a Reject for each line after the header, blank lines left out.

    Raises ClickstreamError if it cannot be opened, has no header, or its header lacks a column.
    """

    def __init__(self, path: Path, currency: str = "USD") -> None:
        self.path = path
        self.currency = currency
        try:
            self.size = path.stat().st_size
            self._raw = path.open("rb")
        except OSError as error:
            raise ClickstreamError(f"{path}: {error.strerror or error}") from error
        packed = self._raw.peek(2)[:2] == _GZIP
        stream = gzip.GzipFile(fileobj=self._raw) if packed else self._raw
        # Bytes that are not UTF-8 come as surrogates: the parser finds them, the rejects file gets them as they were.
        text = io.TextIOWrapper(stream, "utf-8-sig", errors="surrogateescape", newline="\n")
        self._readline = partial(text.readline, _LONGEST_LINE)
        self._minor_units = lru_cache(maxsize=65_536)(partial(minor_units, digits=_DIGITS.get(currency, 2)))
        self.heading = ""
        """the header as it stands in the file"""
        self._names = self._header()

    @property
    def position(self) -> int:
        """Bytes read so far, of `size`."""
        return self._raw.tell()

    def close(self) -> None:
        """Close the file."""
        self._raw.close()

    def __iter__(self) -> Iterator[Row | Reject]:
        parse = self._parser()
        number = 1
        while True:
            number += 1
            try:
                text = self._readline()
            except (EOFError, zlib.error, OSError) as error:
                yield Reject(number, "line", "", f"more: the file is damaged or cut off here ({error})", "")
                return
            if not text:
                return
            if text.isspace():
                continue
            try:
                yield parse(text)
            except _Bad as bad:
                yield Reject(number, bad.field, bad.value, bad.expected, text.rstrip("\r\n"))

    def _header(self) -> list[str]:
        try:
            text = self._readline()
        except (EOFError, zlib.error, OSError) as error:
            raise ClickstreamError(f"{self.path}: cannot be read: {error}") from error
        self.heading = text.rstrip("\r\n")
        try:
            names = [name.strip() for name in _split(text)]
        except _Bad as bad:
            raise ClickstreamError(f"{self.path}, line 1: the header is not {bad.expected}") from bad
        missing = [name for name in REQUIRED if name not in names]
        if missing:
            raise ClickstreamError(
                f"{self.path}, line 1: the header lacks {', '.join(missing)}; "
                f"it has {', '.join(names)[:200] or 'nothing'}"
            )
        return names

    def _parser(self) -> Callable[[str], Row]:
        names, width, minor_units = self._names, len(self._names), self._minor_units
        pick = itemgetter(*(names.index(name) for name in REQUIRED))
        category_at = names.index("category_code") if "category_code" in names else None

        def parse(text: str) -> Row:
            if not text.isascii():
                _check_utf8(text)
            fields = _split(text)
            if len(fields) != width:
                raise _Bad("line", text.rstrip("\r\n"), f"{width} fields, got {len(fields)}")
            at, kind, product, price, user, session = pick(fields)
            if not (product and user and session):
                empty = "product_id" if not product else "user_id" if not user else "user_session"
                raise _Bad(empty, "", "a value")
            if kind not in KINDS:
                raise _Bad("event_type", kind, f"one of {', '.join(KINDS)}")
            category = fields[category_at] or None if category_at is not None else None
            row = Row(kind, occurred_at(at), product, category, minor_units(price), user, session)
            if text[-1] != "\n":
                _check_complete(names[-1], fields[-1])
            return row

        return parse


def occurred_at(text: str) -> int:
    """Milliseconds since the epoch of a time such as `2022-10-01 00:00:07 UTC`."""
    try:
        return _minute(text[:16]) + _SECONDS[text[16:]]
    except (KeyError, ValueError):
        raise _Bad("event_time", text, "a time such as 2022-10-01 00:00:07 UTC") from None


@lru_cache(maxsize=64)
def _minute(text: str) -> int:
    if not _MINUTE.fullmatch(text):
        raise ValueError(text)
    return (datetime.fromisoformat(f"{text}+00:00") - _EPOCH) // timedelta(milliseconds=1)


def minor_units(text: str, digits: int) -> int:
    """A price in minor units, exactly; `digits` is the number of decimal places of the currency."""
    match = _PRICE.fullmatch(text)
    if match is None:
        raise _Bad("price", text, "a decimal number from 0, for example 5.32")
    whole, fraction = match[1], (match[2] or "").rstrip("0")
    if len(fraction) > digits:
        raise _Bad("price", text, f"at most {digits} decimal places, as the currency has")
    return int(whole + fraction.ljust(digits, "0"))


def _split(text: str) -> list[str]:
    text = text.rstrip("\r\n")
    if '"' not in text:
        return text.split(",")
    try:
        return next(csv.reader([text], strict=True))
    except csv.Error as error:
        raise _Bad("line", text, f"CSV ({error})") from error


def _check_utf8(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise _Bad("line", text.rstrip("\r\n"), f"UTF-8; character {error.start + 1} is not") from error


def _check_complete(last: str, value: str) -> None:
    """A last line without a line end may be cut off inside its last field, where half a value is a value too."""
    if last in ("product_id", "price", "user_id", "category_code") or (
        last == "user_session" and not _UUID.fullmatch(value)
    ):
        raise _Bad(last, value, "a line end after it: the file may be cut off here")

"""Explain why a value does not match a schema: the field, the value, and what was expected.

The encoder refuses a bad value without finding out why, which is faster; this second, slower pass explains.
"""

from __future__ import annotations

import decimal
import functools
import math
import re
import struct
import sys
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import attrs

from tributary.avro import naming
from tributary.avro.defaults import RANGES
from tributary.avro.schema import Array, Decimal, Enum, Fixed, Map, Primitive, Record, Schema, SchemaError, Union

FLOATS = {"float": struct.Struct("<f").pack, "double": struct.Struct("<d").pack}

REMEMBERED_TEXTS = 4096
"""The most texts that a field with a pattern remembers as matching: such fields (regions, currencies) have few."""

UUID_FORM = bytes(ord("0") if chr(byte) in "0123456789abcdefABCDEF" else byte for byte in range(256))
"""A translation of every hexadecimal digit to 0, and so of every uuid to `UUID_SHAPE`."""
UUID_SHAPE = b"00000000-0000-0000-0000-000000000000"


@attrs.frozen
class Limits:
    """A field's attributes `minimum`, `maximum` and `pattern`, which restrict its type.

    Numbers must be between both, inclusive; strings must contain a match of the pattern. In a union they apply to the
    branches that they fit. Writers and readers refuse values outside.
    """

    minimum: float = -math.inf
    maximum: float = math.inf
    pattern: re.Pattern[str] | None = None
    pattern_text: str = ""
    """The pattern as written in the contract."""


NO_LIMITS = Limits()
_HUGE = sys.float_info.max


def limits(name: str, attributes: Mapping[str, Any]) -> Limits:
    """The limits of the field with that name and these JSON attributes.

    Raises SchemaError for one that is not a number or not a regular expression.
    """
    found: dict[str, Any] = {}
    for which in ("minimum", "maximum"):
        bound = attributes.get(which)
        if bound is not None:
            if type(bound) not in (int, float) or not -_HUGE <= bound <= _HUGE:
                raise SchemaError(f"{name}: {which} is {bound!r:.80}, expected a number")
            found[which] = bound
    pattern = attributes.get("pattern")
    if pattern is not None:
        # In contracts `$` is the end, in Python also the place before a last line break.
        end = re.sub(r"(?<!\\)((?:\\\\)*)\$$", r"\1\\Z", pattern) if isinstance(pattern, str) else ""
        try:
            found |= {"pattern": re.compile(end), "pattern_text": pattern}
        except re.error as error:
            raise SchemaError(f"{name}: pattern {pattern!r} is not a regular expression: {error}") from None
    return Limits(**found)


def remembered_search(pattern: re.Pattern[str]) -> Callable[[str], object]:
    """The pattern's search, which remembers its last results."""
    return functools.lru_cache(REMEMBERED_TEXTS)(pattern.search)


def unscaled(number: decimal.Decimal, precision: int, scale: int) -> int:
    """A decimal as the integer that Avro stores. Raises ValueError if that would need rounding or more digits."""
    sign, digits, exponent = number.as_tuple()
    if not any(digits) and isinstance(exponent, int):
        return 0
    if not isinstance(exponent, int) or len(digits) + exponent + scale > precision:
        raise ValueError(f"{number} does not fit")
    shift = exponent + scale
    if shift < 0:
        digits, dropped = digits[:shift], digits[shift:]
        if any(dropped):
            raise ValueError(f"{number} does not fit")
    whole = int("".join(map(str, digits)) + "0" * shift)
    return -whole if sign else whole


def problem(kind: Schema, value: Any, path: str, bounds: Limits = NO_LIMITS, *, keys: bool = False) -> str | None:
    """The first error in a value, as a sentence that starts with `path`; None if there is none.

    `keys`: records are dictionaries, not instances of classes.
    """
    if isinstance(kind, Union):
        return _union(kind, value, path, bounds, keys)
    if isinstance(kind, Record):
        return _record(kind, value, path, keys)
    if isinstance(kind, Array):
        if type(value) is not tuple and not isinstance(value, list):
            return _expected(path, value, "a list or tuple")
        return _first(problem(kind.element, item, f"{path}[{n}]", keys=keys) for n, item in enumerate(value))
    if isinstance(kind, Map):
        if not isinstance(value, dict):
            return _expected(path, value, "a dictionary")
        return _first(
            _text(key, f"{path}: key") or problem(kind.element, item, f"{path}[{key!r}]", keys=keys)
            for key, item in value.items()
        )
    return _scalar(kind, value, path) or _outside(kind, value, path, bounds)


def _record(record: Record, value: Any, path: str, keys: bool) -> str | None:
    for field in record.fields:
        try:
            inner = value[field.name] if keys else getattr(value, naming.attribute(field.name))
        except (AttributeError, LookupError, TypeError):
            return f"{path} has no {field.name}, expected a {record.short_name}, got {_shown(value)}"
        found = problem(field.type, inner, f"{path}.{field.name}", limits(field.name, field.props), keys=keys)
        if found:
            return found
    return None


def _union(union: Union, value: Any, path: str, bounds: Limits, keys: bool) -> str | None:
    problems = [problem(branch, value, path, bounds, keys=keys) for branch in union.branches]
    if None in problems:
        return None
    others = [found for branch, found in zip(union.branches, problems, strict=True) if branch.kind != "null"]
    if len(others) == 1 and value is not None:
        return others[0]
    return _expected(path, value, " or ".join(map(str, union.branches)))


def _scalar(kind: Schema, value: Any, path: str) -> str | None:
    if isinstance(kind, Enum):
        known = isinstance(value, str) and value in kind.symbols
        return None if known else _expected(path, value, f"one of {', '.join(kind.symbols)}")
    if isinstance(kind, Fixed):
        good = type(value) is bytes and len(value) == kind.size
        return None if good else _expected(path, value, f"{kind.size} bytes")
    if isinstance(kind, Decimal):
        return _decimal(kind, value, path)
    if kind.kind in RANGES:
        low, high = RANGES[kind.kind]
        good = type(value) is int and low <= value <= high
        return None if good else _expected(path, value, f"an int from {low} to {high}")
    if kind.kind in ("float", "double"):
        return _float(kind.kind, value, path)
    if kind.kind == "string":
        uuid = isinstance(kind, Primitive) and kind.is_uuid
        return _text(value, path) or (_uuid(value, path) if uuid else None)
    good = {"null": value is None, "boolean": type(value) is bool, "bytes": type(value) is bytes}[kind.kind]
    return (
        None if good else _expected(path, value, {"null": "None", "boolean": "True or False"}.get(kind.kind, "bytes"))
    )


def _decimal(kind: Decimal, value: Any, path: str) -> str | None:
    expected = f"a Decimal of up to {kind.precision} digits, {kind.scale} of them after the dot"
    if not isinstance(value, decimal.Decimal):
        return _expected(path, value, expected)
    try:
        unscaled(value, kind.precision, kind.scale)
    except ValueError:
        return _expected(path, value, expected)
    return None


def _float(kind: str, value: Any, path: str) -> str | None:
    expected = f"a number that fits in {'32' if kind == 'float' else '64'} bits"
    if type(value) not in (float, int):
        return _expected(path, value, expected)
    try:
        FLOATS[kind](value)
    except OverflowError:
        return _expected(path, value, expected)
    return None


def _text(value: Any, path: str) -> str | None:
    if not isinstance(value, str):
        return _expected(path, value, "a str")
    try:
        value.encode()
    except UnicodeEncodeError:
        return _expected(path, value, "text that UTF-8 can carry, without lone surrogates")
    return None


def _uuid(value: str, path: str) -> str | None:
    good = value.encode().translate(UUID_FORM) == UUID_SHAPE
    return None if good else _expected(path, value, "a uuid of 32 hexadecimal digits, 8-4-4-4-12")


def _outside(kind: Schema, value: Any, path: str, bounds: Limits) -> str | None:
    found = None if isinstance(kind, Enum) else beyond(value, bounds)
    return f"{path} {found}" if found else None


def beyond(value: Any, bounds: Limits) -> str | None:
    """The error in a value outside a field's limits, such as `is -1, expected at least 0`; None if inside."""
    if isinstance(value, str):
        good = bounds.pattern is None or bounds.pattern.search(value)
        return None if good else f"is {_shown(value)}, expected text that matches {bounds.pattern_text}"
    if type(value) not in (int, float, decimal.Decimal):
        return None
    least = f"at least {bounds.minimum}" if bounds.minimum > -math.inf else ""
    most = f"at most {bounds.maximum}" if bounds.maximum < math.inf else ""
    if bounds.minimum <= value <= bounds.maximum or not (least or most):
        return None
    return f"is {_shown(value)}, expected {' and '.join(filter(None, (least, most)))}"


def _first(problems: Iterator[str | None]) -> str | None:
    return next(filter(None, problems), None)


def _expected(path: str, value: Any, expected: str) -> str:
    return f"{path} is {_shown(value)}, expected {expected}"


def _shown(value: Any) -> str:
    text = repr(value)
    return f"{text[:80]}…" if len(text) > 80 else text

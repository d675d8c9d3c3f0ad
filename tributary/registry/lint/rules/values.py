"""The rules for values: logical types, money, personal data, ranges."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

from tributary.registry.contract import walk
from tributary.registry.lint.rule import Contracts, Problem, rule

_LOGICAL: dict[str, tuple[str, ...]] = {
    "uuid": ("string", "fixed"),
    "decimal": ("bytes", "fixed"),
    "big-decimal": ("bytes",),
    "date": ("int",),
    "time-millis": ("int",),
    "duration": ("fixed",),
    **dict.fromkeys(("time-micros", "timestamp-millis", "timestamp-micros", "timestamp-nanos"), ("long",)),
    **dict.fromkeys(("local-timestamp-millis", "local-timestamp-micros", "local-timestamp-nanos"), ("long",)),
}
_SIZES = {"uuid": 16, "duration": 12}


@rule("logical-types")
def logical_types(contracts: Contracts) -> Iterator[Problem]:
    """A logical type is one that Avro knows, is written inside the type it belongs to, and is complete.

    Avro ignores a logical type that it does not understand: a misspelt one, or one next to the field's type instead of
    inside it, is a plain number for every reader.
    """
    for contract in contracts:
        for field in contract.fields():
            if "logicalType" in field.spec:
                inside = json.dumps({"type": field.type, "logicalType": field.spec["logicalType"]})
                yield Problem(
                    contract, field, "logicalType is next to the type, where Avro ignores it", f'"type": {inside}'
                )
            for spec in _types(field.type):
                if "logicalType" in spec and (wrong := _logical_problem(spec)):
                    yield Problem(contract, field, wrong)


def _types(schema: Any) -> Iterator[dict[str, Any]]:
    """The types of a field that are objects; not those of the fields inside a record."""
    if isinstance(schema, list):
        for branch in schema:
            yield from _types(branch)
    elif isinstance(schema, dict):
        yield schema
        for key in ("type", "items", "values"):
            yield from _types(schema.get(key))


def _logical_problem(spec: dict[str, Any]) -> str:
    logical, kind = spec["logicalType"], spec.get("type")
    if logical not in _LOGICAL:
        return f"Avro has no logical type {logical!r}; it has {', '.join(sorted(_LOGICAL))}"
    if kind not in _LOGICAL[logical]:
        return f"{logical} belongs to {' or '.join(_LOGICAL[logical])}, but is on {json.dumps(kind)}"
    if kind == "fixed" and logical in _SIZES and spec.get("size") != _SIZES[logical]:
        return f"{logical} needs a fixed of {_SIZES[logical]} bytes, but has {spec.get('size')}"
    if logical == "decimal":
        precision, scale = spec.get("precision"), spec.get("scale", 0)
        if not isinstance(precision, int) or precision < 1:
            return f"a decimal needs a precision of 1 or more, got {precision!r}"
        if not isinstance(scale, int) or not 0 <= scale <= precision:
            return f"a decimal's scale must be from 0 to its precision ({precision}), got {scale!r}"
    return ""


_MONEY = ("price", "amount", "cost", "fee", "revenue", "balance", "total", "tax", "discount")


@rule("money-with-currency", severity=None, names=_MONEY)
def money_with_currency(contracts: Contracts, names: Sequence[str]) -> Iterator[Problem]:
    """Money is a long in minor units, its name ends in _minor, and a currency (ISO 4217) is in the same event.

    A float cannot represent 0.10, so sums drift; an amount without its currency is added to one of another.
    """
    for contract in contracts:
        for field in contract.fields():
            bare = field.name.removesuffix("_minor")
            if bare == field.name and not _ends_with(field.name, names):
                continue
            if not {"int", "long", "float", "double", "bytes", "string"} & set(_bases(field.type)):
                continue
            if set(_bases(field.type)) - {"null"} != {"long"} or bare == field.name:
                fix = json.dumps({**field.spec, "name": f"{bare}_minor", "type": "long"}, ensure_ascii=False)
                yield Problem(contract, field, "money must be a long in minor units, with a name ending in _minor", fix)
            if not any(_is_currency(other) and _holds(other, field) for other in contract.fields()):
                yield Problem(
                    contract,
                    field,
                    "no currency in its record or in an enclosing one",
                    'add {"name": "currency", "type": "string", "doc": "ISO 4217 code.", "pattern": "^[A-Z]{3}$"}',
                )


def _ends_with(name: str, words: Sequence[str]) -> bool:
    """Whether the name is one of the words, or ends in `_` and one of them."""
    return any(name == word or name.endswith(f"_{word}") for word in words)


def _bases(schema: Any) -> list[str]:
    """The names of a type's branches, without attributes."""
    branches = schema if isinstance(schema, list) else [schema]
    return [str(branch.get("type") if isinstance(branch, dict) else branch) for branch in branches]


def _is_currency(field: walk.Field) -> bool:
    return field.name == "currency" or field.name.endswith("_currency")


def _holds(currency: walk.Field, money: walk.Field) -> bool:
    """Whether the currency is in the record of the money or in one that encloses it."""
    return money.path.startswith(currency.path.removesuffix(currency.name))


_PERSONAL = (
    *("user_id", "customer_id", "session_id", "device_id", "cookie", "email", "phone", "first_name", "last_name"),
    *("full_name", "address", "street", "postcode", "zip", "ip", "ip_address", "birth_date", "birthday", "iban"),
    "card_number",
)
PII = ("pseudonym", "identity", "sensitive")


@rule("personal-data-marked", severity=None, names=_PERSONAL)
def personal_data_marked(contracts: Contracts, names: Sequence[str]) -> Iterator[Problem]:
    """Personal data has the attribute pii: pseudonym (an id in place of a person), identity, or sensitive.

    Deleting, masking or exporting a person's data depends on this mark; data of an unmarked field is never deleted.
    """
    for contract in contracts:
        for field in contract.fields():
            mark = field.spec.get("pii")
            if mark is None and _ends_with(field.name, names):
                yield Problem(
                    contract,
                    field,
                    f"{field.name} looks like personal data and is not marked",
                    'add "pii": "pseudonym"',
                )
            elif mark is not None and mark not in PII:
                yield Problem(contract, field, f"pii is {mark!r}, expected one of {', '.join(PII)}")


@rule("ranges")
def ranges(contracts: Contracts) -> Iterator[Problem]:
    """minimum and maximum are numbers on a number, in order; pattern is a regular expression on a string.

    Avro does not check these attributes: a bound on the wrong type is never noticed, and one that no value meets
    refuses every event once a producer validates.
    """
    for contract in contracts:
        for field in contract.fields():
            for message in _range_problems(field):
                yield Problem(contract, field, message)


def _range_problems(field: walk.Field) -> Iterator[str]:
    spec, kinds = field.spec, set(_bases(field.type)) - {"null"}
    bounds = [spec[key] for key in ("minimum", "maximum") if key in spec]
    if any(isinstance(bound, bool) or not isinstance(bound, int | float) for bound in bounds):
        yield f"minimum and maximum must be numbers, got {json.dumps(bounds)}"
        return
    if bounds and not kinds <= {"int", "long", "float", "double"}:
        yield "minimum and maximum belong to numbers"
    if len(bounds) == 2 and bounds[0] > bounds[1]:
        yield f"minimum {bounds[0]} is above maximum {bounds[1]}"
    default = spec.get("default")
    if isinstance(default, int | float) and not isinstance(default, bool):
        low, high = spec.get("minimum", default), spec.get("maximum", default)
        if not low <= default <= high:
            yield f"the default {default} is outside the range"
    if "pattern" in spec:
        yield from _pattern_problems(spec["pattern"], kinds, default)


def _pattern_problems(pattern: Any, kinds: set[str], default: Any) -> Iterator[str]:
    if kinds != {"string"}:
        yield "pattern belongs to strings"
    try:
        compiled = re.compile(pattern)
    except (re.error, TypeError) as error:
        yield f"pattern is not a regular expression: {error}"
        return
    if isinstance(default, str) and not compiled.search(default):
        yield f"the default {default!r} does not match the pattern"

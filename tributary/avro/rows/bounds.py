"""Write the lines that refuse a value outside the limits of its field, for `decoder_source.py`."""

from __future__ import annotations

import functools
import math

from tributary.avro.rows.source import Source
from tributary.avro.schema import Field, Schema, Union
from tributary.avro.validation import Limits, beyond, limits, remembered_search

_NUMBERS = ("int", "long", "float", "double", "decimal")


class OutsideError(ValueError):
    """A value is outside the limits of its field; the message has the value and what was expected."""


def refuse_outside(source: Source, field: Field, value: str) -> None:
    """Raise OutsideError if the variable `value` is outside the field's limits."""
    bounds = limits(field.name, field.props)
    condition = _condition(source, field.type, bounds, value)
    if condition:

        def refuse(outside: object) -> OutsideError:
            return OutsideError(beyond(outside, bounds))

        with source.block(f"if {condition}:"):
            source.line(f"raise {source.constant('refuse', refuse)}({value})")


def _condition(source: Source, kind: Schema, bounds: Limits, value: str) -> str:
    """The condition under which a value is outside; empty if every value is inside."""
    if isinstance(kind, Union):
        kinds = [_condition(source, branch, bounds, value) for branch in kind.branches]
        return f"{source.constant('beyond', functools.partial(beyond, bounds=bounds))}({value})" if any(kinds) else ""
    if kind.kind == "string" and bounds.pattern is not None:
        return f"not {source.constant('matches', remembered_search(bounds.pattern))}({value})"
    if kind.value_kind in _NUMBERS:
        above = [f"{value} >= {bounds.minimum!r}"] if bounds.minimum > -math.inf else []
        below = [f"{value} <= {bounds.maximum!r}"] if bounds.maximum < math.inf else []
        return f"not ({' and '.join(above + below)})" if above or below else ""
    return ""

"""How an encoder selects the branch of a union for a value, and remembers texts that match a pattern."""

from __future__ import annotations

from tributary.avro import naming
from tributary.avro.schema import Record, Schema
from tributary.avro.validation import REMEMBERED_TEXTS, Limits
from tributary.avro.varint import write_long


class Patterned(dict[str, bytes]):
    """From a string to its encoding, if it matches a pattern; raises ValueError otherwise."""

    def __init__(self, bounds: Limits) -> None:
        self.pattern = bounds.pattern

    def __missing__(self, text: str) -> bytes:
        if self.pattern is not None and not self.pattern.search(text):
            raise ValueError(text)
        encoded = text.encode()
        if len(self) >= REMEMBERED_TEXTS:
            self.clear()
        self[text] = encoding = write_long(len(encoded)) + encoded
        return encoding


def python_class(branch: Schema, *, keys: bool) -> str:
    """What distinguishes a branch by the class of a value: branches with different results need no other test."""
    if isinstance(branch, Record):
        return "dict" if keys else f"class {branch.short_name}"
    return {
        **dict.fromkeys(("int", "long", "float", "double"), "number"),
        **dict.fromkeys(("string", "enum"), "str"),
        **dict.fromkeys(("bytes", "fixed"), "bytes"),
        "map": "dict",
    }.get(branch.value_kind, branch.value_kind)


def class_test(branch: Schema, value: str, *, keys: bool) -> str:
    """The condition that a variable has a value of a branch, by its class only."""
    if isinstance(branch, Record) and not keys:
        return f"type({value}).__name__ == {naming.class_(branch.short_name)!r}"
    return {
        "null": f"{value} is None",
        "boolean": f"type({value}) is bool",
        "int": f"type({value}) is int",
        "long": f"type({value}) is int",
        "float": f"type({value}) is float or type({value}) is int",
        "double": f"type({value}) is float or type({value}) is int",
        "bytes": f"type({value}) is bytes",
        "fixed": f"type({value}) is bytes",
        "string": f"isinstance({value}, str)",
        "enum": f"isinstance({value}, str)",
        "decimal": f"hasattr({value}, 'as_tuple')",
        "array": f"type({value}) is tuple or isinstance({value}, list)",
    }.get(branch.value_kind, f"isinstance({value}, dict)")

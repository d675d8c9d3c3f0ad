"""Write the code that encodes values: straight-line Python, which `encoder` compiles to functions.

https://avro.apache.org/docs/1.12.0/specification/#binary-encoding
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from tributary.avro import naming, varint
from tributary.avro.defaults import RANGES
from tributary.avro.rows.dispatch import Patterned, class_test, python_class
from tributary.avro.rows.source import DEEP, Source
from tributary.avro.schema import Array, Decimal, Enum, Fixed, Map, Primitive, Record, Schema, Union
from tributary.avro.structure import uses
from tributary.avro.validation import (
    FLOATS,
    NO_LIMITS,
    UUID_FORM,
    UUID_SHAPE,
    Limits,
    limits,
    problem,
    unscaled,
)
from tributary.avro.varint import write_long


class Writer:
    """Writes, for each type, the lines that check a value, and the expressions whose joined bytes are its encoding."""

    def __init__(self, kind: Schema, *, keys: bool) -> None:
        self.keys = keys
        self.source = Source("encoder")
        self.source.scope |= {
            "SMALL": varint.SMALL,
            "LOW": varint.LOW,
            "MIDDLE": varint.MIDDLE,
            "HIGH": varint.HIGH,
            "write_long": write_long,
            "unscaled": unscaled,
            "pack_float": FLOATS["float"],
            "pack_double": FLOATS["double"],
            "UUID_FORM": UUID_FORM,
            "UUID_SHAPE": UUID_SHAPE,
        }
        self._functions: dict[int, str] = {}
        self._uses = uses(kind)
        self._depth = 0

    def returned(self, kind: Schema, value: str) -> None:
        """Return the encoding of the variable `value`."""
        parts = self._fields(kind, value) if isinstance(kind, Record) else self.parts(kind, value, value, NO_LIMITS)
        self.source.call('return b"".join([', parts, "])")

    def parts(self, kind: Schema, value: str, name: str, bounds: Limits) -> list[str]:
        """Write the lines for one value. `value` is its expression, used once; `name` begins its variables."""
        if isinstance(kind, Record | Array | Map | Union):
            if self._depth >= DEEP or self._uses[id(kind)] > 1:
                return [f"{self._function(kind, name, bounds)}({value})"]
            self._depth += 1
            parts = self._nested(kind, value, name, bounds)
            self._depth -= 1
            return parts
        return self._scalar(kind, value, name, bounds)

    def _function(self, kind: Schema, name: str, bounds: Limits) -> str:
        if id(kind) not in self._functions:
            function = self._functions[id(kind)] = self.source.variable(f"encode_{name}")
            depth, self._depth = self._depth, 0
            with self.source.aside(), self.source.block(f"def {function}(value):"):
                if isinstance(kind, Record):
                    self.returned(kind, "value")
                else:
                    self.source.line(f"return {joined(self._nested(kind, 'value', name, bounds))}")
            self._depth = depth
        return self._functions[id(kind)]

    def _nested(self, kind: Schema, value: str, name: str, bounds: Limits) -> list[str]:
        variable = self.source.assigned(value, name)
        if isinstance(kind, Record):
            return self._fields(kind, variable)
        if isinstance(kind, Union):
            return self._union(kind, variable, name, bounds)
        if isinstance(kind, Array):
            self._refuse(f"type({variable}) is not tuple and not isinstance({variable}, list)")
            return self._blocks(variable, variable, [(kind.element, "item")])
        assert isinstance(kind, Map)
        self._refuse(f"not isinstance({variable}, dict)")
        return self._blocks(variable, f"{variable}.items()", [(Primitive("string"), "key"), (kind.element, "item")])

    def _fields(self, record: Record, value: str) -> list[str]:
        parts = []
        for field in record.fields:
            inner = f"{value}[{field.name!r}]" if self.keys else f"{value}.{naming.attribute(field.name)}"
            parts += self.parts(field.type, inner, field.name, limits(field.name, field.props))
        return parts

    def _blocks(self, variable: str, items: str, kinds: list[tuple[Schema, str]]) -> list[str]:
        """An array or map: one block, then the empty one that ends it."""
        output = self.source.variable("output")
        names = [self.source.variable(name) for _, name in kinds]
        self.source.line(f"{output} = [LENGTH[len({variable})]]")
        with self.source.block(f"for {', '.join(names)} in {items}:"):
            parts = []
            for (kind, _), name in zip(kinds, names, strict=True):
                parts += self.parts(kind, name, name.rpartition("_")[0], NO_LIMITS)
            self.source.call(f"{output} += (", parts, ")")
        return [f"*{output}", f'b"\\x00" if {variable} else b""']

    def _union(self, union: Union, value: str, name: str, bounds: Limits) -> list[str]:
        head, tail = self.source.variable(name), self.source.variable(name)
        classes = Counter(python_class(branch, keys=self.keys) for branch in union.branches)
        for index, branch in enumerate(union.branches):
            alone = classes[python_class(branch, keys=self.keys)] == 1
            test = class_test(branch, value, keys=self.keys) if alone else self._fits(branch, value, bounds)
            with self.source.block(f"{'elif' if index else 'if'} {test}:"):
                parts = self.parts(branch, value, name, bounds) if branch.kind != "null" else []
                if len(parts) == 2 and parts[0].startswith("LENGTH["):
                    parts = [f"{_literal(write_long(index))} + {parts[0]}", parts[1]]
                else:
                    parts = [_literal(write_long(index)), joined(parts)]
                self.source.line(f"{head} = {parts[0]}")
                self.source.line(f"{tail} = {parts[1]}")
        with self.source.block("else:" if union.branches else "if True:"):
            self.source.line("raise ValueError")
        return [head, tail]

    def _fits(self, branch: Schema, value: str, bounds: Limits) -> str:
        def fits(candidate: Any) -> bool:
            return problem(branch, candidate, "", bounds, keys=self.keys) is None

        return f"{self.source.constant('fits', fits)}({value})"

    def _scalar(self, kind: Schema, value: str, name: str, bounds: Limits) -> list[str]:
        if isinstance(kind, Enum):
            symbols = {symbol: write_long(index) for index, symbol in enumerate(kind.symbols)}
            return [f"{self.source.constant(name, symbols)}[{value}]"]
        if kind.kind == "string" and bounds.pattern:
            return [f"{self.source.constant(name, Patterned(bounds))}[{value}]"]
        if isinstance(kind, Decimal):
            return self._decimal(kind, self.source.assigned(value, name), bounds)
        if kind.kind == "string":
            variable = self.source.variable(name)
            self.source.line(f"{variable} = {value}.encode()")
            if isinstance(kind, Primitive) and kind.is_uuid:
                self._refuse(f"{variable}.translate(UUID_FORM) != UUID_SHAPE")
                return [_literal(write_long(len(UUID_SHAPE))), variable]
            return [f"LENGTH[len({variable})]", variable]
        variable = self.source.assigned(value, name)
        if kind.kind in RANGES:
            return self._integer(kind.kind, variable, bounds)
        if kind.kind in FLOATS:
            self._refuse(f"type({variable}) is not float and type({variable}) is not int")
            self._beyond(variable, bounds)
            return [f"pack_{kind.kind}({variable})"]
        if kind.kind == "boolean":
            self._refuse(f"type({variable}) is not bool")
            return [f'b"\\x01" if {variable} else b"\\x00"']
        if kind.kind == "null":
            self._refuse(f"{variable} is not None")
            return []
        self._refuse(f"type({variable}) is not bytes")
        if isinstance(kind, Fixed):
            self._refuse(f"len({variable}) != {kind.size}")
            return [variable]
        return [f"LENGTH[len({variable})]", variable]

    def _integer(self, kind: str, variable: str, bounds: Limits) -> list[str]:
        low, high = (max(RANGES[kind][0], bounds.minimum), min(RANGES[kind][1], bounds.maximum))
        wrong = [f"type({variable}) is not int"]
        if (low, high) != RANGES["long"]:  # write_long refuses what is too large for a long
            below = f"{variable} < {low!r}" if high == RANGES["long"][1] else f"not {low!r} <= {variable} <= {high!r}"
            wrong.append(below)
        self._refuse(" or ".join(wrong))
        return [_number(variable, "" if low >= 0 else "0 <= ", int(high))]

    def _decimal(self, kind: Decimal, variable: str, bounds: Limits) -> list[str]:
        self._beyond(variable, bounds)
        number = self.source.variable("unscaled")
        self.source.line(f"{number} = unscaled({variable}, {kind.precision}, {kind.scale})")
        if kind.kind == "fixed":
            return [f'{number}.to_bytes({kind.size}, "big", signed=True)']
        digits = self.source.variable("digits")
        self.source.line(f'{digits} = {number}.to_bytes(({number}.bit_length() + 8) >> 3, "big", signed=True)')
        return [f"LENGTH[len({digits})]", digits]

    def _beyond(self, variable: str, bounds: Limits) -> None:
        """Refuse a number outside a field's own limits."""
        if bounds.minimum > NO_LIMITS.minimum:
            self._refuse(f"not {variable} >= {bounds.minimum!r}")
        if bounds.maximum < NO_LIMITS.maximum:
            self._refuse(f"not {variable} <= {bounds.maximum!r}")

    def _refuse(self, condition: str) -> None:
        with self.source.block(f"if {condition}:"):
            self.source.line("raise ValueError")


def _number(variable: str, above: str, high: int) -> str:
    """The encoding of a number, inlined up to the size of a time in milliseconds, because a call doubles the cost."""
    choices = {
        1 << 13: f"SMALL[{variable}]",
        1 << 27: f"LOW[{variable} & 8191] + HIGH[{variable} >> 13]",
        1 << 41: f"LOW[{variable} & 8191] + MIDDLE[{variable} >> 13 & 16383] + HIGH[{variable} >> 27]",
    }
    inline = "".join(f"{code} if {above}{variable} < {end} else " for end, code in choices.items() if end <= high)
    return f"{inline}write_long({variable})"


def _literal(value: bytes) -> str:
    return 'b"' + "".join(f"\\x{byte:02x}" for byte in value) + '"'


def joined(parts: list[str]) -> str:
    """The expression of all parts, one after another."""
    if len(parts) < 2:
        return "".join(parts) or 'b""'
    if len(parts) == 2 and not any("*" in part for part in parts):
        return f"({parts[0]}) + ({parts[1]})"
    return f'b"".join([{", ".join(parts)}])'

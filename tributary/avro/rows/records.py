"""How the decoder builds records and enums: as instances of classes in a module, or as dictionaries and strings."""

from __future__ import annotations

import decimal
import enum
import re
import sys
from typing import Any

import attrs

from tributary.avro import naming
from tributary.avro.defaults import fits_primitive
from tributary.avro.schema import Array, Decimal, Enum, Fixed, Map, Primitive, Record, Schema, Union


class Classes:
    """The classes for the records and enums of a reader schema: `cls` itself, and those of its module by name."""

    def __init__(self, cls: type[Any] | None) -> None:
        self._cls = cls
        self._module = vars(sys.modules[cls.__module__]) if cls is not None else {}

    def of(self, kind: Record | Enum, *, outermost: bool = False) -> type[Any] | None:
        """The class for a type; None if the module has none."""
        if outermost:
            return self._cls
        found = self._module.get(naming.class_(kind.short_name))
        if isinstance(kind, Enum):
            return found if isinstance(found, type) and issubclass(found, enum.StrEnum) else None
        return found if isinstance(found, type) and attrs.has(found) else None

    @property
    def sequence(self) -> type[tuple[Any, ...]] | type[list[Any]]:
        """The type of an array: a tuple with classes, which are frozen, else a list."""
        return list if self._cls is None else tuple

    def symbol(self, kind: Enum, symbol: str) -> str:
        """The value for a symbol. Raises ValueError if the enum has it and its class does not."""
        cls = self.of(kind)
        return symbol if cls is None else cls(symbol)

    def symbols(self, writer: Enum, reader: Enum) -> Symbols:
        """The reader's values for the writer's symbols that it has or has a default for."""
        symbols = Symbols(writer)
        for index, symbol in enumerate(writer.symbols):
            known = symbol if symbol in reader.symbols else reader.default
            if known is not None:
                symbols[index << 1] = self.symbol(reader, known)
        return symbols

    def default(self, kind: Schema, value: Any) -> Any:
        """The value of a default in the schema's JSON; bytes are strings of one character per byte.

        Raises ValueError if it is not of that type.
        """
        try:
            return self._default(kind, value)
        except (RecursionError, OverflowError) as error:  # a record that is its own default, a number beyond a double
            raise ValueError(f"the default {value!r:.80} is not a {kind}") from error

    def _default(self, kind: Schema, value: Any) -> Any:
        match kind:
            case Union():
                return self._first(kind, value)
            case Record() if isinstance(value, dict):
                return self._record(kind, value)
            case Array() if isinstance(value, list):
                return self.sequence(self._default(kind.element, item) for item in value)
            case Map() if isinstance(value, dict):
                return {key: self._default(kind.element, item) for key, item in value.items()}
            case Enum() if value in kind.symbols:
                return self.symbol(kind, value)
            case Decimal() if isinstance(value, str):
                return scaled(value.encode("iso-8859-1"), kind.scale)
            case Fixed() if isinstance(value, str) and len(value) == kind.size:
                return value.encode("iso-8859-1")
            case Primitive() if _is(kind.kind, value):
                if kind.kind == "bytes":
                    return value.encode("iso-8859-1")
                return float(value) if kind.kind in ("float", "double") else value
        raise ValueError(f"the default {value!r:.80} is not a {kind}")

    def _first(self, union: Union, value: Any) -> Any:
        for branch in union.branches:
            try:
                return self._default(branch, value)
            except ValueError:
                continue
        raise ValueError(f"the default {value!r:.80} is not a {union}")

    def _record(self, record: Record, value: dict[str, Any]) -> Any:
        values = {}
        for field in record.fields:
            if field.name not in value and not field.has_default:
                raise ValueError(f"the default of {record} has no {field.name}")
            values[field.name] = self._default(field.type, value.get(field.name, field.default))
        cls = self.of(record)
        return values if cls is None else cls(**{naming.attribute(name): item for name, item in values.items()})


class Symbols(dict[int, Any]):
    """From the zigzag form of a writer's symbol to the reader's value."""

    def __init__(self, writer: Enum) -> None:
        self._writer = writer

    def __missing__(self, n: int) -> Any:
        if n & 1 or n >> 1 >= len(self._writer.symbols):
            raise ValueError(f"{self._writer} has no symbol with the number {n >> 1 ^ -(n & 1)}")
        raise ValueError(f"the reader knows no symbol {self._writer.symbols[n >> 1]}, and its enum has no default")


def scaled(unscaled: bytes, scale: int) -> decimal.Decimal:
    """A decimal from its stored bytes. Raises ValueError for more digits than Python turns into text (4,300)."""
    return decimal.Decimal(f"{int.from_bytes(unscaled, 'big', signed=True)}e-{scale}")


def twin(cls: type[Any], names: list[str]) -> type[Any] | None:
    """A mutable class with the same memory layout as a frozen one, whose instances can become instances of `cls`.

    Filling such an instance and then setting its `__class__` takes a third of the time of a frozen class's `__init__`.
    None if that would skip something: another layout or other fields, a converter, a validator, a hook or an `__init__`
    of its own.
    """
    fields = attrs.fields_dict(cls) if attrs.has(cls) else {}
    plain = all(field.converter is None and field.validator is None for field in fields.values())
    own = any(hasattr(cls, hook) for hook in ("__attrs_init__", "__attrs_post_init__", "__attrs_pre_init__"))
    if not plain or own or set(fields) != set(names):
        return None
    blank = type(cls.__name__, (), {"__slots__": tuple(fields)})
    try:
        blank().__class__ = cls
    except TypeError:
        return None
    return blank


_SURROGATE = re.compile("[\ud800-\udfff]")
"""An unpaired surrogate, which JSON can express and UTF-8 cannot."""


def _is(kind: str, value: Any) -> bool:
    return fits_primitive(kind, value) and (kind != "string" or value.isascii() or not _SURROGATE.search(value))

"""Write the lines that read a value of a writer's type as a reader's type, for `decoder.py`.

In the generated code `data` is the payload, `at` the position of the next byte and `n` the last number read, in its
zigzag form. A slice beyond the end is short, not an error: because `at` only grows, the next read or the check at the
end detects it.
"""

from __future__ import annotations

import copy
import struct
from collections.abc import Callable
from typing import Any

import attrs

from tributary.avro import naming, varint
from tributary.avro.resolution import reader_fields, resolve
from tributary.avro.rows.bounds import refuse_outside
from tributary.avro.rows.records import Classes, scaled, twin
from tributary.avro.rows.snippets import SIZES, blocks, length, number, primitive, text_or_bytes
from tributary.avro.rows.source import DEEP, Source
from tributary.avro.schema import Array, Enum, Field, Map, Primitive, Record, Schema, Union
from tributary.avro.structure import uses

_TEXT = Primitive("string")


class UnresolvedError(ValueError):
    """The reader cannot read what the writer wrote; the message starts with the place in the schema."""


class Reader:
    """Writes the lines for each type; every method that reads returns an expression for the value, to be used once."""

    def __init__(
        self,
        source: Source,
        cls: type[Any] | None,
        writer: Schema,
        reader: Schema,
        *,
        tagged: bool,
        bounded: bool,
    ) -> None:
        self.source = source
        self._tagged = tagged
        self._bounded = bounded
        self._classes = Classes(cls)
        self._outermost = reader
        self._functions: dict[tuple[int, int], str] = {}
        self._unresolved: dict[tuple[int, int], str] = {}
        self._depth = 0
        self._uses = uses(writer)
        for name in (
            "SIGNED",
            "read_unsigned",
            "read_long",
            "read_int",
            "read_length",
            "read_count",
            "read_empty_count",
        ):
            source.scope[name] = getattr(varint, name)
        source.scope |= {
            "unpack_float": struct.Struct("<f").unpack_from,
            "unpack_double": struct.Struct("<d").unpack_from,
            "scaled": scaled,
            "deepcopy": copy.deepcopy,
        }

    def value(self, writer: Schema, reader: Schema, name: str) -> str:
        """Read a value. `name` begins its variables. Raises UnresolvedError."""
        target = reader
        if not isinstance(writer, Union):
            found = resolve(writer, reader)
            if found is None:
                raise UnresolvedError(f"{self.source.place}: the writer's {writer} cannot be read as {reader}")
            target = found
        if self._apart(writer):
            value = self.source.variable(name)
            self.source.line(f"{value}, at = {self._function(writer, target, name)}(data, at)")
            return value
        self._depth += 1
        value = self._inline(writer, target, name)
        self._depth -= 1
        return value

    def _apart(self, writer: Schema) -> bool:
        """Whether a type is read by a function of its own, because it is nested deep or recursive."""
        deep = self._depth >= DEEP and isinstance(writer, Record | Array | Map | Union)
        return deep or self._uses[id(writer)] > 1

    def _function(self, writer: Schema, reader: Schema | None, name: str) -> str:
        key = id(writer), id(reader)
        if key in self._functions:
            return self._functions[key]
        if key in self._unresolved:
            raise UnresolvedError(self.source.place + self._unresolved[key])
        before, depth = self._functions.copy(), self._depth
        function = self._functions[key] = self.source.variable(f"{'skip' if reader is None else 'read'}_{name}")
        self._depth = 0
        try:
            with self.source.aside(), self.source.block(f"def {function}(data, at):"):
                if reader is None:
                    self._skip_inline(writer, name)
                    self.source.line("return at")
                else:
                    value = self._inline(writer, reader, name)
                    self.source.line(f"return {value}, at")
        except UnresolvedError as error:
            self._functions = before  # lines written since may call the function that is dropped now
            self._unresolved[key] = str(error)
            raise UnresolvedError(f"{self.source.place}{error}") from None
        finally:
            self._depth = depth
        return function

    def _inline(self, writer: Schema, reader: Schema, name: str) -> str:
        match writer, reader:
            case Union(), _:
                return self._union(writer, reader, name)
            case Array(), Array():
                return self._array(writer, reader, name)
            case Map(), Map():
                return self._map(writer, reader, name)
            case Record(), Record():
                return self._record(writer, reader)
            case Enum(), Enum():
                number(self.source)
                return f"{self._symbols(writer, reader)}[n]"
            case Schema(kind="bytes" | "string" | "fixed"), _:
                return text_or_bytes(self.source, writer, reader, name)
            case _:
                return primitive(self.source, writer.kind, reader.kind, name)

    def _union(self, writer: Union, reader: Schema, name: str) -> str:
        value = self.source.variable(name)

        def write(kind: Schema) -> None:
            item = self.value(kind, reader, name)
            self.source.line(
                f"{value} = ({writer.branches.index(kind)}, {item})" if self._tagged else f"{value} = {item}"
            )

        self._branches(writer, write)
        return value

    def _array(self, writer: Array, reader: Array, name: str) -> str:
        items = self.source.variable(name)
        self.source.line(f"{items} = []")
        with blocks(self.source, writer.element, f"len({items})"), self.source.within("[]"):
            self.source.line(f"{items}.append({self.value(writer.element, reader.element, 'item')})")
        return items if self._classes.sequence is list else f"tuple({items})"

    def _map(self, writer: Map, reader: Map, name: str) -> str:
        items = self.source.variable(name)
        self.source.line(f"{items} = {{}}")
        with blocks(self.source, None), self.source.within("{}"):
            key = text_or_bytes(self.source, _TEXT, _TEXT, "key")
            self.source.line(f"{items}[{key}] = {self.value(writer.element, reader.element, 'item')}")
        return items

    def _record(self, writer: Record, reader: Record) -> str:
        values: dict[str, str] = {}
        targets = reader_fields(writer, reader)
        for field in writer.fields:
            with self.source.within(f".{field.name}"):
                if not targets[field.name]:
                    self._skip(field.type, field.name)
                    continue
                start = self.source.variable("start")
                if len(targets[field.name]) > 1:  # an alias and a field of that name: read the same bytes for each
                    self.source.line(f"{start} = at")
                for count, target in enumerate(targets[field.name]):
                    if count:
                        self.source.line(f"at = {start}")
                    value = self.value(field.type, target.type, target.name)
                    values[target.name] = self.source.assigned(value, target.name)
                    if self._bounded:
                        refuse_outside(self.source, target, values[target.name])
        for target in reader.fields:
            if target.name not in values:
                values[target.name] = self._default(target)
        return self._built(reader, {target.name: values[target.name] for target in reader.fields})

    def _default(self, field: Field) -> str:
        with self.source.within(f".{field.name}"):
            if not field.has_default:
                raise UnresolvedError(f"{self.source.place}: the writer has no such field, and it has no default")
            try:
                value = self._classes.default(field.type, field.default)
                constant = self.source.constant(field.name, value)
                hash(value)
            except TypeError:
                return f"deepcopy({constant})"
            except ValueError as error:
                raise UnresolvedError(f"{self.source.place}: {error}") from None
        return constant

    def _built(self, record: Record, values: dict[str, str]) -> str:
        cls = self._classes.of(record, outermost=record is self._outermost)
        if cls is None:
            return f"{{{', '.join(f'{name!r}: {value}' for name, value in values.items())}}}"
        values = {naming.attribute(name): value for name, value in values.items()}
        for name in values:
            if attrs.has(cls) and name not in attrs.fields_dict(cls):
                raise TypeError(f"{cls.__name__} has no attribute {name}, which the schema's {record} has")
        constant = self.source.constant(record.short_name, cls)
        blank = twin(cls, [*values])
        if blank is None:
            return f"{constant}({', '.join(f'{name}={value}' for name, value in values.items())})"
        event = self.source.variable("event")
        self.source.line(f"{event} = {self.source.constant('blank', blank)}()")
        for name, value in values.items():
            self.source.line(f"{event}.{name} = {value}")
        self.source.line(f"{event}.__class__ = {constant}")
        return event

    def _symbols(self, writer: Enum, reader: Enum) -> str:
        return self.source.constant(reader.short_name, self._classes.symbols(writer, reader))

    def _branches(self, union: Union, write: Callable[[Schema], None]) -> None:
        """The number of a branch, then the lines of `write` for each branch."""
        number(self.source)
        for index, kind in enumerate(union.branches):
            with self.source.block(f"{'elif' if index else 'if'} n == {index << 1}:"):
                mark = self.source.mark
                try:
                    write(kind)
                except UnresolvedError as error:  # only data with this branch cannot be read
                    self.source.rewind(mark)
                    self.source.line(f"raise ValueError({str(error).rpartition(': ')[2]!r})")
                if self.source.mark == mark:
                    self.source.line("pass")
        with self.source.block("else:" if union.branches else "if True:"):
            self.source.line('raise ValueError(f"no branch of the union has the number {n >> 1}")')

    def _skip(self, writer: Schema, name: str) -> None:
        """Skip a value that the reader does not have."""
        if self._apart(writer):
            self.source.line(f"at = {self._function(writer, None, name)}(data, at)")
            return
        self._depth += 1
        self._skip_inline(writer, name)
        self._depth -= 1

    def _skip_inline(self, writer: Schema, name: str) -> None:
        match writer:
            case Union():
                self._branches(writer, lambda kind: self._skip(kind, name))
            case Array():
                with blocks(self.source, writer.element, "0"), self.source.within("[]"):
                    self._skip(writer.element, "item")
            case Map():
                with blocks(self.source, None), self.source.within("{}"):
                    self._skip(_TEXT, "key")
                    self._skip(writer.element, "item")
            case Record():
                for field in writer.fields:
                    with self.source.within(f".{field.name}"):
                        self._skip(field.type, field.name)
            case Enum():
                number(self.source)
                # No class: the one of that name, if there is one, is another enum's.
                self.source.line(f"{self.source.constant(name, Classes(None).symbols(writer, writer))}[n]")
            case Schema(kind="fixed"):
                self.source.line(f"at += {writer.size}")
            case Primitive(kind="int" | "long"):
                number(self.source)
            case Primitive(kind="null" | "boolean" | "float" | "double" as kind):
                self.source.line(f"at += {SIZES[kind]}")
            case _:
                length(self.source)
                self.source.line("at += 1 + (n >> 1)")

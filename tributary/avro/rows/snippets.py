"""Lines that recur in generated decoders; `decoder_source.py` describes their variables."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tributary.avro.rows.source import Source
from tributary.avro.schema import Decimal, Schema
from tributary.avro.structure import takes_no_bytes

SIZES = {"null": 0, "boolean": 1, "float": 4, "double": 8}
"""The bytes of the primitive types with a fixed size."""


def number(source: Source) -> None:
    """Read the index of a branch or symbol, which valid data has as 0 or more; `n` is its zigzag form."""
    source.line("n = data[at]")
    with source.block("if n < 128:"):
        source.line("at += 1")
    with source.block("else:"):
        source.line("n, at = read_unsigned(data, at)")


def length(source: Source) -> None:
    """Read a length; `n` is twice that, and `at` is left at its last byte, which saves an addition."""
    source.line("n = data[at]")
    with source.block("if n & 129:"):
        source.line("n, at = read_length(data, at)")


@contextmanager
def blocks(source: Source, items: Schema | None, count: str = "") -> Iterator[None]:
    """The loops over the items of an array, or of a map, which has no `items`; `count` is the number of items so far.

    The lines added inside read one item.
    """
    with source.block("while True:"):
        if items is not None and takes_no_bytes(items):
            source.line(f"n, at = read_empty_count(data, at, {count})")
        else:
            source.line("n = data[at]")
            with source.block("if n & 129:"):
                source.line("n, at = read_count(data, at)")
            with source.block("else:"):
                source.line("at += 1")
        with source.block("if n == 0:"):
            source.line("break")
        with source.block("for _ in range(n >> 1):"):
            mark = source.mark
            yield
            if source.mark == mark:
                source.line("pass")


def primitive(source: Source, writer: str, reader: str, name: str) -> str:
    """Read a value of a primitive type other than string and bytes; returns its expression."""
    line = source.line
    if writer == "null":
        return "None"
    if writer in ("int", "long"):
        value = source.variable(name)
        line("n = data[at]")
        with source.block("if n < 128:"):
            line(f"{value} = SIGNED[n]")
            line("at += 1")
        if writer == "long":  # two and three bytes inlined: most prices have them, and a call doubles the cost
            with source.block("elif (second := data[at + 1]) < 128:"):
                line("n += (second << 7) - 128")
                line(f"{value} = ~(n >> 1) if n & 1 else n >> 1")
                line("at += 2")
            with source.block("elif (third := data[at + 2]) < 128:"):
                line("n += (second << 7) + (third << 14) - 16512")
                line(f"{value} = ~(n >> 1) if n & 1 else n >> 1")
                line("at += 3")
        with source.block("else:"):
            line(f"{value}, at = read_{writer}(data, at)")
        return f"float({value})" if reader in ("float", "double") else value
    value = source.variable(name)
    if writer == "boolean":
        line("n = data[at]")
        with source.block("if n > 1:"):
            line('raise ValueError("a boolean is neither 0 nor 1")')
        line(f"{value} = n == 1")
    else:
        line(f"{value} = unpack_{writer}(data, at)[0]")
    line(f"at += {SIZES[writer]}")
    return value


def text_or_bytes(source: Source, writer: Schema, reader: Schema, name: str) -> str:
    """Read a string, bytes or a fixed type, also as a decimal; returns the expression for the value."""
    value = source.variable(name)
    text = ".decode()" if reader.kind == "string" else ""
    if writer.kind == "string" and not text:
        text = ".decode().encode()"  # a string is UTF-8, also if it is read as bytes
    if writer.kind == "fixed":
        source.line(f"{value} = data[at : (at := at + {writer.size})]{text}")
    else:
        length(source)
        source.line(f"{value} = data[at + 1 : (at := at + 1 + (n >> 1))]{text}")
    if not isinstance(reader, Decimal):
        return value
    # A number keeps its value if the reader has another scale: the writer's scale applies.
    return f"scaled({value}, {writer.scale if isinstance(writer, Decimal) else reader.scale})"

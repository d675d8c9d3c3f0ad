"""The lines that recur in generated decoders: see `decoder_source.py` for the variables that they use."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tributary.avro.rows.source import Source
from tributary.avro.schema import Schema
from tributary.avro.structure import takes_no_bytes


def number(source: Source) -> None:
    """Read a number that is not negative in sound data, of a branch or a symbol; `n` is its zigzag form."""
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
    """The loops over the items of an array, or of a map, which has no `items`; `count`: how many there are yet.

    What is added within reads one item.
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

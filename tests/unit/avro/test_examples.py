"""The examples in the docstrings of the Avro rooms run, and the rooms load no more than is used."""

from __future__ import annotations

import doctest
import importlib
import subprocess
import sys

import pytest

from tributary import avro


@pytest.mark.parametrize("room", ["tributary.avro", "tributary.avro.rows", "tributary.avro.columns"])
def test_the_example_of_a_room_runs(room: str) -> None:
    result = doctest.testmod(importlib.import_module(room), optionflags=doctest.IGNORE_EXCEPTION_DETAIL)
    assert result.attempted
    assert not result.failed


def test_every_public_name_is_defined() -> None:
    assert all(getattr(avro, name) for name in avro.__all__)
    with pytest.raises(AttributeError, match=r"module 'tributary\.avro' has no attribute 'recode'"):
        avro.recode  # noqa: B018


@pytest.mark.parametrize("name", ["varint", "wire", "parser", "rows"])
def test_a_module_loads_neither_numpy_nor_fastavro(name: str) -> None:
    code = f"import sys, tributary.avro.{name}; assert not {{'numpy', 'fastavro'}} & {{*sys.modules}}"
    subprocess.run([sys.executable, "-c", code], check=True)

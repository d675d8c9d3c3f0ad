"""Fuzz one target in this process until the time is over or there is a finding. Needs atheris; see `__main__.py`."""

from __future__ import annotations

import builtins
import importlib
import sys
from pathlib import Path
from typing import Any

import atheris


def main(target: str, case: str, *options: str) -> None:
    """Run libFuzzer with these options. Never returns: libFuzzer exits the process, with 0 if nothing was found.

    A finding is written to the file `case`.
    """
    with atheris.instrument_imports(include=["schemas", "registry", "serving"]):
        module = importlib.import_module(f"tests.fuzz.{target}")
    if getattr(module, "GENERATED", False):
        _instrument_generated()

    def check(data: bytes) -> None:
        try:
            module.check(data)
        except BaseException:
            # Here, because another process may draw different pairs of schemas for the same input.
            Path(case).write_text(module.case(data), encoding="utf-8")
            raise

    atheris.Setup([target, *options], check)
    atheris.Fuzz()


def _instrument_generated() -> None:
    """Also instrument generated decoders: they are compiled, not imported."""
    from tributary.avro.rows import source

    def compile_counted(*arguments: Any) -> Any:
        return atheris.patch_code(builtins.compile(*arguments), True, False)

    vars(source)["compile"] = compile_counted


if __name__ == "__main__":
    main(*sys.argv[1:])

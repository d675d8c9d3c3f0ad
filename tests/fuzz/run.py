"""Fuzz one target, in this process, until the time is over or something is found. Needs atheris; see `__main__.py`."""

from __future__ import annotations

import builtins
import importlib
import sys
from typing import Any

import atheris


def main(target: str, *options: str) -> None:
    """Run libFuzzer with these options. Never returns: libFuzzer exits the process, with 0 where nothing was found."""
    with atheris.instrument_imports(include=["schemas", "registry", "serving"]):
        module = importlib.import_module(f"tests.fuzz.{target}")
    if getattr(module, "GENERATED", False):
        _instrument_generated()
    atheris.Setup([target, *options], module.check)
    atheris.Fuzz()


def _instrument_generated() -> None:
    """Count the lines of generated decoders too: they are compiled, not imported."""
    from schemas import source

    def compile_counted(*arguments: Any) -> Any:
        return atheris.patch_code(builtins.compile(*arguments), True, False)

    vars(source)["compile"] = compile_counted


if __name__ == "__main__":
    main(*sys.argv[1:])

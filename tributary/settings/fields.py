"""Fields of the settings: how a text becomes a value, and which values are taken."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any, Protocol

import attrs


class _HasFolder(Protocol):
    @property
    def folder(self) -> Path: ...


Check = Callable[[Any, "attrs.Attribute[Any]", Any], None]
"""A validator of attrs'. Raises ValueError, which says what was expected."""


def setting(name: str, default: Any, convert: Callable[[str], Any] | None = None, **more: Any) -> Any:
    """A field that the environment or `.env` sets under this name."""
    return attrs.field(default=default, converter=convert, metadata={"name": name}, **more)


# ---- conversions -------------------------------------------------------------------------------


def whole(text: str) -> int:
    """A whole number."""
    try:
        return int(text)
    except ValueError:
        raise ValueError("expected a whole number") from None


def number(text: str) -> float:
    """A number."""
    try:
        return float(text)
    except ValueError:
        raise ValueError("expected a number") from None


def day(text: str | date) -> date:
    """A day."""
    try:
        return date.fromisoformat(str(text))
    except ValueError:
        raise ValueError("expected a day as 2000-01-01") from None


def _path(value: str | Path, settings: _HasFolder) -> Path:
    return settings.folder / value


def _optional_path(value: str | Path | None, settings: _HasFolder) -> Path | None:
    return settings.folder / value if value else None


path: Any = attrs.Converter(_path, takes_self=True)  # type: ignore[call-overload]
"""A path; a relative one starts at the settings' folder."""
optional_path: Any = attrs.Converter(_optional_path, takes_self=True)  # type: ignore[call-overload]


# ---- checks ------------------------------------------------------------------------------------


def positive(_: Any, __: attrs.Attribute[Any], value: float) -> None:
    """More than 0."""
    if not value > 0:
        raise ValueError("expected a number above 0")


def not_negative(_: Any, __: attrs.Attribute[Any], value: float) -> None:
    """0 or more."""
    if not value >= 0:
        raise ValueError("expected a number from 0")


def port(_: Any, __: attrs.Attribute[Any], value: int) -> None:
    """A TCP port."""
    if value not in range(65536):
        raise ValueError("expected a port, 0 to 65535")


def one_of(*choices: str) -> Check:
    """One of these; empty only if that is one."""

    def check(_: Any, __: attrs.Attribute[Any], value: str) -> None:
        if value not in choices:
            shown = [choice for choice in choices if choice]
            raise ValueError(f"expected {', '.join(shown[:-1])} or {shown[-1]}")

    return check

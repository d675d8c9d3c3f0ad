"""Compatibility levels and modes: the subject's, else its context's, else the global one, else the default."""

from __future__ import annotations

from typing import Any

from tributary.registry.server.errors import not_permitted
from tributary.registry.server.state import names
from tributary.registry.server.state.state import State

DEFAULT_LEVEL = "BACKWARD"
MODES = ("READWRITE", "READONLY", "READONLY_OVERRIDE", "IMPORT", "FORWARD")
IMPORTING = ("IMPORT", "FORWARD")
EVERYONE = ""
"""The key of the global settings."""


def config(state: State, subject: str) -> dict[str, Any]:
    """The configuration that applies to a subject; it always has a level."""
    levels = (state.configs[key] for key in _keys(subject) if key in state.configs)
    found = next(levels, {})
    if "compatibilityLevel" in found:
        return found
    outer = next((outer["compatibilityLevel"] for outer in levels if "compatibilityLevel" in outer), DEFAULT_LEVEL)
    return found | {"compatibilityLevel": outer}


def mode(state: State, subject: str) -> str:
    """The mode that applies to a subject. A global READONLY_OVERRIDE has precedence."""
    if state.modes.get(EVERYONE) == "READONLY_OVERRIDE":
        return "READONLY_OVERRIDE"
    return next((state.modes[key] for key in _keys(subject) if key in state.modes), "READWRITE")


def check_writable(state: State, subject: str) -> None:
    """Raise ApiError 42205 if the subject is read-only."""
    if mode(state, subject).startswith("READONLY"):
        raise not_permitted(f"{_place(subject)} is in read-only mode")


def check_registrable(state: State, subject: str, schema_id: int) -> None:
    """Raise ApiError 42205 unless the mode allows the registration; with a client's id only IMPORT does."""
    check_writable(state, subject)
    found = mode(state, subject)
    if schema_id >= 0 and found not in IMPORTING:
        raise not_permitted(f"{_place(subject)} is not in import mode")
    if schema_id < 0 and found != "READWRITE":
        raise not_permitted(f"{_place(subject)} is not in read-write mode")


def _place(subject: str) -> str:
    return f"Subject {subject} in context {names.context_of(subject)}"


def _keys(subject: str) -> list[str]:
    """The scopes that may hold a subject's settings, the nearest first."""
    context = names.context_of(subject)
    outer = EVERYONE if context == names.DEFAULT_CONTEXT else f":{context}:"
    return [subject, outer, names.GLOBAL_CONTEXT]

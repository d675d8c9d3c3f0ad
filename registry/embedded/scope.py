"""Levels and modes: a subject's own, else its context's, else everyone's, else the default."""

from __future__ import annotations

from typing import Any

from registry.embedded import names
from registry.embedded.errors import not_permitted
from registry.embedded.store import Store

DEFAULT_LEVEL = "BACKWARD"
MODES = ("READWRITE", "READONLY", "READONLY_OVERRIDE", "IMPORT", "FORWARD")
IMPORTING = ("IMPORT", "FORWARD")
EVERYONE = ""
"""The key of the settings that hold where a subject has none of its own."""


def config(store: Store, subject: str) -> dict[str, Any]:
    """The configuration that applies to a subject; it always has a level."""
    levels = (store.configs[key] for key in _keys(subject) if key in store.configs)
    found = next(levels, {})
    if "compatibilityLevel" in found:
        return found
    outer = next((outer["compatibilityLevel"] for outer in levels if "compatibilityLevel" in outer), DEFAULT_LEVEL)
    return found | {"compatibilityLevel": outer}


def mode(store: Store, subject: str) -> str:
    """The mode that applies to a subject. Everyone's READONLY_OVERRIDE goes before all."""
    if store.modes.get(EVERYONE) == "READONLY_OVERRIDE":
        return "READONLY_OVERRIDE"
    return next((store.modes[key] for key in _keys(subject) if key in store.modes), "READWRITE")


def check_writable(store: Store, subject: str) -> None:
    """Raises ApiError 42205 if the subject is read-only."""
    if mode(store, subject).startswith("READONLY"):
        raise not_permitted(f"{_place(subject)} is in read-only mode")


def check_registrable(store: Store, subject: str, schema_id: int) -> None:
    """Raises ApiError 42205 unless the mode lets a schema in: with an id of the client's in IMPORT only."""
    check_writable(store, subject)
    found = mode(store, subject)
    if schema_id >= 0 and found not in IMPORTING:
        raise not_permitted(f"{_place(subject)} is not in import mode")
    if schema_id < 0 and found != "READWRITE":
        raise not_permitted(f"{_place(subject)} is not in read-write mode")


def _place(subject: str) -> str:
    return f"Subject {subject} in context {names.context_of(subject)}"


def _keys(subject: str) -> list[str]:
    """Where the settings of a subject may stand, the nearest first."""
    context = names.context_of(subject)
    outer = EVERYONE if context == names.DEFAULT_CONTEXT else f":{context}:"
    return [subject, outer, names.GLOBAL_CONTEXT]

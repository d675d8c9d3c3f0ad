"""What `pull` took in, in each format."""

from __future__ import annotations

from typing import Any

from tributary import printable
from tributary.registry.apply.pull import Pulled
from tributary.registry.render import unknowns
from tributary.registry.render.text import shown


def text(result: Pulled) -> str:
    """What was taken in, what the contracts make of it, and whether the lock changed."""
    rows = [row for one in result.taken for row in unknowns.lines(one, "taken in")]
    return printable.lines([*rows, *_next(result), _outcome(result)])


def document(result: Pulled) -> dict[str, Any]:
    """What was `taken` in, and the lock's `path` and whether it was `updated`."""
    return {
        "taken": unknowns.documents(result.taken),
        "lock": {"path": shown(result.lock_path), "updated": result.lock_changed},
    }


def markdown(result: Pulled) -> str:
    """A list for each subject, and whether the lock changed."""
    sections = [unknowns.section(one, "✅", "taken in") for one in result.taken]
    return "\n\n".join([*sections, *_next(result), f"**{_outcome(result)}**"])


def _next(result: Pulled) -> list[str]:
    if any(one.undone for one in result.taken):
        return ["Add to the contract what it lacks, then: make generate, make check-schemas"]
    return []


def _outcome(result: Pulled) -> str:
    return f"{shown(result.lock_path)} {'updated' if result.lock_changed else 'is up to date'}"

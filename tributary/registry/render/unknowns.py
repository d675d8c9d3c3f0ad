"""Versions that the registry has and the lock does not, in each format."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from tributary import printable
from tributary.registry.apply.unknown import TAKE_IN, Asked, Unknown
from tributary.registry.render.markup import code, line
from tributary.registry.render.words import attributes


def text(found: Sequence[Unknown]) -> str:
    """Each subject with what the lock does not have, and what to do."""
    return printable.lines(
        [*(row for one in found for row in lines(one, "the registry has, but not the lock:")), TAKE_IN]
    )


def lines(one: Unknown, heading: str) -> Iterator[str]:
    """One subject's, under a heading."""
    yield f"{one.subject}: {heading}"
    yield from (f"    {words}" for words in one.found)
    if one.undone:
        yield "  the contract would change:"
        yield from (f"    {words}" for words in one.undone)


def documents(found: Iterable[Unknown]) -> list[dict[str, Any]]:
    """`subject`, what was `found`, and what the contract would have `undone`."""
    return [attributes(one, "subject", "found", "undone") for one in found]


def markdown(found: Sequence[Unknown]) -> str:
    """A list for each subject."""
    return "\n\n".join([*(section(one, "❌", "the registry has, but not the lock") for one in found), TAKE_IN])


def section(one: Unknown, mark: str, heading: str) -> str:
    """One subject's as Markdown, under a heading."""
    rows = [f"- {line(words)}" for words in one.found]
    if one.undone:
        rows += ["", "The contract would change:", "", *(f"- {line(words)}" for words in one.undone)]
    return "\n".join([f"{mark} {code(one.subject)}: {heading}", "", *rows])


def asked(found: Asked) -> str:
    """Whether the registry was asked, in a line."""
    if found.refusal:
        return f"registry {found.registry}: not asked, compared with the lock only: {found.refusal}"
    known = (
        "has versions, levels or modes that the lock does not have"
        if found.unknown
        else "has nothing that the lock does not have"
    )
    return f"registry {found.registry}: asked, {known}"

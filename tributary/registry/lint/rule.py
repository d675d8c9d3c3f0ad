"""What a rule of lint is, and how it is registered.

A rule is a function of a module in `rules/`, with the decorator `rule`; its docstring is what `lint --explain` prints.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import attrs

from tributary.avro.schema import Schema
from tributary.catalog import Topic
from tributary.project import RuleSeverity
from tributary.registry.contract import walk


@attrs.frozen
class Contract:
    """One contract as the rules see it."""

    topic: Topic
    schema: dict[str, Any]
    """The contract as JSON, for texts and places."""
    parsed: Schema
    lines: dict[str, int]

    def nodes(self) -> list[walk.Node]:
        """Every definition and field."""
        return list(walk.walk(self.schema))

    def fields(self) -> list[walk.Field]:
        """Every field, nested ones included."""
        return walk.fields(self.schema)


@attrs.frozen
class Contracts:
    """All contracts that parse, as a rule sees them."""

    each: tuple[Contract, ...]
    envelope: tuple[str, ...]
    """The fields that every event has."""
    co_partitioned: tuple[tuple[str, ...], ...] = ()
    """Groups of topics, by their names in the catalogue."""

    def __iter__(self) -> Iterator[Contract]:
        return iter(self.each)


@attrs.frozen
class Problem:
    """What a rule yields; `lint` turns it into a Finding."""

    contract: Contract
    at: walk.Node | None
    message: str
    fix: str = ""


Rule = Callable[..., Iterator[Problem]]
"""Takes the contracts, and its options as keywords."""


@attrs.frozen
class Registration:
    """A rule, its id, its severity and its options."""

    id: str
    basic: bool
    """Whether `apply` requires it where it is on; the others are only for `lint`, before a merge."""
    run: Rule
    severity: RuleSeverity | None = "error"
    """Of its findings; None where the rule is off. A project can set it."""
    options: Mapping[str, Sequence[str]] = attrs.field(factory=dict)
    """What a project can set, with the default."""

    @property
    def reason(self) -> str:
        """The reason for the rule, as text."""
        return inspect.getdoc(self.run) or ""


REGISTERED: dict[str, Registration] = {}
"""By id; `rules/` has all of them."""


def rule(
    name: str, *, basic: bool = False, severity: RuleSeverity | None = "error", **options: Sequence[str]
) -> Callable[[Rule], Rule]:
    """Register a rule under an id, with the defaults of its severity and options.

    A rule is on by default only if its findings are damage in every project; conventions are off (`severity=None`).
    """

    def register(run: Rule) -> Rule:
        REGISTERED[name] = Registration(name, basic, run, severity, options)
        return run

    return register

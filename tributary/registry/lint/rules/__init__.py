"""The lint rules, by theme: `basics` are those that `apply` insists on too.

A rule's docstring is what `lint --explain RULE` prints.
"""

from tributary.registry.lint.rule import REGISTERED
from tributary.registry.lint.rules import basics, shapes, values

__all__ = ["RULES", "basics", "shapes", "values"]

RULES = dict(sorted(REGISTERED.items(), key=lambda item: not item[1].basic))
"""All rules by id, the basic ones first."""

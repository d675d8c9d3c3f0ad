"""The lint rules, by theme: `basics` are those that `apply` insists on too.

A rule's docstring is what `lint --explain RULE` prints.
"""

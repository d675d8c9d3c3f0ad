"""What goes wrong with the local stack, in words for the person who typed `make up`."""

from __future__ import annotations


class StackError(Exception):
    """The stack cannot do what was asked; the message says what happened and what to do about it."""

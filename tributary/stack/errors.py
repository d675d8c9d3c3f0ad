"""The error of the local stack; its message is for the person who typed `tributary stack up`."""

from __future__ import annotations

from tributary.errors import TributaryError


class StackError(TributaryError):
    """A command of the stack failed; the message says what happened and what to do."""

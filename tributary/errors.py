"""The base of the errors that a command reports in a line; every other exception is a defect, with a traceback."""

from __future__ import annotations


class TributaryError(Exception):
    """Something expected that failed; the message says what, where and what to do. A command exits with 1."""


class UsageError(TributaryError):
    """A wrong argument or setting; nothing was tried. A command exits with 2."""


class SettingsError(UsageError, ValueError):
    """A setting has a value that cannot be used; the message names it and what was expected."""

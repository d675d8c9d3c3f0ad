"""Exit codes, and which error leads to which."""

from __future__ import annotations

import sys

from tributary.errors import UsageError
from tributary.printable import paragraphs

FINE, FAILED, USAGE, DRIFT, INTERRUPTED = 0, 1, 2, 3, 130
EPILOG = "exit codes: 0 success, 1 findings or a failure, 2 wrong usage, 3 drift"


def passed(ok: object) -> int:
    """The code of a check: 0, or 1 for findings."""
    return FINE if ok else FAILED


def report(error: object) -> int:
    """Print an error on standard error; returns its code."""
    print(paragraphs(f"error: {error}"), file=sys.stderr)
    return USAGE if isinstance(error, UsageError) else FAILED

"""A finding: what lint, check, drift and prove report, each in the same shape."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Literal

import attrs

Severity = Literal["error", "warning", "note"]


@attrs.frozen
class Finding:
    """One thing that a rule found."""

    rule: str
    topic: str
    """The contract's key in the catalogue; empty where there is no contract."""
    file: Path
    line: int
    """From 1; 0 for a finding about the subject as a whole."""
    path: str
    """The field in words (`items[].quantity`), or the name of a type; empty for the contract itself."""
    message: str
    fix: str = ""
    """Text to paste or a step to take; empty where the message is enough."""
    subject: str = ""
    """The subject in the registry; empty for a finding about the contract alone."""
    severity: Severity = "error"
    """Only an error fails the command."""


def errors(found: Iterable[Finding]) -> list[Finding]:
    """Those that fail a command."""
    return [finding for finding in found if finding.severity == "error"]

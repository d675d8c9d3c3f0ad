"""What a team accepts: the project's `exemptions.toml` switches a rule off for one field, with a reason.

[[off]]
rule = "personal-data-marked"
topic = "purchases"
field = "items[].seller_email"
reason = "a company's address"
"""

from __future__ import annotations

import tomllib
from collections.abc import Container
from pathlib import Path

import attrs

from tributary.errors import TributaryError


class ExemptionError(TributaryError):
    """The file cannot be used; the message says where and why."""


@attrs.frozen
class Exemption:
    """One entry."""

    rule: str
    topic: str
    """The contract's key in the catalogue."""
    field: str
    """As findings show it, for example `items[].quantity`; empty for the contract itself."""
    reason: str
    file: Path

    def covers(self, rule: str, topic: str, field: str) -> bool:
        """Whether a finding is accepted."""
        return (self.rule, self.topic, self.field) == (rule, topic, field)


def load(rules: Container[str], path: Path) -> list[Exemption]:
    """Read the entries; no file means none.

    Raises ExemptionError for an entry that is incomplete, has no reason, or names a rule that is not in `rules`.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return []
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise ExemptionError(f"{path} cannot be read: {reason}") from error
    except tomllib.TOMLDecodeError as error:
        raise ExemptionError(f"{path}: {error}") from error
    for key in content:
        if key != "off":
            raise ExemptionError(f"{path}: {key} is no key of the exemptions; expected [[off]]")
    entries = content.get("off", [])
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise ExemptionError(f"{path}: off is {entries!r}, expected a table [[off]] for each exemption")
    found = []
    for number, entry in enumerate(entries, 1):
        where = f"{path}: entry {number} of [[off]]"
        for key in ("rule", "topic", "field", "reason"):
            if not isinstance(entry.get(key), str):
                raise ExemptionError(f"{where}: {key} is {entry.get(key)!r}, expected text")
        if not entry["reason"].strip():
            raise ExemptionError(f"{where}: the reason is empty; say why {entry['rule']} does not apply")
        if entry["rule"] not in rules:
            raise ExemptionError(f"{where}: there is no rule {entry['rule']!r}; see: tributary lint --explain all")
        found.append(Exemption(entry["rule"], entry["topic"], entry["field"], entry["reason"], path))
    return found

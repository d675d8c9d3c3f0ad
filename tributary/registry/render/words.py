"""Numbers in words, and models as JSON objects."""

from __future__ import annotations

from typing import Any


def number(count: int, noun: str) -> str:
    """`1 record`, `2,000 records`."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def attributes(model: object, *names: str) -> dict[str, Any]:
    """These attributes of a model as a JSON object; `path` is called `field` there."""
    return {"field" if name == "path" else name: getattr(model, name) for name in names}

"""Settings as the variables of an environment: a command in this process or another then loads the same settings."""

from __future__ import annotations

import attrs
import pytest

from tributary.project import VARIABLE
from tributary.settings import Settings


def variables(settings: Settings) -> dict[str, str]:
    """Variable → value, for every setting; the project's too."""
    values = {
        field.metadata["name"]: getattr(settings, field.name)
        for field in attrs.fields(Settings)
        if "name" in field.metadata
    }
    texts = {name: "" if value is None else str(value) for name, value in values.items()}
    return {**texts, **settings.topic_names, VARIABLE: str(settings.folder)}


def use(patch: pytest.MonkeyPatch, settings: Settings) -> None:
    """Let `settings.load()` return these settings until the test ends."""
    for name, value in variables(settings).items():
        patch.setenv(name, value)

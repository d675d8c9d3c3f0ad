"""`.env.example` names every setting, with the default it really has."""

from __future__ import annotations

import re
from pathlib import Path

import attrs

from tests.support.paths import ROOT
from tributary import settings as settings_module
from tributary.settings import Settings

COMPOSE_ONLY = {"KAFKA_UI_PORT"}


def _example() -> dict[str, str]:
    text = (ROOT / ".env.example").read_text(encoding="utf-8")
    return dict(re.findall(r"^#([A-Z_]+)=(.*)$", text, re.MULTILINE))


def test_names_every_setting() -> None:
    settings = {field.metadata["name"] for field in attrs.fields(Settings) if "name" in field.metadata}

    named = {name for name in _example() if not name.startswith("KAFKA_TOPIC_")}

    assert named == settings | COMPOSE_ONLY


def test_shows_the_defaults() -> None:
    nothing = Path("/dev/null")

    uncommented = settings_module.load(_example(), env_file=nothing)

    assert attrs.evolve(uncommented, topic_names={}) == settings_module.load({}, env_file=nothing)


def test_shows_the_names_in_the_catalogue() -> None:
    from tributary import catalog

    nothing = Path("/dev/null")

    renamed = catalog.load(settings_module.load(_example(), env_file=nothing))

    assert renamed == catalog.load(settings_module.load({}, env_file=nothing))
    assert len([name for name in _example() if name.startswith("KAFKA_TOPIC_")]) == len(renamed.topics) + 1

"""What can be set, and that a setting which cannot be used is named."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from settings import SettingsError, load


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("SCHEMA_REGISTRY_URL", "somewhere", "an address with a port"),
        ("KAFKA_BOOTSTRAP_SERVERS", "localhost", "an address with a port"),
        ("BATCH_SIZE", "0", "above 0"),
        ("STACK", "cloud", "local"),
    ],
)
def test_the_error_names_the_setting_and_what_was_expected(name: str, value: str, expected: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load({name: value, "WEB_PORT": "80"}, env_file=Path(os.devnull))
    assert str(caught.value).startswith(f"setting {name}={value!r} cannot be used: ")
    assert expected in str(caught.value)


@pytest.mark.parametrize(("url", "port"), [("https://registry.example", 443), ("http://registry.example/v1", 80)])
def test_a_registry_may_be_at_the_usual_port(url: str, port: int) -> None:
    assert load({"SCHEMA_REGISTRY_URL": url}, env_file=Path(os.devnull)).registry_port == port

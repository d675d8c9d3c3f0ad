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
        ("BATCH_SIZE", "many", "a whole number"),
        ("WEB_PORT", "65536", "a port, 0 to 65535"),
        ("DEMO_SECONDS", "long", "a number"),
        ("STACK", "cloud", "local, docker or external"),
        ("SCHEMA_REGISTRY_URL", "127.0.0.1:8081", "such as http://"),
        ("KAFKA_BOOTSTRAP_SERVERS", "localhost:kafka", "an address with a port"),
        ("KAFKA_SECURITY_PROTOCOL", "TLS", "SASL_SSL"),
        ("KAFKA_SASL_MECHANISM", "GSSAPI", "SCRAM-SHA-512"),
    ],
)
def test_the_error_names_the_setting_and_what_was_expected(name: str, value: str, expected: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load({"WEB_PORT": "80", name: value}, env_file=Path(os.devnull))
    assert str(caught.value).startswith(f"setting {name}={value!r} cannot be used: ")
    assert expected in str(caught.value)


@pytest.mark.parametrize(("url", "port"), [("https://registry.example", 443), ("http://registry.example/v1", 80)])
def test_a_registry_may_be_at_the_usual_port(url: str, port: int) -> None:
    assert load({"SCHEMA_REGISTRY_URL": url}, env_file=Path(os.devnull)).registry_port == port


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"A=1\n\nKAFKA_SASL_PASSWORD='secret\nB=2\n", ".env, line 3: expected NAME=value"),
        (b"A=\xff", ".env cannot be read: it is not UTF-8"),
        (None, ".env cannot be read: Is a directory"),
    ],
)
def test_a_file_that_cannot_be_read_is_named_and_not_shown(
    tmp_path: Path, content: bytes | None, expected: str
) -> None:
    file = tmp_path / ".env"
    if content is None:
        file.mkdir()
    else:
        file.write_bytes(content)
    with pytest.raises(SettingsError) as caught:
        load({}, env_file=file)
    assert str(caught.value) == f"{tmp_path}/{expected}"


def test_sasl_needs_a_login() -> None:
    login = {"KAFKA_SASL_MECHANISM": "PLAIN", "KAFKA_SASL_USERNAME": "me", "KAFKA_SASL_PASSWORD": "secret"}
    given = {"KAFKA_SECURITY_PROTOCOL": "SASL_SSL", **login}
    assert load(given, env_file=Path(os.devnull)).kafka_client()["sasl.password"] == "secret"
    for missing in login:
        with pytest.raises(SettingsError, match=f"needs {missing}"):
            load({**given, missing: ""}, env_file=Path(os.devnull))

"""What can be set, and that a setting which cannot be used is named."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tributary.settings import SettingsError, load


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
        (b"WEB_PORT=1\n\nKAFKA_SASL_PASSWORD='secret\nB=2\n", ".env, line 3: expected NAME=value"),
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


def test_a_link_to_nothing_is_not_an_empty_file(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.symlink_to("nowhere")
    with pytest.raises(SettingsError, match=r"\.env cannot be read: it is a link to a file that does not exist"):
        load({}, env_file=file)


def test_sasl_needs_a_login() -> None:
    login = {"KAFKA_SASL_MECHANISM": "PLAIN", "KAFKA_SASL_USERNAME": "me", "KAFKA_SASL_PASSWORD": "secret"}
    given = {"KAFKA_SECURITY_PROTOCOL": "SASL_SSL", **login}
    assert load(given, env_file=Path(os.devnull)).kafka_client()["sasl.password"] == "secret"
    for missing in login:
        with pytest.raises(SettingsError, match=f"needs {missing}"):
            load({**given, missing: ""}, env_file=Path(os.devnull))


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("STORE_PTH=/data/figures", "STORE_PTH is no setting; did you mean STORE_PATH?"),
        ("export KAFKA_BOOTSTRAP_SERVER=k:9092", "KAFKA_BOOTSTRAP_SERVER is no setting; did you mean KAFKA_BOOTSTRAP_"),
        ("UNHEARD_OF=", "UNHEARD_OF is no setting; see .env.example for all"),
    ],
)
def test_an_unknown_name_is_named_with_the_nearest_setting(tmp_path: Path, line: str, expected: str) -> None:
    file = tmp_path / ".env"
    file.write_text(f"# mine\n\nWEB_PORT=1\n\n{line}\n")
    with pytest.raises(SettingsError) as caught:
        load({}, env_file=file)
    assert str(caught.value).startswith(f"{file}, line 5: {expected}")


def test_names_of_topics_and_of_compose_may_be_in_the_file(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("KAFKA_TOPIC_USERS=u\nCOMPOSE_PROJECT_NAME=mine\nKAFKA_UI_PORT=8888\n")
    assert load({"STORE_PTH": "not ours"}, env_file=file).topic_names == {"KAFKA_TOPIC_USERS": "u"}


def test_a_password_in_the_address_is_taken_out_of_it() -> None:
    settings = load({"SCHEMA_REGISTRY_URL": "https://me:s%40cret@a.example/v1/, https://b.example"}, Path(os.devnull))
    assert settings.registry_url == "https://a.example/v1,https://b.example"
    assert settings.registry_client()["basic.auth.user.info"] == "me:s@cret"
    assert "cret" not in repr(settings)


def test_a_wrong_address_is_shown_without_its_password() -> None:
    with pytest.raises(SettingsError) as caught:
        load({"SCHEMA_REGISTRY_URL": "ftp://me:secret@a.example"}, Path(os.devnull))
    assert "'ftp://a.example'" in str(caught.value)


@given(
    st.sampled_from(["http://", "https://", "http:/", "ftp://", ""]),
    st.text(st.sampled_from("aZ9/?#@:,[]% =\\'\"é"), max_size=6),
    st.text(st.sampled_from("aZ9/?#@:,[]% =\\'\"é"), max_size=6),
    st.sampled_from(["h:1", "h", "h:x", "[::1:1", "h:1,http://i:2"]),
)
def test_a_password_is_taken_out_of_an_address_or_kept_out_of_its_error(
    scheme: str, before: str, after: str, host: str
) -> None:
    url = f"{scheme}me:{before}s3cr3t{after}@{host}"
    for name in ("SCHEMA_REGISTRY_URL", "KAFKA_BOOTSTRAP_SERVERS"):
        try:
            settings = load({name: url}, Path(os.devnull))
        except SettingsError as error:
            assert "s3cr3t" not in str(error)
        else:
            assert "s3cr3t" not in repr(settings)
            assert settings.registry_password == unquote(f"{before}s3cr3t{after}")

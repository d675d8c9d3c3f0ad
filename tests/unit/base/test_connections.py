"""What the files of properties may hold: each wrong line is named, and ours are not overruled."""

from __future__ import annotations

import socket
import time
from pathlib import Path

import pytest

from tests.support.kafka.certificates import KEY_PASSWORD, Authority
from tributary.settings import Settings, SettingsError, load

NOTHING = Path("/dev/null")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "client.properties"


def kafka(file: Path, text: str, **more: str) -> Settings:
    file.write_text(text)
    return load({"KAFKA_CONFIG_FILE": str(file), **more}, NOTHING)


def registry(file: Path, text: str, **more: str) -> Settings:
    file.write_text(text)
    return load({"SCHEMA_REGISTRY_CONFIG_FILE": str(file), **more}, NOTHING)


def test_what_is_set_by_name_wins_over_the_file_and_the_file_over_our_defaults(file: Path) -> None:
    settings = kafka(
        file,
        "bootstrap.servers=file:9092\nsecurity.protocol=SSL\nlinger.ms=50\nfetch.min.bytes=10\n",
        KAFKA_SECURITY_PROTOCOL="PLAINTEXT",
    )
    assert (settings.bootstrap_servers, settings.kafka_port) == ("file:9092", 9092)
    config = settings.kafka_client({"linger.ms": 20, "batch.size": 7})
    assert (config["security.protocol"], config["linger.ms"], config["batch.size"]) == ("PLAINTEXT", "50", 7)
    assert kafka(file, "bootstrap.servers=file:9092", KAFKA_BOOTSTRAP_SERVERS="k:1").kafka_client()[
        "bootstrap.servers"
    ] == ("k:1")


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("group.id=mine", "group.id: set CONSUMER_GROUP"),
        ("enable.auto.commit=true", "enable.auto.commit: it is for the program to set; delete the line"),
        ("acks=1", "acks: it is for the program"),
        ("isolation.level=read_uncommitted", "isolation.level: it is for the program"),
        ("transactional.id=t", "transactional.id: it is for the program"),
        ("error_cb=print", "error_cb: it is for the program"),
        ("sasl.jaas.config=x", "sasl.jaas.config: a property of Java's clients; use sasl.username and sasl.password"),
        ("ssl.truststore.location=/t.jks", "ssl.truststore.location: a property of Java's clients; use ssl.ca."),
        ("schema.registry.url=http://r:80", "it belongs into SCHEMA_REGISTRY_CONFIG_FILE"),
        ("ssl.ca.location=/no/ca.pem", "ssl.ca.location: there is no file /no/ca.pem"),
    ],
)
def test_properties_that_the_file_may_not_have(file: Path, line: str, expected: str) -> None:
    with pytest.raises(SettingsError) as refused:
        kafka(file, f"# mine\nclient.id=me\n{line}\n")
    assert str(refused.value).startswith(f"{file}, line 3: ")
    assert expected in str(refused.value)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("linger.mss=5", 'line 2: linger.mss: No such configuration property: "linger.mss"'),
        ("linger.ms=abc", "line 2: linger.ms: Invalid value"),
        ("linger.ms=-5", "line 2: linger.ms: Configuration property"),
        ("socket.keepalive.enable=perhaps", "line 2: socket.keepalive.enable: Expected bool value"),
        ("security.protocol=TLS", "line 2: security.protocol: "),
        ("max.in.flight=50", "`max.in.flight` must be set <= 5 when `enable.idempotence` is true"),
        ("session.timeout.ms=900000", "`max.poll.interval.ms`must be >= `session.timeout.ms`"),
        ("security.protocol=SSL\nssl.ca.location={file}", "line 3: ssl.ca.location failed"),
        ("sasl.mechanism=PLAIN\nsecurity.protocol=SASL_SSL", "sasl.username and sasl.password must be set"),
        (
            "sasl.mechanism=OAUTHBEARER\nsecurity.protocol=SASL_SSL\nsasl.oauthbearer.method=oidc\n"
            "sasl.oauthbearer.client.id=me",
            "`sasl.oauthbearer.token.endpoint.url` is mandatory",
        ),
    ],
)
def test_what_librdkafka_refuses_is_named_with_its_line(file: Path, line: str, expected: str) -> None:
    settings = kafka(file, f"client.id=me\n{line.format(file=file)}\n")
    with pytest.raises(SettingsError) as refused:
        settings.kafka_client()
    assert str(refused.value).startswith(str(file))
    assert expected in str(refused.value)


def test_a_value_of_ours_may_be_written(file: Path) -> None:
    config = kafka(file, "acks=all\nenable.auto.commit=false\nlinger.ms=5\n").kafka_client()
    assert not {"acks", "enable.auto.commit"} & config.keys()
    assert config["linger.ms"] == "5"


def test_a_token_endpoint_that_is_silent_does_not_delay_the_check(file: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        settings = kafka(
            file,
            "sasl.mechanism=OAUTHBEARER\nsecurity.protocol=SASL_SSL\nsasl.oauthbearer.method=oidc\n"
            "sasl.oauthbearer.client.id=me\nsasl.oauthbearer.client.secret=mine\n"
            f"sasl.oauthbearer.token.endpoint.url=http://127.0.0.1:{silent.getsockname()[1]}/token\n",
        )
        began = time.monotonic()
        settings.kafka_client()
        assert time.monotonic() - began < 10  # librdkafka would wait for 20 s


def test_no_password_is_in_a_message_or_a_repr(file: Path) -> None:
    settings = kafka(file, "sasl.password=s3cret\nlinger.mss=s3cret\n")
    with pytest.raises(SettingsError) as refused:
        settings.kafka_client()
    assert "s3cret" not in str(refused.value) + repr(settings)


# ---- the registry -----------------------------------------------------------------------------


def test_the_registry_takes_confluents_names(file: Path, tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    signed = authority.sign("client")
    settings = registry(
        file,
        f"schema.registry.url=https://a.example,https://b.example\nssl.ca.location={authority.certificate}\n"
        f"ssl.certificate.location={signed.certificate}\nssl.key.location={signed.locked_key}\n"
        f"ssl.key.password={KEY_PASSWORD}\nbasic.auth.credentials.source=USER_INFO\nbasic.auth.user.info=me:secret\n",
    )
    assert (settings.registry_url, settings.registry_port) == ("https://a.example,https://b.example", 443)
    config = settings.registry_client()
    assert (config["basic.auth.user.info"], config["ssl.key.password"]) == ("me:secret", KEY_PASSWORD)
    assert "basic.auth.credentials.source" not in config


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("max.retries=3", "max.retries: not a property of the registry's client; expected one of url, ssl.ca.location"),
        ("schema.registry.urls=x", "schema.registry.urls: not a property"),
        ("ssl.ca.location=/no/ca.pem", "ssl.ca.location: there is no file /no/ca.pem"),
        ("bearer.auth.token=t", "bearer.auth.token: a second login in addition to basic.auth.user.info"),
    ],
)
def test_properties_that_the_registrys_file_may_not_have(file: Path, line: str, expected: str) -> None:
    with pytest.raises(SettingsError) as refused:
        registry(file, f"basic.auth.user.info=me:secret\n{line}\n")
    assert str(refused.value).startswith(f"{file}, line 2: {expected}")


def test_a_user_that_is_set_by_name_replaces_the_login_in_the_file(file: Path) -> None:
    text = "bearer.auth.credentials.source=STATIC_TOKEN\nbearer.auth.token=t\n"
    config = registry(file, text, SCHEMA_REGISTRY_USER="me", SCHEMA_REGISTRY_PASSWORD="pw").registry_client()
    assert config == {"url": "http://127.0.0.1:8081", "basic.auth.user.info": "me:pw"}

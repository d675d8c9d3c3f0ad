"""Every client of ours with a secured broker and an https registry, configured only by properties files."""

from __future__ import annotations

import json
import os
import ssl
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import attrs
import pytest

from tests.support.kafka import running
from tests.support.kafka.certificates import KEY_PASSWORD, Authority
from tests.support.kafka.secured import Secured
from tests.support.kafka.stacks import own_topics
from tests.support.kafka.tokens import CLIENT_ID, CLIENT_SECRET, TokenServer, token_server
from tests.support.registry import faulty_registry as faulty_module
from tests.support.registry.faulty_registry import Fault, FaultyRegistry, faulty_registry
from tests.support.variables import use
from tributary import catalog
from tributary import settings as settings_module
from tributary.cli.main import main
from tributary.registry.apply import plan
from tributary.registry.client import RegistryClient, RegistryError, RegistryUnavailable
from tributary.registry.testing import serve
from tributary.settings import Settings
from tributary.stack import probe

USER = '{"type":"record","name":"User","fields":[]}'


def properties(path: Path, values: Mapping[str, Any]) -> Path:
    path.write_text("".join(f"{name}={value}\n" for name, value in values.items()))
    return path


@attrs.frozen
class Https:
    """An https registry that demands a certificate from its clients."""

    faulty: FaultyRegistry
    authority: Authority
    values: dict[str, Any]
    """The properties with which Confluent's client connects."""


@contextmanager
def https_registry(folder: Path, user: str = "", password: str = "") -> Iterator[Https]:
    authority = Authority(folder / "registry")
    server, client = authority.sign("registry"), authority.sign("client")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(authority.certificate))
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_cert_chain(server.certificate, server.key)
    with serve(user=user, password=password) as plain, faulty_registry(plain.url, tls=context) as faulty:
        values = {
            "url": faulty.url,
            "ssl.ca.location": authority.certificate,
            "ssl.certificate.location": client.certificate,
            "ssl.key.location": client.locked_key,
            "ssl.key.password": KEY_PASSWORD,
        }
        yield Https(faulty, authority, values)


def with_registry(path: Path, values: Mapping[str, Any]) -> Settings:
    return settings_module.load(
        {"SCHEMA_REGISTRY_CONFIG_FILE": str(properties(path, values))}, env_file=Path(os.devnull)
    )


@pytest.mark.parametrize(("listener", "mechanism"), [("MUTUAL", ""), ("SASL", "SCRAM-SHA-512"), ("OAUTH", "")])
def test_all_commands_work(
    secured: Secured,
    listener: str,
    mechanism: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    # A property of producers and one of consumers: every client accepts the file without a warning.
    kafka = secured.client(listener, mechanism) | {"batch.num.messages": 100, "fetch.min.bytes": 1}
    with https_registry(tmp_path, "me", "pass:word") as registry:
        login = {"basic.auth.user.info": "me:pass:word"}
        given = {
            "KAFKA_CONFIG_FILE": str(properties(tmp_path / "client.properties", kafka)),
            "SCHEMA_REGISTRY_CONFIG_FILE": str(properties(tmp_path / "registry.properties", registry.values | login)),
            "REGISTRY_LOCK_PATH": str(tmp_path / "lock.json"),
            "STORE_PATH": str(tmp_path / "analytics.sqlite"),
            **own_topics(tmp_path.name.replace("_", "-")),
            "CONSUMER_GROUP": f"secured-{listener}",
        }
        settings = settings_module.load(given, env_file=Path(os.devnull))
        plan.apply(settings)
        running.run(settings, "producers", "--count", "200", "--rate", "0", "--seed", "1")
        topics = catalog.load(settings)
        running.write(settings, topics.topics[0].name, 0, (b"no event", 1))

        out = running.run(settings, "consumers.analytics", "--until-caught-up")

        assert "CONFWARN" not in out
        assert running.assert_exact(settings)["dead_letters"] == 1
        use(monkeypatch, settings)
        main(["census", topics.topics[0].subject, "--format", "json"])
        assert json.loads(capsys.readouterr().out)
        found, subjects = probe.topics(settings), probe.subjects(settings)
        assert {topic.name for topic in found if not isinstance(topic, str)} >= {topics.dead_letters.name}
        assert set(subjects) == {topic.subject for topic in topics.topics}


def test_a_registry_of_an_unknown_authority_is_not_trusted(tmp_path: Path) -> None:
    stranger = Authority(tmp_path / "stranger")
    with https_registry(tmp_path) as registry:
        values = registry.values | {"ssl.ca.location": stranger.certificate}
        client = RegistryClient.without_lock(with_registry(tmp_path / "r.properties", values))
        with pytest.raises(RegistryUnavailable, match="CERTIFICATE_VERIFY_FAILED"):
            client.default_level()
    assert registry.faulty.count() == 0


def test_a_registry_that_demands_a_certificate_refuses_a_client_without(tmp_path: Path) -> None:
    with https_registry(tmp_path) as registry:
        values = {"url": registry.faulty.url, "ssl.ca.location": registry.authority.certificate}
        client = RegistryClient.without_lock(with_registry(tmp_path / "r.properties", values))
        with pytest.raises(RegistryUnavailable):
            client.default_level()
    assert registry.faulty.count() == 0


def test_a_certificate_that_cannot_be_used_is_a_wrong_setting(tmp_path: Path) -> None:
    values = {"url": "https://127.0.0.1:1", "ssl.ca.location": properties(tmp_path / "ca.pem", {})}
    client = RegistryClient.without_lock(with_registry(tmp_path / "r.properties", values))
    with pytest.raises(settings_module.SettingsError, match="the schema registry's client cannot be set up"):
        client.subjects()


@pytest.fixture(scope="module")
def tokens() -> Iterator[TokenServer]:
    with token_server() as server:
        yield server


def test_a_token_is_fetched_and_sent(tmp_path: Path, tokens: TokenServer) -> None:
    login = oauth(tokens.token_url)
    with https_registry(tmp_path) as registry:
        client = RegistryClient.without_lock(with_registry(tmp_path / "r.properties", registry.values | login))
        assert (client.subjects(), client.subjects()) == ([], [])
        assert [one.authorization for one in registry.faulty.requests] == [f"Bearer {tokens.issued[-1]}"] * 2
        wrong = registry.values | login | {"bearer.auth.client.secret": "s3cret"}
        client = RegistryClient.without_lock(with_registry(tmp_path / "w.properties", wrong))
        with pytest.raises(RegistryUnavailable, match="no access token") as refused:
            client.schema_text(1)
        assert "s3cret" not in str(refused.value)


def oauth(endpoint: str) -> dict[str, str]:
    return {
        "bearer.auth.credentials.source": "OAUTHBEARER",
        "bearer.auth.client.id": CLIENT_ID,
        "bearer.auth.client.secret": CLIENT_SECRET,
        "bearer.auth.issuer.endpoint.url": endpoint,
    }


@pytest.mark.parametrize("fault", [Fault.SILENT, Fault.REFUSING, Fault.NONSENSE, Fault.HTML, Fault.ERROR_503])
def test_a_token_endpoint_that_fails_is_reported_promptly(tmp_path: Path, tokens: TokenServer, fault: Fault) -> None:
    with https_registry(tmp_path) as registry, faulty_registry(tokens.url) as endpoint:
        endpoint.fault = fault
        values = registry.values | oauth(f"{endpoint.url}/token")
        client = RegistryClient.without_lock(with_registry(tmp_path / "r.properties", values))
        began = time.monotonic()
        with pytest.raises(RegistryUnavailable, match="no access token"):
            client.schema_text(1)
        assert time.monotonic() - began < 9


def test_a_token_without_its_lifetime_is_an_error_that_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    token = json.dumps({"access_token": "t0ken", "token_type": "Bearer"}).encode()
    monkeypatch.setitem(faulty_module._BODIES, Fault.NONSENSE, token)
    with serve() as registry, faulty_registry(registry.url) as endpoint:
        endpoint.fault = Fault.NONSENSE
        client = RegistryClient(registry.url, properties=oauth(f"{endpoint.url}/token"))
        assert client.subjects() == []
        with pytest.raises(RegistryUnavailable, match="the token endpoint's answer has no 'expires_in'"):
            client.schema_text(1)


def test_a_token_that_is_given_is_sent(tmp_path: Path) -> None:
    token = {"bearer.auth.credentials.source": "STATIC_TOKEN", "bearer.auth.token": "t0ken"}
    with https_registry(tmp_path) as registry:
        client = RegistryClient.without_lock(with_registry(tmp_path / "r.properties", registry.values | token))
        assert client.subjects() == []
        assert registry.faulty.requests[0].authorization == "Bearer t0ken"


@pytest.mark.parametrize("fault", [Fault.REFUSING, Fault.SILENT, Fault.ERROR_503, Fault.HTML, Fault.CUT])
def test_the_next_address_is_tried(fault: Fault) -> None:
    with serve() as registry, faulty_registry(registry.url) as first, faulty_registry(registry.url) as second:
        schema_id = RegistryClient(registry.url).register("s", USER)
        client = RegistryClient(f"{first.url},{second.url}")
        assert client.schema_text(schema_id) == USER
        assert second.count() == 0
        first.fault = fault
        assert RegistryClient(f"{first.url},{second.url}").schema_text(schema_id) == USER
        assert second.count() == 1


def test_a_proxy_is_used_but_not_for_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with serve() as registry, faulty_registry(registry.url) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        monkeypatch.setenv("http_proxy", proxy.url)
        assert RegistryClient(registry.url).subjects() == []
        assert proxy.count() == 0
        with pytest.raises((RegistryError, RegistryUnavailable)):
            RegistryClient("http://registry.invalid:8081").register("s", USER)
        assert proxy.requests[0].path.startswith("http://registry.invalid:8081/subjects/s/versions")


def test_nothing_is_logged_of_a_request(caplog: pytest.LogCaptureFixture) -> None:
    with serve() as registry, caplog.at_level("INFO"):
        RegistryClient(registry.url).subjects()
    assert not caplog.records

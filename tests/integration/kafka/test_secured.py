"""The secured broker of the tests: each listener accepts the right credentials and refuses wrong ones."""

from __future__ import annotations

import logging
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import KafkaError, KafkaException, Producer

from tests.support.kafka.certificates import Authority
from tests.support.kafka.secured import LISTENERS, MECHANISMS, Secured

WAYS = [(listener, "PLAIN") for listener in LISTENERS if listener != "SASL"] + [("SASL", each) for each in MECHANISMS]


def connects(config: dict[str, Any]) -> bool:
    """Whether the broker, which is running, accepts this client; the first error counts as a refusal."""
    refusals: list[KafkaError] = []
    quiet = logging.Logger("librdkafka", level=logging.CRITICAL)
    client = Producer(config | {"error_cb": refusals.append}, logger=quiet)
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        client.poll(0)
        if refusals:
            return False
        with suppress(KafkaException):
            return bool(client.list_topics(timeout=0.3).brokers)
    raise AssertionError("neither an answer nor an error")


@pytest.mark.parametrize(("listener", "mechanism"), WAYS)
def test_takes_the_right_credentials(secured: Secured, listener: str, mechanism: str) -> None:
    assert connects(secured.client(listener, mechanism))


@pytest.mark.parametrize("listener", ["SSL", "MUTUAL", "SASL", "OAUTH"])
def test_its_authority_must_be_named(secured: Secured, listener: str, tmp_path: Path) -> None:
    stranger = Authority(tmp_path)

    assert not connects(secured.client(listener) | {"ssl.ca.location": str(stranger.certificate)})


@pytest.mark.parametrize("mechanism", MECHANISMS)
def test_refuses_a_wrong_password(secured: Secured, mechanism: str) -> None:
    assert not connects(secured.client("SASL", mechanism) | {"sasl.password": "guess"})


def test_refuses_a_client_without_its_certificate(secured: Secured, tmp_path: Path) -> None:
    forged = Authority(tmp_path).sign("client")
    files = {"ssl.certificate.location": str(forged.certificate), "ssl.key.location": str(forged.key)}

    assert not connects(secured.client("SSL") | {"bootstrap.servers": secured.addresses["MUTUAL"]})
    assert not connects(secured.client("MUTUAL") | files)


def test_refuses_a_token_that_is_not_for_it(secured: Secured) -> None:
    def with_token(token: str) -> dict[str, Any]:
        config = {k: v for k, v in secured.client("OAUTH").items() if not k.startswith("sasl.oauthbearer")}
        return config | {"oauth_cb": lambda _: (token, 4e9)}

    assert connects(with_token(secured.tokens.sign("somebody")))
    assert not connects(with_token(secured.tokens.sign("somebody", audience="elsewhere")))
    assert not connects(with_token(secured.tokens.sign("somebody")[:-20] + "A" * 20))
    assert not connects(secured.client("OAUTH") | {"sasl.oauthbearer.client.secret": "guess"})

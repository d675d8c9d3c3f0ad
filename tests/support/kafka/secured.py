"""A real broker configured as in companies: private CA, mutual TLS, SASL_SSL with PLAIN and SCRAM, OAUTHBEARER."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import attrs
import pytest
from confluent_kafka.admin import AdminClient, ScramCredentialInfo, ScramMechanism, UserScramCredentialUpsertion

from tests.support.kafka.certificates import KEY_PASSWORD, Authority, Signed
from tests.support.kafka.stacks import own_stack
from tests.support.kafka.tokens import AUDIENCE, CLIENT_ID, CLIENT_SECRET, TokenServer, token_server
from tributary.stack import ports
from tributary.stack.kafka import Broker

LISTENERS = ("PLAINTEXT", "SSL", "MUTUAL", "SASL", "OAUTH")
"""By name: without anything, TLS, TLS with a client's certificate, SASL_SSL, SASL_SSL with OAUTHBEARER."""
USER, PASSWORD = "member", "pass word,=\"'"
"""For PLAIN and SCRAM; a password of the kind that breaks naive quoting."""
MECHANISMS = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")

_MODULES = "org.apache.kafka.common.security"
PROPERTIES = """\
listeners={listeners},CONTROLLER://127.0.0.1:{{controller_port}}
advertised.listeners={listeners}
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SSL:SSL,MUTUAL:SSL,SASL:SASL_SSL,OAUTH:SASL_SSL
inter.broker.listener.name=PLAINTEXT
ssl.keystore.type=PEM
ssl.keystore.location=server.store.pem
ssl.truststore.type=PEM
ssl.truststore.location=ca.pem
listener.name.mutual.ssl.client.auth=required
listener.name.sasl.sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-256,SCRAM-SHA-512
listener.name.sasl.plain.sasl.jaas.config={modules}.plain.PlainLoginModule required user_{user}="{password}";
listener.name.sasl.scram-sha-256.sasl.jaas.config={modules}.scram.ScramLoginModule required;
listener.name.sasl.scram-sha-512.sasl.jaas.config={modules}.scram.ScramLoginModule required;
listener.name.oauth.sasl.enabled.mechanisms=OAUTHBEARER
listener.name.oauth.oauthbearer.sasl.jaas.config={modules}.oauthbearer.OAuthBearerLoginModule required;
listener.name.oauth.oauthbearer.sasl.server.callback.handler.class={modules}.oauthbearer.OAuthBearerValidatorCallbackHandler
listener.name.oauth.oauthbearer.sasl.oauthbearer.jwks.endpoint.url={keys_url}
listener.name.oauth.oauthbearer.sasl.oauthbearer.expected.audience={audience}
listener.name.oauth.oauthbearer.sasl.oauthbearer.expected.issuer={issuer}
"""


@attrs.frozen
class _Broker(Broker):
    """Our broker with more listeners."""

    ports: dict[str, int] = attrs.field(kw_only=True)
    tokens: TokenServer = attrs.field(kw_only=True)

    def properties(self) -> str:
        more = PROPERTIES.format(
            listeners=",".join(f"{name}://127.0.0.1:{port}" for name, port in self.ports.items()),
            modules=_MODULES,
            user=USER,
            # Quoted once for JAAS and once for Java's properties.
            password=PASSWORD.replace("\\", "\\\\").replace('"', '\\"').replace("\\", "\\\\"),
            keys_url=self.tokens.keys_url,
            audience=AUDIENCE,
            issuer=self.tokens.url,
        )
        ours = super().properties()
        controller = next(line for line in ours.splitlines() if line.startswith("controller.quorum.voters="))
        return ours + more.replace("{controller_port}", controller.rpartition(":")[2])

    def java_options(self) -> tuple[str, ...]:
        allowed = f"-Dorg.apache.kafka.sasl.oauthbearer.allowed.urls={self.tokens.keys_url}"
        return (*super().java_options(), allowed)


@attrs.frozen
class Secured:
    """The running broker, and what its clients need. `client` returns the properties for librdkafka."""

    broker: Broker
    addresses: dict[str, str]
    """The bootstrap servers of each of LISTENERS."""
    authority: Authority
    server: Signed
    """Of the broker; an https registry on this machine may use it as well."""
    client_files: Signed
    tokens: TokenServer

    def client(self, listener: str, mechanism: str = "PLAIN") -> dict[str, Any]:
        """The properties with which librdkafka connects to a listener; `mechanism` is for SASL."""
        config: dict[str, Any] = {"bootstrap.servers": self.addresses[listener]}
        if listener == "PLAINTEXT":
            return config
        config |= {"security.protocol": "SSL", "ssl.ca.location": str(self.authority.certificate)}
        if listener == "MUTUAL":
            config |= {
                "ssl.certificate.location": str(self.client_files.certificate),
                "ssl.key.location": str(self.client_files.locked_key),
                "ssl.key.password": KEY_PASSWORD,
            }
        elif listener == "SASL":
            login = {"sasl.mechanism": mechanism, "sasl.username": USER, "sasl.password": PASSWORD}
            config |= {"security.protocol": "SASL_SSL"} | login
        elif listener == "OAUTH":
            config |= {
                "security.protocol": "SASL_SSL",
                "sasl.mechanism": "OAUTHBEARER",
                "sasl.oauthbearer.method": "oidc",
                "sasl.oauthbearer.client.id": CLIENT_ID,
                "sasl.oauthbearer.client.secret": CLIENT_SECRET,
                "sasl.oauthbearer.token.endpoint.url": self.tokens.token_url,
            }
        return config


@contextmanager
def secured_broker() -> Iterator[Secured]:
    """Start a secured broker in a folder of its own; it ends with the block, or when this process dies."""
    with own_stack("secured") as settings, token_server() as tokens:
        directory = settings.stack_dir / "kafka"
        authority = Authority(directory)
        server, client = authority.sign("server"), authority.sign("client")
        (directory / "server.store.pem").write_text(server.key.read_text() + server.certificate.read_text())
        free = {name: ports.free() for name in LISTENERS}
        broker = _Broker(directory, free["PLAINTEXT"], settings.jars_dir, ports=free, tokens=tokens)
        broker.start()
        addresses = {name: f"{ports.LOOPBACK}:{port}" for name, port in free.items()}
        secured = Secured(broker, addresses, authority, server, client, tokens)
        _make_scram_users(secured)
        yield secured


def _make_scram_users(secured: Secured) -> None:
    admin = AdminClient(secured.client("PLAINTEXT"))
    for mechanism in (ScramMechanism.SCRAM_SHA_256, ScramMechanism.SCRAM_SHA_512):
        credential = ScramCredentialInfo(mechanism, 4096)
        wanted = UserScramCredentialUpsertion(USER, credential, PASSWORD.encode())
        admin.alter_user_scram_credentials([wanted])[USER].result()


@pytest.fixture(scope="session")
def secured() -> Iterator[Secured]:
    """A secured broker, one per session."""
    with secured_broker() as running:
        yield running

"""How to reach Kafka and the registry: what their files of properties may hold, and what our clients are given.

Both take the names of the libraries: librdkafka's and those of Confluent's registry client. One file serves consumers,
producers and admin clients alike: librdkafka takes a property of another kind of client, and does not use it.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tributary.errors import SettingsError
from tributary.settings.properties import Properties, read

_OURS: Mapping[str, tuple[str, ...]] = {
    "group.id": (),
    "group.instance.id": (),
    "group.protocol": (),
    "group.remote.assignor": (),
    "partition.assignment.strategy": (),
    "enable.auto.commit": ("false",),
    "auto.commit.enable": ("false",),
    "enable.auto.offset.store": ("false",),
    "auto.offset.reset": (),
    "enable.partition.eof": ("true",),
    "isolation.level": ("read_committed",),
    "enable.idempotence": ("true",),
    "acks": ("all", "-1"),
    "request.required.acks": ("all", "-1"),
    "partitioner": ("murmur2_random",),
    "transactional.id": (),
    "delivery.report.only.error": ("true",),
    "default.topic.config": (),
    "logger": (),
}
"""Properties on which exact counting rests, and which each client of ours sets for itself, with what may be written."""

_INSTEAD = {
    "group.id": "set CONSUMER_GROUP",
    "sasl.jaas.config": "a property of Java's clients; use sasl.username and sasl.password",
    "sasl.login.callback.handler.class": "a property of Java's clients; use sasl.oauthbearer.method=oidc",
    "ssl.truststore.location": "a property of Java's clients; use ssl.ca.location, with a PEM file",
    "ssl.truststore.password": "a property of Java's clients; a PEM file for ssl.ca.location needs none",
    "ssl.truststore.type": "a property of Java's clients; use ssl.ca.location, with a PEM file",
    "ssl.keystore.type": "a property of Java's clients; ssl.keystore.location takes PKCS#12 files",
}
_REGISTRY_PREFIXES = ("schema.registry.", "basic.auth.", "bearer.auth.")
_TOKEN_URL = "sasl.oauthbearer.token.endpoint.url"

_FILES = ("ssl.ca.location", "ssl.certificate.location", "ssl.key.location")
_KAFKA_FILES = (*_FILES, "ssl.keystore.location", "ssl.crl.location")
_REGISTRY = (
    "url",
    *_FILES,
    "ssl.key.password",
    "basic.auth.user.info",
    "bearer.auth.credentials.source",
    "bearer.auth.token",
    "bearer.auth.client.id",
    "bearer.auth.client.secret",
    "bearer.auth.scope",
    "bearer.auth.issuer.endpoint.url",
    "bearer.auth.issuer.endpoint.query",
    "bearer.auth.logical.cluster",
    "bearer.auth.identity.pool.id",
    "proxy",
)
"""Retries, time-outs and caches are ours."""


def kafka(path: Path | None) -> Properties:
    """The properties of KAFKA_CONFIG_FILE. Raises SettingsError for those that are ours or another library's."""
    if path is None:
        return Properties()
    found = read(path)
    for name, value in found.values.items():
        if name in _OURS or name.endswith("_cb"):
            if value.lower() not in _OURS.get(name, ()):
                raise found.error(name, _INSTEAD.get(name, "it is for the program to set; delete the line"))
        elif name in _INSTEAD:
            raise found.error(name, _INSTEAD[name])
        elif name in _KAFKA_FILES and value != "probe":
            _require_file(found, name, value)
        elif name.startswith(_REGISTRY_PREFIXES):
            raise found.error(name, "a property of the schema registry; it belongs into SCHEMA_REGISTRY_CONFIG_FILE")
    taken = {name: value for name, value in found.values.items() if name not in _OURS}
    return Properties(path, taken, found.lines)


def registry(path: Path | None) -> Properties:
    """The properties of SCHEMA_REGISTRY_CONFIG_FILE, by Confluent's names without `schema.registry.`.

    Raises SettingsError.
    """
    if path is None:
        return Properties()
    found = read(path)
    values: dict[str, str] = {}
    for written, value in found.values.items():
        name = written.removeprefix("schema.registry.")
        if name == "basic.auth.credentials.source" and value in ("USER_INFO", "URL"):
            continue  # for Java's client; here it follows from what is set
        if name not in _REGISTRY:
            raise found.error(
                written, f"not a property of the registry's client; expected one of {', '.join(_REGISTRY)}"
            )
        if name in _FILES:
            _require_file(found, written, value)
        if name.startswith("bearer.auth.") and "basic.auth.user.info" in values:
            raise found.error(written, "a second login in addition to basic.auth.user.info; delete one")
        values[name] = value
    return Properties(path, values, {name.removeprefix("schema.registry."): at for name, at in found.lines.items()})


def _require_file(found: Properties, name: str, value: str) -> None:
    if not Path(value).exists():  # the libraries do not name a file that is not there
        raise found.error(name, f"there is no file {value}")


def check_kafka(config: Mapping[str, Any], file: Properties) -> None:
    """Let librdkafka judge the properties, without a connection. Raises SettingsError with the line that it means."""
    if file.path is not None:
        _check_kafka(tuple(config.items()), file.path, tuple((n, v, file.lines[n]) for n, v in file.values.items()))


@functools.lru_cache(maxsize=8)
def _check_kafka(config: tuple[tuple[str, Any], ...], path: Path, written: tuple[tuple[str, str, int], ...]) -> None:
    from confluent_kafka import Consumer, KafkaException, Producer

    whole = {name: value for name, value in config if name != "bootstrap.servers"} | {"log_level": 0}
    if _TOKEN_URL in whole:  # a client asks for a token at once, and waits for it until its end
        whole[_TOKEN_URL] = "http://127.0.0.1:1/"
    try:
        Producer(whole | {"enable.idempotence": True})
        Consumer(whole | {"group.id": "check"}).close()
    except KafkaException as error:
        line = _line(str(error), [one for one in written if whole.get(one[0]) == one[1]])
        raise SettingsError(f"{path}{line}: {_words(error)}") from error


def _line(refusal: str, written: list[tuple[str, str, int]]) -> str:
    """The line that a refusal is about, if it is about one. It may name a property by another name, or not at all."""
    from confluent_kafka import KafkaException, Producer

    for name, value, line in written:
        try:
            Producer({name: value, "log_level": 0})
        except KafkaException:
            return f", line {line}: {name}"
    named = max((one for one in written if one[0] in refusal), key=lambda one: len(one[0]), default=None)
    return f", line {named[2]}" if named else ""


def _words(error: Any) -> str:
    text: str = error.args[0].str()
    return text.removeprefix("Failed to create producer: ").removeprefix("Failed to create consumer: ").strip()

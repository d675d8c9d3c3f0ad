"""Every setting of the platform, read from the environment and from `.env`.

The environment wins over `.env`; `.env.example` explains each one for people.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from io import StringIO
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import attrs
from dotenv import dotenv_values
from dotenv.parser import parse_stream

ROOT = Path(__file__).resolve().parent
"""The folder that holds the Makefile; relative paths in settings start here."""


class SettingsError(ValueError):
    """A setting has a value that cannot be used; the message names it and what was expected."""


_USUAL_PORTS = {"http": 80, "https": 443}


def _port_of(address: str, usual: int | None = None) -> int:
    with suppress(ValueError):  # no number, or one that no port has
        if port := urlsplit(address if "//" in address else f"//{address}").port or usual:
            return port
    raise ValueError("expected an address with a port")


def _whole(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise ValueError("expected a whole number") from None


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ValueError("expected a number") from None


def _in_root(value: str | Path) -> Path:
    return ROOT / value


def _positive(_: Settings, __: attrs.Attribute[Any], value: float) -> None:
    if not value > 0:
        raise ValueError("expected a number above 0")


def _port(_: Settings, __: attrs.Attribute[Any], value: int) -> None:
    if value not in range(65536):
        raise ValueError("expected a port, 0 to 65535")


def _one_of(*choices: str) -> Callable[[Settings, attrs.Attribute[Any], str], None]:
    def check(_: Settings, __: attrs.Attribute[Any], value: str) -> None:
        if value not in choices:
            raise ValueError(f"expected {', '.join(choices[:-1])} or {choices[-1]}")

    return check


_PROTOCOLS = ("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL")
_MECHANISMS = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")
"""Of SASL, those that need a name and a password and nothing more."""


def _mechanism(_: Settings, __: attrs.Attribute[Any], value: str) -> None:
    if value:
        _one_of(*_MECHANISMS)(_, __, value)


def _setting(name: str, default: Any, convert: Callable[[str], Any] | None = None, **kw: Any) -> Any:
    return attrs.field(default=default, converter=convert, metadata={"name": name}, **kw)


@attrs.frozen(kw_only=True)
class Settings:
    """The settings of one process; `load()` fills it.

    Durations carry their unit in the name; paths are absolute.
    """

    stack: str = _setting("STACK", "local", validator=_one_of("local", "docker", "external"))
    stack_dir: Path = _setting("STACK_DIR", ".stack", _in_root)
    jars_dir: Path = _setting("JARS_DIR", ".stack/jars", _in_root)
    """Not under `stack_dir`, so that tests with a stack of their own do not download Kafka again."""
    kafka_heap: str = _setting("KAFKA_HEAP", "512m")

    bootstrap_servers: str = _setting("KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:9092")
    security_protocol: str = _setting("KAFKA_SECURITY_PROTOCOL", "PLAINTEXT", validator=_one_of(*_PROTOCOLS))
    sasl_mechanism: str = _setting("KAFKA_SASL_MECHANISM", "", validator=_mechanism)
    sasl_username: str = _setting("KAFKA_SASL_USERNAME", "")
    sasl_password: str = _setting("KAFKA_SASL_PASSWORD", "", repr=False)

    registry_url: str = _setting("SCHEMA_REGISTRY_URL", "http://127.0.0.1:8081")
    registry_user: str = _setting("SCHEMA_REGISTRY_USER", "")
    registry_password: str = _setting("SCHEMA_REGISTRY_PASSWORD", "", repr=False)
    lock_path: Path = _setting("REGISTRY_LOCK_PATH", "schemas/registry.lock.json", _in_root)

    topic_names: Mapping[str, str] = attrs.field(factory=dict)
    """Names given to topics in place of the catalogue's: setting (KAFKA_TOPIC_…) → name."""

    consumer_group: str = _setting("CONSUMER_GROUP", "tributary-analytics")
    store_path: Path = _setting("STORE_PATH", ".stack/analytics.sqlite", _in_root)
    batch_size: int = _setting("BATCH_SIZE", "10000", _whole, validator=_positive)
    abandoned_after_minutes: float = _setting("CART_ABANDONED_AFTER_MINUTES", "30", _number, validator=_positive)
    web_host: str = _setting("WEB_HOST", "127.0.0.1")
    web_port: int = _setting("WEB_PORT", "8090", _whole, validator=_port)
    demo_seconds: float = _setting("DEMO_SECONDS", "20", _number, validator=_positive)

    @property
    def kafka_port(self) -> int:
        """The port of the first bootstrap server."""
        return _port_of(self.bootstrap_servers.split(",")[0])

    @property
    def registry_port(self) -> int:
        """The port in the registry's URL."""
        usual = _USUAL_PORTS.get(urlsplit(self.registry_url).scheme)
        if usual is None:
            raise ValueError("expected an address with a port, such as http://127.0.0.1:8081")
        return _port_of(self.registry_url, usual)

    def kafka_client(self) -> dict[str, Any]:
        """The connection settings every Kafka client of ours shares, in librdkafka's names."""
        config: dict[str, Any] = {"bootstrap.servers": self.bootstrap_servers}
        if self.security_protocol != "PLAINTEXT":
            config["security.protocol"] = self.security_protocol
        if self.sasl_mechanism:
            config |= {
                "sasl.mechanism": self.sasl_mechanism,
                "sasl.username": self.sasl_username,
                "sasl.password": self.sasl_password,
            }
        return config


def load(environment: Mapping[str, str] | None = None, env_file: Path = ROOT / ".env") -> Settings:
    """Read the settings. An empty value counts as not set.

    Raises SettingsError for a value that cannot be used.
    """
    given = {k: v for k, v in _written(env_file).items() if v}
    given |= {k: v for k, v in (os.environ if environment is None else environment).items() if v}
    values: dict[str, Any] = {}
    for field in attrs.fields(Settings):
        name = field.metadata.get("name")
        if name in given:
            values[field.name] = given[name]
    values["topic_names"] = {k: v for k, v in given.items() if k.startswith("KAFKA_TOPIC_")}
    try:
        settings = _made(values)
    except ValueError as error:
        raise SettingsError(_explain(error, values)) from error
    _require_login(settings)
    return settings


def _written(env_file: Path) -> Mapping[str, str | None]:
    """What the file sets; nothing if there is none. Raises SettingsError if it cannot be read."""
    try:
        text = env_file.read_text(encoding="utf-8")
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise SettingsError(f"{env_file} cannot be read: {reason}") from error
    for line in parse_stream(StringIO(text)):
        if line.error:  # what it says is not repeated: it may be a password
            number = line.original.line + line.original.string[: -len(line.original.string.lstrip())].count("\n")
            raise SettingsError(f"{env_file}, line {number}: expected NAME=value")
    return dotenv_values(stream=StringIO(text))


def _require_login(settings: Settings) -> None:
    if settings.security_protocol.startswith("SASL"):
        for name, value in (
            ("KAFKA_SASL_MECHANISM", settings.sasl_mechanism),
            ("KAFKA_SASL_USERNAME", settings.sasl_username),
            ("KAFKA_SASL_PASSWORD", settings.sasl_password),
        ):
            if not value:
                raise SettingsError(f"KAFKA_SECURITY_PROTOCOL={settings.security_protocol} needs {name} as well")


def _made(values: Mapping[str, Any]) -> Settings:
    settings = Settings(**values)
    _ = settings.kafka_port, settings.registry_port
    return settings


def _explain(error: ValueError, values: Mapping[str, Any]) -> str:
    for field in attrs.fields(Settings):
        name = field.metadata.get("name")
        if field.name not in values or name is None:
            continue
        try:
            _made({field.name: values[field.name]})
        except ValueError as cause:
            return f"setting {name}={values[field.name]!r} cannot be used: {cause.args[0]}"
    return f"settings cannot be used: {error}"

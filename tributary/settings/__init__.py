"""Every setting of the platform, read from the environment and from the project's `.env`.

The environment wins over `.env`; `.env.example` explains each one for people.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import attrs

from tributary import addresses
from tributary.errors import SettingsError
from tributary.project import Project, current, current_or_none
from tributary.settings import connections
from tributary.settings.env_file import read as read_env
from tributary.settings.fields import (
    day,
    not_negative,
    number,
    one_of,
    optional_path,
    path,
    port,
    positive,
    setting,
    whole,
)
from tributary.settings.properties import Properties

__all__ = ["Settings", "SettingsError", "load"]

_PROTOCOLS = ("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL")
_MECHANISMS = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")
"""Of SASL, those that need a name and a password and nothing more."""


@attrs.frozen(kw_only=True)
class Settings:
    """The settings of one process; `load()` fills it.

    Durations carry their unit in the name; paths are absolute.
    """

    _project: Project | None = attrs.field(factory=current_or_none)

    stack: str = setting("STACK", "local", validator=one_of("local", "docker", "external"))
    stack_dir: Path = setting("STACK_DIR", ".stack", path)
    jars_dir: Path = setting("JARS_DIR", ".stack/jars", path)
    """Not under `stack_dir`, so that tests with a stack of their own do not download Kafka again."""
    kafka_heap: str = setting("KAFKA_HEAP", "512m")

    bootstrap_servers: str = setting("KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:9092")
    security_protocol: str = setting("KAFKA_SECURITY_PROTOCOL", "", validator=one_of("", *_PROTOCOLS))
    sasl_mechanism: str = setting("KAFKA_SASL_MECHANISM", "", validator=one_of("", *_MECHANISMS))
    sasl_username: str = setting("KAFKA_SASL_USERNAME", "")
    sasl_password: str = setting("KAFKA_SASL_PASSWORD", "", repr=False)

    kafka_config_file: Path | None = setting("KAFKA_CONFIG_FILE", "", optional_path)
    kafka_properties: Properties = attrs.field(factory=Properties)
    """What that file has."""

    registry_url: str = setting("SCHEMA_REGISTRY_URL", "http://127.0.0.1:8081")
    registry_user: str = setting("SCHEMA_REGISTRY_USER", "")
    registry_password: str = setting("SCHEMA_REGISTRY_PASSWORD", "", repr=False)
    registry_config_file: Path | None = setting("SCHEMA_REGISTRY_CONFIG_FILE", "", optional_path)
    registry_properties: Properties = attrs.field(factory=Properties)
    """What that file has."""
    lock_path: Path = setting("REGISTRY_LOCK_PATH", attrs.Factory(lambda self: self._lock, True), path)

    topic_names: Mapping[str, str] = attrs.field(factory=dict)
    """Names given to topics in place of the catalogue's: setting (KAFKA_TOPIC_…) → name."""

    consumer_group: str = setting("CONSUMER_GROUP", "tributary-analytics")
    store_path: Path = setting("STORE_PATH", ".stack/analytics.sqlite", path)
    batch_size: int = setting("BATCH_SIZE", "10000", whole, validator=positive)
    schema_wait_s: float = setting("SCHEMA_WAIT_SECONDS", "10", number, validator=not_negative)
    letters_in_a_row: int = setting("DEAD_LETTERS_IN_A_ROW", "500", whole, validator=not_negative)
    letters_percent: float = setting("DEAD_LETTERS_PERCENT", "10", number, validator=not_negative)
    abandoned_after_minutes: float = setting("CART_ABANDONED_AFTER_MINUTES", "30", number, validator=positive)
    event_time_earliest: date = setting("EVENT_TIME_EARLIEST", "2000-01-01", day)
    event_time_ahead_hours: int = setting("EVENT_TIME_AHEAD_HOURS", "24", whole, validator=positive)
    web_host: str = setting("WEB_HOST", "127.0.0.1")
    web_port: int = setting("WEB_PORT", "8090", whole, validator=port)
    demo_seconds: float = setting("DEMO_SECONDS", "20", number, validator=positive)

    @property
    def project(self) -> Project:
        """The project whose contracts are governed. Raises NoProject, which says what to do, outside any."""
        return self._project or current()

    @property
    def folder(self) -> Path:
        """Where relative paths start: the project's folder, or outside any the working directory."""
        return self._project.folder if self._project else Path.cwd()

    @property
    def _lock(self) -> Path:
        return self._project.lock if self._project else self.folder / "registry" / "registry.lock.json"

    @property
    def event_time_earliest_ms(self) -> int:
        """The earliest plausible time of an event, milliseconds since the epoch: that day's beginning, UTC."""
        return (self.event_time_earliest - date(1970, 1, 1)) // timedelta(milliseconds=1)

    @property
    def event_time_ahead_ms(self) -> int:
        """How far after its message was sent the time of an event may lie, in milliseconds."""
        return self.event_time_ahead_hours * 3_600_000

    @property
    def kafka_port(self) -> int:
        """The port of the first bootstrap server."""
        return addresses.kafka_port(self.bootstrap_servers)

    @property
    def registry_port(self) -> int:
        """The port in the registry's URL, the first if there are several."""
        return addresses.registries(self.registry_url)[0][1]

    def kafka_client(self, defaults: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """What every Kafka client of ours is given, in librdkafka's names.

        `defaults` are for what KAFKA_CONFIG_FILE may set otherwise. Raises SettingsError if librdkafka refuses what
        the file has.
        """
        config: dict[str, Any] = {"bootstrap.servers": self.bootstrap_servers}
        if self.security_protocol:
            config["security.protocol"] = self.security_protocol
        if self.sasl_mechanism:
            config |= {
                "sasl.mechanism": self.sasl_mechanism,
                "sasl.username": self.sasl_username,
                "sasl.password": self.sasl_password,
            }
        given = {**self.kafka_properties.values, **config}
        connections.check_kafka(given, self.kafka_properties)
        # Unless the file has a level: librdkafka says of each property of another kind of client that it is not used.
        return {"log_level": _ERRORS_LEVEL, **(defaults or {}), **given}

    def registry_client(self) -> dict[str, str]:
        """What the registry's client is given, in the names of Confluent's."""
        config = {**self.registry_properties.values, "url": self.registry_url}
        if self.registry_user:  # in place of any login that the file has
            config = {name: value for name, value in config.items() if not name.startswith("bearer.auth.")}
            config["basic.auth.user.info"] = f"{self.registry_user}:{self.registry_password}"
        return config


_ERRORS_LEVEL = 3
"""Of syslog."""
_TOPIC = "KAFKA_TOPIC_"


def load(
    environment: Mapping[str, str] | None = None, env_file: Path | None = None, project: Project | None = None
) -> Settings:
    """Read the settings of a project; by default the one that the environment or the working directory names.

    An empty value counts as not set. `env_file` replaces the project's `.env`. Raises SettingsError for a value that
    cannot be used, and for a name in `.env` that is no setting's.
    """
    environment = os.environ if environment is None else environment
    found = project or current_or_none(environment)
    if env_file is None and found:
        env_file = found.folder / ".env"
    names = [field.metadata["name"] for field in attrs.fields(Settings) if "name" in field.metadata]
    given = {k: v for k, v in read_env(env_file, names, _TOPIC).items() if v} if env_file else {}
    given |= {k: v for k, v in environment.items() if v}
    values: dict[str, Any] = {"project": found}
    for field in attrs.fields(Settings):
        name = field.metadata.get("name")
        if name in given:
            values[field.name] = given[name]
    values["topic_names"] = {k: v for k, v in given.items() if k.startswith(_TOPIC)}
    _read_files(values, found.folder if found else Path.cwd())
    try:
        settings = _made(values)
    except ValueError as error:
        raise SettingsError(_explain(error, values)) from error
    _require_login(settings)
    return settings


def _read_files(values: dict[str, Any], folder: Path) -> None:
    """Add what the files of properties hold; what is set by name wins."""
    kafka_file, registry_file = (
        folder / values[name] if values.get(name) else None for name in ("kafka_config_file", "registry_config_file")
    )
    kafka = values["kafka_properties"] = connections.kafka(kafka_file)
    registry = values["registry_properties"] = connections.registry(registry_file)
    if servers := kafka.values.get("bootstrap.servers"):
        values.setdefault("bootstrap_servers", servers)
    if url := registry.values.get("url"):
        values.setdefault("registry_url", url)
    if "registry_url" in values:  # nobody prints a password that is not in it
        try:
            values["registry_url"], user, password = addresses.without_login(values["registry_url"])
        except ValueError:  # what it says is not repeated: it may be a password
            raise SettingsError("setting SCHEMA_REGISTRY_URL is no URL: expected http://host:port") from None
        if user and "basic.auth.user.info" not in registry.values and "registry_user" not in values:
            values |= {"registry_user": user, "registry_password": password}


def _require_login(settings: Settings) -> None:
    if settings.security_protocol.startswith("SASL") and settings.kafka_config_file is None:
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
            value = str(values[field.name])
            shown = "" if "@" in value else f"={value!r}"  # it may have a password
            return f"setting {name}{shown} cannot be used: {cause.args[0]}"
    return f"settings cannot be used: {error}"

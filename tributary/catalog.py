"""Load `catalog.toml`: which topics there are, what each carries, and how it is kept."""

from __future__ import annotations

import json
import re
import tomllib
from functools import cached_property
from pathlib import Path
from typing import Any

import attrs

from tributary import project
from tributary.errors import TributaryError
from tributary.settings import Settings

LEVELS = (
    "NONE",
    "BACKWARD",
    "BACKWARD_TRANSITIVE",
    "FORWARD",
    "FORWARD_TRANSITIVE",
    "FULL",
    "FULL_TRANSITIVE",
)
"""The compatibility levels of a Confluent Schema Registry."""

_NAME = re.compile(r"[a-zA-Z0-9._-]{1,249}")
"""What Kafka takes as a topic's name (`org.apache.kafka.common.internals.Topic`)."""

_DAY_MS = 24 * 60 * 60 * 1000

_MOST = {"partitions": 2**31 - 1, "retention_days": (2**63 - 1) // _DAY_MS}
"""What fits in Kafka's int and, in milliseconds, in its long."""


class CatalogError(TributaryError, ValueError):
    """The catalogue or a contract it names cannot be used; the message says where and why."""


@attrs.frozen(slots=False)
class Topic:
    """One topic and its contract."""

    contract: str
    """Its name in the catalogue; `name` may differ where `.env` overrides it."""
    name: str
    key: str
    partitions: int
    retention_ms: int
    compatibility: str
    owner: str
    path: Path
    """The contract's file."""

    @property
    def subject(self) -> str:
        """The subject of the values, by TopicNameStrategy."""
        return f"{self.name}-value"

    @cached_property
    def text(self) -> str:
        """The contract as its author wrote it. Raises CatalogError if the file cannot be read."""
        try:
            return self.path.read_text(encoding="utf-8")
        except OSError as error:
            raise CatalogError(
                f"{self.path}: the contract of topic {self.name} cannot be read: {error.strerror}"
            ) from error
        except UnicodeDecodeError as error:
            raise CatalogError(f"{self.path}: the contract of topic {self.name} is not UTF-8: {error}") from error

    @cached_property
    def schema(self) -> dict[str, Any]:
        """The contract, parsed. Raises CatalogError if it is not the JSON of a record."""
        text = self.text
        try:
            schema = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise CatalogError(f"{self.path}: not JSON: {error}") from error
        if not isinstance(schema, dict) or schema.get("type") != "record" or not isinstance(schema.get("name"), str):
            raise CatalogError(f"{self.path}: expected an Avro record with a name")
        return schema

    @property
    def event(self) -> str:
        """The name of the record that the topic carries, without its namespace, for example `ProductViewed`."""
        return str(self.schema["name"]).rpartition(".")[2]


@attrs.frozen
class DeadLetters:
    """The topic for messages that cannot be read; it has no contract."""

    name: str
    partitions: int
    retention_ms: int
    owner: str


@attrs.frozen
class Catalog:
    """All topics, in the catalogue's order."""

    topics: tuple[Topic, ...]
    dead_letters: DeadLetters

    def topic(self, contract: str) -> Topic:
        """The topic with that name in the catalogue. Raises CatalogError if there is none."""
        for topic in self.topics:
            if topic.contract == contract:
                return topic
        raise CatalogError(
            f"no topic {contract!r} in the catalogue; it has {', '.join(t.contract for t in self.topics)}"
        )


_DEAD_LETTERS = "KAFKA_TOPIC_DEAD_LETTERS"


def load(settings: Settings) -> Catalog:
    """Read the project's catalogue, with the topics' names that `settings` overrides.

    Raises NoProject outside a project, and CatalogError for a file that is missing, is not TOML, or has an entry that
    cannot be used.
    """
    path = settings.project.contracts
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        where = settings.project.folder / project.FILE
        raise CatalogError(f"{path}: {error.strerror}; {where} names the catalogue as contracts") from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise CatalogError(f"{path}: {error}") from error
    _require_known(content, ("topics", "dead_letters"), "", path)
    if not (entries := _table(content, "topics", "", path)):
        raise CatalogError(f"{path}: no topic; expected a table [topics.NAME] for each")
    topics = tuple(_topic(name, _table(entries, name, "topics.", path), settings, path) for name in entries)
    entry = _table(content, "dead_letters", "", path)
    _require_known(entry, ("topic", "partitions", "retention_days", "owner"), "dead_letters.", path)
    dead_letters = DeadLetters(
        name=settings.topic_names.get(_DEAD_LETTERS, _value(entry, "topic", str, "dead_letters", path)),
        partitions=_value(entry, "partitions", int, "dead_letters", path),
        retention_ms=_value(entry, "retention_days", int, "dead_letters", path) * _DAY_MS,
        owner=_value(entry, "owner", str, "dead_letters", path),
    )
    named = [entry["setting"] for entry in entries.values() if "setting" in entry]
    known = [*named, _DEAD_LETTERS]
    for setting in settings.topic_names.keys() - known:
        raise CatalogError(f"setting {setting} names no topic of {path}; {project.meant(setting, known)}")
    names = [*(topic.name for topic in topics), dead_letters.name]
    for name in names:
        if not _NAME.fullmatch(name) or name in (".", ".."):
            raise CatalogError(
                f"{path}: {name!r} is no name for a topic: expected up to 249 letters, digits, dots, '_' and '-'"
            )
        if names.count(name) > 1:
            raise CatalogError(f"{path}: two topics have the name {name!r}")
    return Catalog(topics, dead_letters)


def _topic(contract: str, entry: dict[str, Any], settings: Settings, path: Path) -> Topic:
    where = f"topics.{contract}"
    _require_known(entry, _TOPIC_KEYS, f"{where}.", path)
    compatibility = _value(entry, "compatibility", str, where, path)
    if compatibility not in LEVELS:
        raise CatalogError(f"{path}: {where}.compatibility is {compatibility!r}, expected one of {', '.join(LEVELS)}")
    setting = _value(entry, "setting", str, where, path) if "setting" in entry else ""
    return Topic(
        contract=contract,
        name=settings.topic_names.get(setting, contract),
        key=_value(entry, "key", str, where, path),
        partitions=_value(entry, "partitions", int, where, path),
        retention_ms=_value(entry, "retention_days", int, where, path) * _DAY_MS,
        compatibility=compatibility,
        owner=_value(entry, "owner", str, where, path),
        path=path.parent / _value(entry, "contract", str, where, path),
    )


_TOPIC_KEYS = ("contract", "setting", "key", "partitions", "retention_days", "compatibility", "owner")


def _require_known(entry: dict[str, Any], known: tuple[str, ...], where: str, path: Path) -> None:
    for key in entry:
        if key not in known:
            raise CatalogError(f"{path}: {where}{key} is no key of the catalogue; {project.meant(key, known)}")


def _table(content: dict[str, Any], key: str, where: str, path: Path) -> dict[str, Any]:
    value = content.get(key, {})
    if not isinstance(value, dict):
        raise CatalogError(f"{path}: {where}{key} is {value!r}, expected a table")
    return value


def _value(entry: dict[str, Any], name: str, kind: type, where: str, path: Path) -> Any:
    value = entry.get(name)
    if not isinstance(value, kind) or isinstance(value, bool) or (isinstance(value, str) and "\0" in value):
        raise CatalogError(f"{path}: {where}.{name} is {value!r}, expected {'a number' if kind is int else 'text'}")
    if isinstance(value, int) and not 1 <= value <= _MOST[name]:
        raise CatalogError(f"{path}: {where}.{name} is {value}, expected 1 to {_MOST[name]}")
    return value

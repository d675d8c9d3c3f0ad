"""What the catalogue refuses, and that it says where and why."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.support.contracts import Contracts
from tributary.catalog import CatalogError
from tributary.settings import Settings, load


@pytest.mark.parametrize(
    ("setting", "name"),
    [("KAFKA_TOPIC_PURCHASES", "our orders"), ("KAFKA_TOPIC_DEAD_LETTERS", "."), ("KAFKA_TOPIC_USERS", "u" * 250)],
)
def test_a_name_that_kafka_does_not_take(contracts: Contracts, setting: str, name: str) -> None:
    with pytest.raises(CatalogError, match="is no name for a topic: expected up to 249 letters"):
        contracts.with_settings(load({setting: name}, env_file=Path(os.devnull))).load()


def test_a_file_that_is_not_utf8(contracts: Contracts) -> None:
    (contracts.folder / "catalog.toml").write_bytes(b"\xff")
    with pytest.raises(CatalogError, match=r"catalog\.toml: .*utf-8"):
        contracts.load()


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ('topic.a.key = "x"', "topic is no key of the catalogue; did you mean topics?"),
        ("topics = 3", "topics is 3, expected a table"),
        ("topics.a = 3", "topics.a is 3, expected a table"),
        ('topics.a.owners = "x"', "topics.a.owners is no key of the catalogue; did you mean owner?"),
        ("topics.a.setting = 3", "topics.a.compatibility is None, expected text"),
        ("[dead_letters]", "no topic; expected a table [topics.NAME] for each"),
    ],
)
def test_an_entry_that_cannot_be_used_is_named(contracts: Contracts, line: str, expected: str) -> None:
    contracts.project.contracts.write_text(line)
    with pytest.raises(CatalogError) as caught:
        contracts.load()
    assert str(caught.value) == f"{contracts.project.contracts}: {expected}"


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("partitions", "2147483648", "2147483648, expected 1 to 2147483647"),
        ("retention_days", "106751991168", "106751991168, expected 1 to 106751991167"),
        ("retention_days", "0", "0, expected 1 to 106751991167"),
        ("contract", r'"a\u0000.avsc"', r"'a\x00.avsc', expected text"),
    ],
)
def test_a_value_that_neither_kafka_nor_the_system_takes(
    contracts: Contracts, key: str, value: str, expected: str
) -> None:
    lines = contracts.project.contracts.read_text().splitlines()
    first = next(number for number, line in enumerate(lines) if line.startswith(f"{key} = "))
    lines[first] = f"{key} = {value}"
    contracts.project.contracts.write_text("\n".join(lines))
    with pytest.raises(CatalogError) as caught:
        contracts.load()
    assert str(caught.value) == f"{contracts.project.contracts}: topics.product-events.{key} is {expected}"


def test_a_name_for_a_topic_that_is_not_there(contracts: Contracts) -> None:
    named = contracts.with_settings(Settings(topic_names={"KAFKA_TOPIC_USER": "u"}))
    with pytest.raises(CatalogError, match=r"KAFKA_TOPIC_USER names no topic of .*; did you mean KAFKA_TOPIC_USERS"):
        named.load()

"""The generated classes say what the contracts say."""

from __future__ import annotations

import enum
import json
import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
import pytest

from schemas import __main__, catalog, events, generate
from schemas.decoding import decoder
from schemas.encoding import encoder
from settings import Settings
from tests.conftest import Contracts, field


def load(source: str) -> types.ModuleType:
    module = types.ModuleType("generated")
    sys.modules["generated"] = module  # where attrs and the decoder look up a class's module
    exec(compile(source, "generated", "exec"), vars(module))
    return module


def test_the_checked_in_classes_are_those_of_the_contracts() -> None:
    loaded = catalog.load(Settings())
    assert generate.EVENTS.read_text(encoding="utf-8") == generate.events(loaded)
    for topic in loaded.topics:
        cls = getattr(events, topic.event)
        assert topic.text == cls.SCHEMA
        assert [*attrs.fields_dict(cls)] == [f["name"] for f in topic.schema["fields"]]
        assert cls.__doc__.startswith(topic.schema["doc"])


def test_an_edit_to_a_contract_changes_the_class(contracts: Contracts) -> None:
    def change(schema: dict[str, Any]) -> None:
        field(schema, "segment")["doc"] = 'Says "who"'
        schema["fields"] += [
            {"name": "class", "type": ["null", "long"], "default": None, "doc": 'A word that Python keeps, and """.'},
            {"name": "labels", "type": {"type": "map", "values": "double"}, "doc": r"C:\new"},
            {"name": "raw", "type": "bytes"},
            {"name": "size", "type": {"type": "enum", "name": "Size", "symbols": ["S", "None"]}, "default": "None"},
        ]

    module = load(generate.events(contracts.edit("product-events", change)))
    assert {"class_": "int | None", "labels": "dict[str, float]", "raw": "bytes", "size": "Size"}.items() <= (
        module.ProductViewed.__annotations__.items()
    )
    assert issubclass(module.Size, enum.StrEnum)
    values = dict.fromkeys(attrs.fields_dict(module.ProductViewed), "x")
    event = module.ProductViewed(
        **values
        | {
            "event_id": "8f01b009-3832-4678-993d-48fa95b7b921",
            "occurred_at": 1,
            "segment": module.Segment.NEW,
            "price_minor": 1,
            "currency": "EUR",
            "category": None,
            "class_": 3,
            "labels": {"a": 1.5},
            "raw": b"\0",
            "size": module.Size.None_,
        }
    )
    schema = json.loads(module.ProductViewed.SCHEMA)
    assert decoder(schema, schema, module.ProductViewed)(encoder(schema)(event)) == event


def test_a_name_with_two_meanings_is_refused(contracts: Contracts) -> None:
    loaded = contracts.edit("purchases", lambda schema: field(schema, "segment")["type"]["symbols"].append("STAFF"))
    with pytest.raises(
        generate.GenerateError, match=r"purchase_completed\.avsc: Segment has another content than in .*product_viewed"
    ):
        generate.events(loaded)


def test_a_contract_that_is_no_schema_is_refused(contracts: Contracts) -> None:
    loaded = contracts.edit("purchases", lambda schema: field(schema, "region").update(type="strnig"))
    with pytest.raises(generate.GenerateError, match=r"schema\.region: no type is named 'strnig'"):
        generate.events(loaded)


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, contracts: Contracts, tmp_path: Path) -> Callable[..., int]:
    monkeypatch.setattr(generate, "EVENTS", tmp_path / "events.py")
    monkeypatch.setattr(catalog, "CATALOG", contracts.folder / "catalog.toml")
    return lambda *arguments: __main__.main(["generate", *arguments])


def test_check_writes_nothing_and_fails_until_the_file_is_written(
    command: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert command("--check") == 1
    assert "run `make generate` and commit it" in capsys.readouterr().err
    assert not generate.EVENTS.exists()
    assert command() == 0
    assert command("--check") == 0
    generate.EVENTS.write_text("edited", encoding="utf-8")
    assert command("--check") == 1
    assert command() == 0
    assert command("--check") == 0

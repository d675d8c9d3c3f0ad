"""The generated classes say what the contracts say."""

from __future__ import annotations

import builtins
import enum
import json
import keyword
import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas import __main__, events
from tests.support.avro import avro_data
from tests.support.contracts import Contracts, field
from tributary import catalog
from tributary.avro import codegen, naming
from tributary.avro.rows.decoder import decoder
from tributary.avro.rows.encoder import encoder
from tributary.avro.schema import PRIMITIVES
from tributary.settings import Settings


def load(source: str) -> types.ModuleType:
    module = types.ModuleType("generated")
    sys.modules["generated"] = module  # where attrs and the decoder look up a class's module
    exec(compile(source, "generated", "exec"), vars(module))
    return module


def test_the_checked_in_classes_are_those_of_the_contracts() -> None:
    loaded = catalog.load(Settings())
    written = Settings().project.events
    assert written is not None
    assert written.read_text(encoding="utf-8") == codegen.events(loaded)
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

    module = load(codegen.events(contracts.edit("product-events", change)))
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
        codegen.GenerateError, match=r"purchase_completed\.avsc: Segment has another content than in .*product_viewed"
    ):
        codegen.events(loaded)


def test_a_contract_that_is_no_schema_is_refused(contracts: Contracts) -> None:
    loaded = contracts.edit("purchases", lambda schema: field(schema, "region").update(type="strnig"))
    with pytest.raises(codegen.GenerateError, match=r'undefined name: "tributary\.events\.strnig" in field region'):
        codegen.events(loaded)


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, contracts: Contracts) -> Callable[..., int]:
    monkeypatch.setenv("TRIBUTARY_PROJECT", str(contracts.folder))
    return lambda *arguments: __main__.main(["generate", *arguments])


def test_check_writes_nothing_and_fails_until_the_file_is_written(
    command: Callable[..., int], contracts: Contracts, capsys: pytest.CaptureFixture[str]
) -> None:
    events = contracts.folder / "events.py"
    assert command("--check") == 1
    assert "run `tributary generate` and commit it" in capsys.readouterr().err
    assert not events.exists()
    assert command() == 0
    assert command("--check") == 0
    events.write_text("edited", encoding="utf-8")
    assert command("--check") == 1
    assert command() == 0
    assert command("--check") == 0


HOSTILE = sorted(
    {
        *(name for cls in enum.StrEnum.__mro__ for name in vars(cls)),
        *dir(type),
        *dir(builtins),
        *dir(attrs.make_class("C", ["a"], frozen=True, slots=True)),
        *keyword.kwlist,
        *keyword.softkwlist,
        *[
            "_",
            "__",
            "___",
            "_a_",
            "_a",
            "__a",
            "__a_",
            "a__",
            "A",
            "a",
            "_id",
            "id",
            "x_id",
            "x__id",
            "x__a",
            "x_x__a",
            "X",
            "x_ClassVarX",
            "class_",
            "class__",
            "SCHEMA_",
        ],
        *[
            "SCHEMA",
            "self",
            "self_",
            "cls",
            "attrs",
            "enum",
            "decimal",
            "annotations",
            "ClassVar",
            "ClassVarX",
            "Event",
            "Event_",
            "x_ClassVar",
        ],
        *[
            "_setattr",
            "_setattr_",
            "_cached_setattr_get",
            "attr_dict",
            "NOTHING",
            "_config",
            "other",
            "name_",
            "value_",
            "mro",
            "mro_",
            "data",
            "at",
        ],
    }
    - {*PRIMITIVES}
)


@st.composite
def hostile(draw: avro_data.Draw) -> Any:
    """A record whose fields, symbols and types have names that Python, attrs or enum know."""
    schema = draw(avro_data.records())
    names = draw(st.permutations(HOSTILE))
    types = dict(zip(sorted(avro_data.definitions(schema)), names, strict=False))
    words = dict(zip(dict.fromkeys([*avro_data.FIELDS, *avro_data.SYMBOLS]), reversed(names), strict=False))

    def renamed(kind: Any) -> Any:
        if isinstance(kind, str):
            return types.get(kind, kind)
        if isinstance(kind, list):
            return [renamed(branch) for branch in kind]
        changed = {key: renamed(kind[key]) for key in ("name", "items", "values") if key in kind}
        if "symbols" in kind:
            changed["symbols"] = [words[symbol] for symbol in kind["symbols"]]
        if "fields" in kind:
            changed["fields"] = [
                with_default(f | {"name": words[f["name"]], "type": renamed(f["type"])}) for f in kind["fields"]
            ]
        return kind | changed

    def with_default(field: Any) -> Any:
        kind = field["type"]
        if isinstance(kind, dict) and kind["type"] == "enum" and draw(st.booleans()):
            return field | {"default": kind["symbols"][0]}
        if kind == "string" and draw(st.booleans()):
            return field | {"default": draw(st.text())}
        return field | {"doc": draw(st.text(max_size=5))}

    return renamed(schema)


@settings(max_examples=150)
@given(data=st.data())
def test_whatever_the_names_the_classes_carry_the_events(data: st.DataObject) -> None:
    schema = data.draw(hostile())
    topic = catalog.Topic("t", "t", "k", 1, 1, "FULL", "o", Path("t.avsc"))
    vars(topic).update(text=json.dumps(schema), schema=schema)
    loaded = catalog.Catalog((topic,), catalog.DeadLetters("d", 1, 1, "o"))
    cls = getattr(load(codegen.events(loaded)), naming.class_(schema["name"]))
    assert topic.text == cls.SCHEMA
    body = encoder(schema, keys=True)(data.draw(avro_data.data(schema)))
    event = decoder(schema, schema, cls)(body)
    assert type(event) is cls
    assert encoder(schema)(event) == body
    values = {name: getattr(event, name) for name in map(naming.attribute, [f["name"] for f in schema["fields"]])}
    assert cls(**values) == event


@given(st.sets(st.sampled_from(HOSTILE) | st.from_regex(r"(x_)*_{0,2}[a-z]?_{0,2}", fullmatch=True), min_size=2))
def test_two_names_stay_two(names: set[str]) -> None:
    for rename in (naming.attribute, naming.class_, naming.member):
        assert len({rename(name) for name in names}) == len(names)


@pytest.mark.parametrize(
    ("kind", "default"),
    [
        ("double", float("nan")),
        ("double", 10**400),
        ("long", "3"),
        ("long", 2**63),
        ("string", None),
        ("string", "\ud800"),
        ({"type": "enum", "name": "E", "symbols": ["A"]}, "B"),
        ({"type": "enum", "name": "E", "symbols": []}, "B"),
        ({"type": "record", "name": "N", "fields": [{"name": "n", "type": "N", "default": {}}]}, {}),
    ],
)
def test_a_default_that_cannot_be_is_no_default(contracts: Contracts, kind: Any, default: Any) -> None:
    extra = {"name": "extra", "type": kind, "default": default, "doc": "\0 \x1b[31m \ud800 \u2028"}
    loaded = contracts.edit("purchases", lambda schema: schema["fields"].append(extra))
    source = codegen.events(loaded)
    source.encode()
    assert attrs.fields_dict(load(source).PurchaseCompleted)["extra"].default is attrs.NOTHING

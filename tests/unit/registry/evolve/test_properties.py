"""Any sequence of edits of our contracts, at any level, against a model that edits the parsed JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import attrs
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from tests.support.contracts import Contracts
from tests.support.registry.workshop import Workshop
from tributary.avro.parser import parse
from tributary.catalog import LEVELS
from tributary.registry import compatibility
from tributary.registry.contract.json_edit import locate
from tributary.registry.evolve.edits import AddField, AddSymbol, Deprecate, Edit, Rename, Widen
from tributary.registry.evolve.evolve import EvolveError
from tributary.registry.lint.engine import lint

CONTRACTS = ("product-events", "user-events", "purchases")
ENVELOPE = ("event_id", "occurred_at", "user_id", "session_id", "segment", "region")
NAMES = ("extra", "pieces", "note")
PATHS = st.sampled_from(
    [
        *("region", "segment", "occurred_at", "category", "quantity", "currency", "action", "nowhere"),
        *("items[].quantity", "items.price_minor", "items", "total_minor"),
        *NAMES,
        *(f"items.{name}" for name in NAMES),
    ]
)
TYPES = st.sampled_from([("int", 0), ("string", ""), ("long", None), ({"type": "array", "items": "int"}, [])])


@st.composite
def added(draw: st.DrawFn) -> AddField:
    kind, default = draw(TYPES)
    given_default = {} if draw(st.booleans()) else {"default": default}
    path = draw(st.sampled_from(["", "items[].", "items."])) + draw(st.sampled_from(NAMES))
    return AddField(path, kind, "What it is.", draw(st.booleans()), **given_default)


EDITS: st.SearchStrategy[Edit] = st.one_of(
    added(),
    st.builds(Rename, PATHS, st.sampled_from(NAMES), st.booleans()),
    st.builds(Deprecate, PATHS, st.just("Use another.")),
    st.builds(Widen, PATHS, st.sampled_from(["long", "double", "bytes"])),
    st.builds(AddSymbol, st.sampled_from(["Segment", "segment", "CartAction", "action"]), st.sampled_from(["X", "Y"])),
)
LAYOUTS = st.sampled_from([None, {"indent": 2}, {"indent": "\t"}, {"separators": (",", ":")}])


# ---- the model: what an edit does to the parsed contracts -------------------------------------------


@attrs.frozen
class Spot:
    """The object that an edit changes, in one contract, and where that stands."""

    contract: str
    pointer: str
    spec: dict[str, Any]


def spots(schemas: dict[str, Any], contract: str, edit: Edit) -> Iterator[Spot]:
    if isinstance(edit, AddSymbol):
        field = {"Segment": "segment", "CartAction": "action"}.get(edit.name, edit.name)
        for name in CONTRACTS if field == "segment" else [contract]:
            pointer, spec = descend(schemas[name], field)
            yield Spot(name, f"{pointer}/type", spec["type"])
        return
    path = edit.path.replace("[]", "")  # type: ignore[attr-defined]
    if isinstance(edit, AddField):
        record = schemas[contract]
        if path.startswith("items."):
            yield Spot(
                contract, f"{descend(record, 'items')[0]}/type/items", descend(record, "items")[1]["type"]["items"]
            )
        else:
            yield Spot(contract, "", record)
        return
    for name in CONTRACTS if path in ENVELOPE else [contract]:
        yield Spot(name, *descend(schemas[name], path))


def descend(record: dict[str, Any], path: str) -> tuple[str, dict[str, Any]]:
    first, _, rest = path.partition(".")
    at = [field["name"] for field in record["fields"]].index(first)
    field = record["fields"][at]
    if not rest:
        return f"/fields/{at}", field
    pointer, inner = descend(field["type"]["items"], rest)
    return f"/fields/{at}/type/items{pointer}", inner


def make(edit: Edit, spec: dict[str, Any]) -> None:
    match edit:
        case AddField(path, kind, doc, optional):
            field = {"name": path.rpartition(".")[2], "type": kind, "doc": doc}
            if isinstance(edit.default, int | str | list):
                field["default"] = edit.default
            if optional:
                field["type"] = [kind, "null"] if "default" in field else ["null", kind]
                field.setdefault("default", None)
            elif edit.default is None:
                field["default"] = None
            spec["fields"].append(field)
        case Rename(_, new, prepare):
            aliases = spec.setdefault("aliases", [])
            if prepare:
                aliases.append(new)
            else:
                spec["aliases"] = [alias for alias in aliases if alias != new] + [spec["name"]]
                spec["name"] = new
        case Deprecate(_, doc):
            spec["doc"] = f"Deprecated: {doc} {spec['doc']}"
        case Widen(_, wider):
            spec["type"] = widened(spec["type"], wider)
        case AddSymbol(_, symbol):
            spec["symbols"].append(symbol)


def widened(kind: Any, wider: str) -> Any:
    if isinstance(kind, list):
        return [widened(branch, wider) for branch in kind]
    if isinstance(kind, dict):
        inner = "items" if kind["type"] == "array" else "type"
        return {**kind, inner: widened(kind[inner], wider)}
    promoted = {"long": ["int"], "double": ["int", "long", "float"], "bytes": ["string"]}
    return wider if kind in promoted[wider] else kind


# ---- the property ------------------------------------------------------------------------------------


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from(LEVELS),
    LAYOUTS,
    st.lists(st.tuples(st.sampled_from((*CONTRACTS, "purchases")), EDITS, st.booleans()), min_size=1, max_size=5),
)
def test_any_sequence_of_edits(
    contracts: Contracts, level: str, layout: dict[str, Any] | None, steps: list[tuple[str, Edit, bool]]
) -> None:
    originals = {path: path.read_bytes() for path in contracts.folder.rglob("*.*") if path.is_file()}
    try:
        for topic in contracts.load().topics if layout is not None else ():
            topic.path.write_text(json.dumps(topic.schema, ensure_ascii=False, **layout) + "\n")  # type: ignore[arg-type]
        workshop = Workshop(contracts, level)
        for contract, edit, register in steps:
            step(workshop, level, contract, edit)
            if register:
                workshop.register()
    finally:
        for path, content in originals.items():
            path.write_bytes(content)


def step(workshop: Workshop, level: str, contract: str, edit: Edit) -> None:
    before = workshop.texts()
    try:
        allowed = workshop.evolve(contract, edit).allowed
    except EvolveError:
        allowed = False
    after = workshop.texts()
    event(f"{type(edit).__name__} {'made' if allowed else 'refused'}")
    if not allowed:
        assert after == before
        return
    model = {name: json.loads(text) for name, text in before.items()}
    edited = list(spots(model, contract, edit))
    for spot in edited:
        make(edit, spot.spec)
    assert {name: json.loads(text) for name, text in after.items()} == model
    for spot in edited:
        only_there(before[spot.contract], after[spot.contract], spot.pointer)
    assert lint(workshop.contracts.load(), workshop.contracts.project) == []
    for topic in workshop.contracts.load().topics:
        versions = [parse(version.schema) for version in workshop.versions[topic.subject]]
        assert compatibility.check(level, parse(topic.text), versions) == []


def only_there(before: str, after: str, pointer: str) -> None:
    """Outside the value at the pointer nothing differs; inside it, what says the same is written the same."""
    old, new = locate(before), locate(after)
    assert before[: old[pointer].value] == after[: new[pointer].value]
    assert before[old[pointer].end :] == after[new[pointer].end :]
    for inside in old.keys() & new.keys():
        was, now = before[old[inside].value : old[inside].end], after[new[inside].value : new[inside].end]
        if json.loads(was) == json.loads(now):
            assert was == now

"""Lint: the contracts as they are pass, and each rule finds what it is there for."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.contracts import Contracts, Edit, field
from tributary.cli.contracts import lint as command
from tributary.registry.lint import engine as linting
from tributary.registry.lint.engine import Finding, UnknownRule, lint
from tributary.registry.lint.exemptions import ExemptionError


def found(contracts: Contracts, contract: str, edit: Edit) -> list[tuple[str, str]]:
    return [
        (finding.rule, finding.path)
        for finding in lint(contracts.edit(contract, edit), contracts.project, basics_only=True)
    ]


def remove(name: str) -> Edit:
    return lambda schema: schema["fields"].remove(field(schema, name))


def update(name: str, /, **attributes: Any) -> Edit:
    return lambda schema: field(schema, name).update(attributes)


def add(**attributes: Any) -> Edit:
    return lambda schema: schema["fields"].append({"name": "extra", "doc": "More.", **attributes})


def test_our_contracts_pass(contracts: Contracts) -> None:
    assert lint(contracts.load(), contracts.project) == []


BASICS: list[tuple[str, Edit, list[tuple[str, str]]]] = [
    ("missing envelope field", remove("region"), [("envelope-present", "")]),
    ("missing key", remove("user_id"), [("envelope-present", ""), ("key-present", "")]),
    ("envelope of another type", update("session_id", type="bytes"), [("envelope-identical", "session_id")]),
    ("envelope with another doc", update("region", doc="Where."), [("envelope-identical", "region")]),
    ("no doc on a field", update("price_minor", doc=" "), [("docs-present", "price_minor")]),
    ("no doc on a record", lambda schema: schema.pop("doc"), [("docs-present", "")]),
    ("default of another type", add(type="int", default="1"), [("defaults-valid", "extra")]),
    ("default of a later branch", add(type=["string", "null"], default=None), [("defaults-valid", "extra")]),
    ("default beyond int", add(type="int", default=2**31), [("defaults-valid", "extra")]),
    ("default that is no symbol", add(type="Segment", default="GOLD"), [("defaults-valid", "extra")]),
    (
        "default in a nested type",
        add(type={"type": "array", "items": "int"}, default=["1"]),
        [("defaults-valid", "extra")],
    ),
    ("valid default of an enum", add(type="Segment", default="VIP"), []),
    ("valid default of a union", add(type=["null", "long"], default=None), []),
    ("unknown type", add(type="nope"), [("parses", "")]),
    ("illegal name", update("price_minor", name="price-minor"), [("parses", "")]),
]


@pytest.mark.parametrize(("edit", "expected"), [pytest.param(*case[1:], id=case[0]) for case in BASICS])
def test_basics(contracts: Contracts, edit: Edit, expected: list[tuple[str, str]]) -> None:
    assert found(contracts, "product-events", edit) == expected


def test_a_default_in_a_nested_record_is_checked(contracts: Contracts) -> None:
    def edit(schema: dict[str, Any]) -> None:
        field(schema, "items")["type"]["items"]["fields"][1]["default"] = "one"

    assert found(contracts, "purchases", edit) == [("defaults-valid", "items[].quantity")]


def test_not_json_is_one_finding(contracts: Contracts) -> None:
    contracts.load().topic("purchases").path.write_text('{"type": "record",')
    rules = [finding.rule for finding in lint(contracts.load(), contracts.project)]
    assert rules == ["parses"]


def test_partitions_and_keys_are_those_of_the_others(contracts: Contracts) -> None:
    path = contracts.folder / "catalog.toml"
    before, after = path.read_text().rsplit("partitions = 6", 1)
    before_key, after_key = (before + "partitions = 12" + after).rsplit('key = "user_id"', 1)
    path.write_text(before_key + 'key = "order_id"' + after_key)
    findings = lint(contracts.load(), contracts.project, basics_only=True)
    assert [finding.topic for finding in findings] == ["purchases", "purchases"]
    assert [finding.fix for finding in findings] == [
        "set partitions = 6 in [topics.purchases] of catalog.toml",
        'set key = "user_id" in [topics.purchases] of catalog.toml',
    ]


def test_a_finding_says_where_and_what_to_write(contracts: Contracts) -> None:
    catalog = contracts.edit("user-events", update("region", type="bytes"))
    finding = lint(catalog, contracts.project)[0]
    path = catalog.topic("user-events").path
    assert (finding.file, finding.path) == (path, "region")
    assert '"name": "region"' in path.read_text().splitlines()[finding.line]  # the field's object opens a line above
    assert finding.fix.startswith('use {"name": "region", "type": "string"')


# ---- switched off ------------------------------------------------------------------------------


def off(contracts: Contracts, text: str) -> list[Finding]:
    contracts.project.exemptions.write_text(text)
    return lint(contracts.edit("product-events", update("price_minor", doc="")), contracts.project)


ENTRY = '[[off]]\nrule = "docs-present"\ntopic = "product-events"\nfield = "{}"\nreason = "{}"\n'


def test_a_rule_can_be_switched_off_for_a_field_with_a_reason(contracts: Contracts) -> None:
    assert off(contracts, ENTRY.format("price_minor", "says it all")) == []


def test_it_stays_on_for_other_fields_and_the_entry_is_reported(contracts: Contracts) -> None:
    rules = {finding.rule for finding in off(contracts, ENTRY.format("category", "says it all"))}
    assert rules == {"docs-present", "exemption-used"}


@pytest.mark.parametrize("text", [ENTRY.format("price_minor", " "), ENTRY.replace("docs-present", "doc"), "[["])
def test_an_entry_without_a_reason_or_a_rule_is_refused(contracts: Contracts, text: str) -> None:
    with pytest.raises(ExemptionError, match=r"exemptions\.toml"):
        off(contracts, text)


def test_one_contract_is_not_several() -> None:
    assert command.text(["a"], []) == "1 contract, 0 findings"
    assert command.markdown(["a", "b", "c"], []) == "**3 contracts, 0 findings**"


# ---- explained ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["parses", *linting.RULES])
def test_every_rule_says_what_it_wants_and_why(name: str) -> None:
    wants, _, why = (
        linting.explain(name).partition("\n\n") if name != "parses" else linting.explain(name).partition("\n")
    )
    assert wants.strip()
    assert len(why.split()) > 10


def test_an_unknown_rule_is_refused_with_a_list() -> None:
    with pytest.raises(UnknownRule, match="docs-present"):
        linting.explain("nope")

"""Check: verdict, who breaks, in which order to deploy, and a fix that fixes."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from tests.support.contracts import Contracts, Edit, field
from tributary.catalog import Topic
from tributary.registry.check import fixes
from tributary.registry.check.verdict import SubjectCheck, check_subject
from tributary.registry.lint.engine import lint
from tributary.registry.lock import Version

FULL = "FULL_TRANSITIVE"


def versions(topic: Topic, *edits: Edit) -> list[Version]:
    """The topic's contract as v1, and one more version for each edit, each made on the one before."""
    schema = json.loads(topic.text)
    texts = [topic.text]
    for edit in edits:
        edit(schema)
        texts.append(json.dumps(schema))
    return [Version(number, 10 + number, text) for number, text in enumerate(texts, 1)]


def checked(contracts: Contracts, contract: str, edit: Edit, level: str = FULL, history: Any = ()) -> SubjectCheck:
    before = versions(contracts.load().topic(contract), *history)
    return check_subject(contracts.edit(contract, edit).topic(contract), level, before)


def add(**attributes: Any) -> Edit:
    return lambda schema: schema["fields"].append({"name": "extra", "doc": "More.", **attributes})


REQUIRED, OPTIONAL = add(type="string"), add(type=["null", "string"], default=None)


def test_unchanged(contracts: Contracts) -> None:
    check = checked(contracts, "purchases", lambda schema: schema["fields"][0].update(order="ascending"))
    assert check.registered is not None
    assert (check.registered.version, check.changes, check.breaks, check.order) == (1, (), (), "")


def test_new(contracts: Contracts) -> None:
    check = check_subject(contracts.load().topic("purchases"), FULL, [])
    assert (check.next_version, check.registered, check.changes, check.breaks) == (1, None, (), ())


def test_docs_only(contracts: Contracts) -> None:
    check = checked(contracts, "purchases", lambda schema: schema.update(doc="Paid."))
    assert (check.next_version, check.docs_only, check.breaks) == (2, True, ())


def test_an_older_version_again(contracts: Contracts) -> None:
    check = checked(contracts, "purchases", lambda _: None, history=[OPTIONAL])
    assert check.registered is not None
    assert (check.registered.version, check.next_version, check.breaks) == (1, 1, ())
    assert [change.text for change in check.changes] == ["removed: null or string, default null"]


def test_a_required_field_breaks_consumers_on_the_new_version(contracts: Contracts) -> None:
    def with_extra(schema: dict[str, Any]) -> None:
        schema["fields"].append({"name": "extra", "type": "string"})

    history = [with_extra, lambda schema: schema["fields"].pop()]
    (found,) = checked(contracts, "product-events", REQUIRED, history=history).breaks
    assert (found.rule, found.path, found.direction) == ("READER_FIELD_MISSING_DEFAULT_VALUE", "extra", "backward")
    assert found.versions == (1, 3)
    assert found.who.startswith("consumers on v4 cannot read what producers on v1 and v3 wrote")
    assert "7 days" in found.who


def test_a_removed_field_breaks_consumers_on_the_old_ones(contracts: Contracts) -> None:
    (found,) = checked(contracts, "product-events", lambda schema: schema["fields"].pop()).breaks
    assert (found.rule, found.path, found.direction) == ("READER_FIELD_MISSING_DEFAULT_VALUE", "currency", "forward")
    assert found.who == "consumers still on v1 cannot read what producers on v2 write"


@pytest.mark.parametrize(
    ("edit", "order"),
    [
        (OPTIONAL, "either"),
        (REQUIRED, "producers first"),
        (lambda schema: schema["fields"].pop(), "consumers first"),
        (lambda schema: field(schema, "price_minor").update(type="string"), "no order is safe"),
    ],
)
def test_the_order_follows_who_can_read_whom(contracts: Contracts, edit: Edit, order: str) -> None:
    assert checked(contracts, "product-events", edit, level="NONE").order.startswith(order)


def test_consumers_go_first_where_older_ones_miss_what_is_new(contracts: Contracts) -> None:
    edit: Edit = lambda schema: field(schema, "action")["type"]["symbols"].append("CLEAR")  # noqa: E731
    assert checked(contracts, "user-events", edit).order.startswith("consumers first: older consumers can read")


@pytest.mark.parametrize(("level", "breaks"), [("BACKWARD", True), ("FORWARD", False), ("FULL", True), ("NONE", False)])
def test_the_level_decides_what_counts(contracts: Contracts, level: str, breaks: bool) -> None:
    assert bool(checked(contracts, "product-events", REQUIRED, level=level).breaks) is breaks


# ---- the fix ---------------------------------------------------------------------------------------


def retype(name: str, kind: Any) -> Edit:
    return lambda schema: field(schema, name).update(type=kind)


def drop_default(schema: dict[str, Any]) -> None:
    field(schema, "segment")["type"].pop("default")


def quantity_as_text(schema: dict[str, Any]) -> None:
    field(schema, "items")["type"]["items"]["fields"][1].update(type="string")


def rename_price(schema: dict[str, Any]) -> None:
    field(schema, "price_minor").update(name="amount_minor", aliases=["price_minor"])


def category_required(schema: dict[str, Any]) -> None:
    field(schema, "category").update(type="string", default="none")


KIND = {"type": "enum", "name": "Kind", "symbols": ["A"]}
DECIMAL = {"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 2}
FIXED: list[tuple[str, str, Edit]] = [
    ("required field", "product-events", REQUIRED),
    ("required enum", "product-events", add(type={"type": "enum", "name": "E", "symbols": ["A"]})),
    ("required array", "product-events", add(type={"type": "array", "items": "long"})),
    ("enum with a default of its own", "product-events", add(type={**KIND, "default": "A"})),
    ("renamed field", "product-events", rename_price),
    ("removed field", "product-events", lambda schema: schema["fields"].pop()),
    ("wider type", "user-events", retype("quantity", "long")),
    ("other type", "user-events", retype("quantity", "string")),
    ("wider union", "product-events", retype("category", ["null", "string", "long"])),
    ("nested type", "purchases", quantity_as_text),
    ("a time of day", "product-events", retype("category", ["null", {"type": "int", "logicalType": "time-millis"}])),
    ("a decimal", "product-events", retype("price_minor", DECIMAL)),
    ("now nullable", "product-events", retype("currency", ["null", "string"])),
    ("no longer nullable", "product-events", category_required),
    ("narrower type", "product-events", retype("price_minor", "int")),
]


def pasted(text: str) -> list[list[dict[str, Any]]]:
    """The fields that a fix says to paste; alternatives are lists of their own."""
    found = []
    for line in text.split("\n"):
        one = [json.loads(line[line.index("{") :])]
        if line.startswith("  and"):
            found[-1] += one
        else:
            found.append(one)
    return found


@pytest.mark.parametrize(("contract", "edit"), [pytest.param(*case[1:], id=case[0]) for case in FIXED])
def test_pasting_the_fix_makes_it_compatible(contracts: Contracts, contract: str, edit: Edit) -> None:
    check = checked(contracts, contract, edit)
    assert check.breaks
    broken = contracts.load().topic(contract).text
    for found in check.breaks:
        for alternative in pasted(found.fix):
            schema = json.loads(broken)
            fields = field(schema, "items")["type"]["items"]["fields"] if "[]" in found.path else schema["fields"]
            for one in alternative:
                names = [old["name"] for old in fields]
                if one["name"] in names:
                    fields[names.index(one["name"])] = one
                else:
                    fields.append(one)
            again = contracts.edit(contract, lambda old, new=schema: old.update(new)).topic(contract)  # type: ignore[misc]
            assert check_subject(again, FULL, check.versions).breaks == ()


@pytest.mark.parametrize(
    ("name", "kind", "beside"),
    [
        ("currency", ["null", "string"], None),
        ("price_minor", "int", None),
        ("price_minor", "double", "price_minor_double"),
        ("price_minor", DECIMAL, "price_minor_decimal"),
        ("currency", {"type": "long", "logicalType": "timestamp-millis"}, "currency_timestamp_millis"),
        ("currency", {"type": "array", "items": KIND}, "currency_kind"),
    ],
)
def test_only_what_the_old_type_cannot_hold_gets_a_field_beside_it(
    contracts: Contracts, name: str, kind: Any, beside: str | None
) -> None:
    found = checked(contracts, "product-events", retype(name, kind)).breaks[0]
    names = [one["name"] for one in pasted(found.fix)[0]]
    assert names == [name, *([beside] if beside else [])]


def test_no_name_is_defined_a_second_time(contracts: Contracts) -> None:
    def edit(schema: dict[str, Any]) -> None:
        items = field(schema, "items")["type"]
        items["items"] = ["null", items["items"]]

    (found,) = checked(contracts, "purchases", edit).breaks
    assert [one["name"] for one in pasted(found.fix)[0]] == ["items"]


def test_what_is_wrong_inside_a_branch_is_put_right_there(contracts: Contracts) -> None:
    gift = {"type": "record", "name": "Gift", "fields": [{"name": "to", "type": "string"}]}
    history = [add(type=["null", gift], default=None)]

    def edit(schema: dict[str, Any]) -> None:
        schema["fields"].append({"name": "extra", "type": ["null", json.loads(json.dumps(gift))], "default": None})
        field(schema, "extra")["type"][1]["fields"].append({"name": "card", "type": "string"})

    (found,) = checked(contracts, "purchases", edit, history=history).breaks
    assert found.rule == "MISSING_UNION_BRANCH"
    assert found.fix.startswith('make it optional: {"name": "card", "type": ["null", "string"], "default": null}')


def test_an_alias_that_may_be_two_fields_is_taken_out(contracts: Contracts) -> None:
    edit: Edit = lambda schema: field(schema, "product_id").update(aliases=["category"])  # noqa: E731
    (found,) = checked(contracts, "product-events", edit).breaks
    assert found.rule == "NOT_COMPARABLE"
    assert found.who.endswith(
        "Reader record field product_id matches multiple fields in writer record schema tributary.events.ProductViewed"
    )
    assert found.fix.startswith("keep only one name or alias of product_id that was written")


def test_every_version_that_the_level_covers_has_a_say_in_the_order(contracts: Contracts) -> None:
    def order(level: str) -> str:
        contracts_history = [add(type=["null", "string"], default=None), lambda schema: schema["fields"].pop()]
        return checked(contracts, "purchases", add(type=["null", "long"], default=None), level, contracts_history).order

    assert order("FULL") == "either: consumers and producers of every version read each other"
    contracts.edit("purchases", lambda schema: schema["fields"].pop())
    assert order("FULL_TRANSITIVE").startswith("no order is safe")


def test_symbols_that_were_written_stay(contracts: Contracts) -> None:
    def edit(schema: dict[str, Any]) -> None:
        field(schema, "segment")["type"].update(symbols=["UNKNOWN", "GOLD"])
        drop_default(schema)

    (found,) = checked(contracts, "product-events", edit).breaks
    assert found.rule == "MISSING_ENUM_SYMBOLS"
    assert found.fix.endswith('["UNKNOWN", "GOLD", "NEW", "REGULAR", "LOYAL", "VIP"]')


def test_new_symbols_need_a_default_in_the_older_versions(contracts: Contracts) -> None:
    contracts.edit("product-events", drop_default)
    edit: Edit = lambda schema: field(schema, "segment")["type"]["symbols"].append("GOLD")  # noqa: E731
    (found,) = checked(contracts, "product-events", edit).breaks
    assert (found.rule, found.direction) == ("MISSING_ENUM_SYMBOLS", "forward")
    assert '"name": "segment_text", "type": ["null", "string"]' in found.fix


def test_a_renamed_record_is_told_both_ways_out(contracts: Contracts) -> None:
    breaks = checked(contracts, "product-events", lambda schema: schema.update(name="Seen")).breaks
    assert {found.direction: found.fix for found in breaks} == {
        "forward": "keep the name tributary.events.ProductViewed: consumers on an older version know only this one",
        "backward": "keep the name tributary.events.ProductViewed, or give the new one an alias: "
        '"aliases": ["tributary.events.ProductViewed"]',
    }


def test_optional_puts_null_first_and_keeps_the_rest() -> None:
    given = {"name": "a", "type": ["string", "null"], "default": "", "doc": "d"}
    assert fixes.optional(given) == {"name": "a", "type": ["null", "string"], "default": None, "doc": "d"}


def test_a_fix_for_another_type_leaves_out_what_belongs_to_the_first(contracts: Contracts) -> None:
    found = checked(contracts, "product-events", lambda schema: field(schema, "price_minor").update(type="string"))
    beside = json.loads(found.breaks[0].fix.rpartition("next to it: ")[2])
    assert beside["type"] == ["null", "string"]
    assert "minimum" not in beside
    contracts.edit("product-events", lambda schema: field(schema, "price_minor").update(type="long"))
    assert not lint(contracts.edit("product-events", lambda schema: schema["fields"].append(beside)), contracts.project)


def test_a_contract_that_cannot_be_read_is_named(contracts: Contracts) -> None:
    topic = contracts.load().topic("purchases")
    for content, expected in (
        (b"{", "not JSON: .*line 1 column 2"),
        (b"\xff", "is not UTF-8"),
        (None, "cannot be read: No such"),
    ):
        if content is None:
            topic.path.unlink()
        else:
            topic.path.write_bytes(content)
        check = check_subject(contracts.load().topic("purchases"), FULL, ())
        assert not check.passed
        assert re.search(rf"purchase_completed\.avsc: .*{expected}", check.invalid)


def test_a_version_that_is_no_schema_is_named(contracts: Contracts) -> None:
    check = check_subject(contracts.load().topic("purchases"), FULL, [Version(3, 1, 'syntax = "proto3";')])
    assert not check.passed
    assert "purchase_completed.avsc: v3 of purchases-value, to compare with, is not an Avro schema" in check.invalid


def test_a_default_that_does_not_fit_is_refused_of_a_contract_and_borne_of_a_version(contracts: Contracts) -> None:
    wrong = add(type="int", default="0")
    stored = versions(contracts.load().topic("purchases"), wrong)
    assert "purchase_completed.avsc: invalid default for field extra" in checked(contracts, "purchases", wrong).invalid
    assert check_subject(contracts.load().topic("purchases"), FULL, stored).passed  # registered as it is
    mended = contracts.edit("purchases", lambda schema: field(schema, "extra").update(default=0)).topic("purchases")
    check = check_subject(mended, FULL, stored)
    assert (check.invalid, check.next_version) == ("", 3)

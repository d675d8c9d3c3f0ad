"""What the registry lets through but data does not survive."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.contracts import Contracts, Edit, field
from tributary.registry.check.verdict import SubjectCheck, check_all
from tributary.registry.contract.hazards import DANGERS, NOTES
from tributary.registry.lint.exemptions import ExemptionError
from tributary.registry.lock import Version


def checked(contracts: Contracts, contract: str, *edits: Edit) -> SubjectCheck:
    """The verdict on the last edit, with the contract as it is and the edits before as registered versions."""
    before = contracts.load()
    versions = {topic.subject: [Version(1, 1, topic.text)] for topic in before.topics}
    for number, edit in enumerate(edits, 2):
        topic = contracts.edit(contract, edit).topic(contract)
        if number <= len(edits):
            versions[topic.subject].append(Version(number, 10 + number, topic.text))
    checks = check_all(contracts.load().topics, versions, contracts.project)
    return next(check for check in checks if check.topic.contract == contract)


def add(name: str, kind: Any, /, **attributes: Any) -> Edit:
    return lambda schema: schema["fields"].append({"name": name, "type": kind, "doc": "More.", **attributes})


def update(name: str, /, **attributes: Any) -> Edit:
    return lambda schema: field(schema, name).update(attributes)


def retype(name: str, /, **attributes: Any) -> Edit:
    return lambda schema: field(schema, name)["type"].update(attributes)


def remove(name: str) -> Edit:
    return lambda schema: schema["fields"].remove(field(schema, name))


def optional(name: str, kind: Any = "string", doc: str = "More.") -> Edit:
    return add(name, ["null", kind], default=None, doc=doc)


def quantity(**attributes: Any) -> Edit:
    def edit(schema: dict[str, Any]) -> None:
        field(schema, "items")["type"]["items"]["fields"][1].update(attributes)

    return edit


def decimal(scale: int, precision: int = 9) -> dict[str, Any]:
    return {"type": "bytes", "logicalType": "decimal", "precision": precision, "scale": scale}


def unmark(schema: dict[str, Any]) -> None:
    field(schema, "note").pop("pii")


MILLIS, MICROS = ({"type": "long", "logicalType": f"timestamp-{unit}"} for unit in ("millis", "micros"))
NO_DEFAULT = {"type": "enum", "name": "E", "doc": "One.", "symbols": ["A", "B"]}
LOST, AS_TEXT = [("precision-lost", "n")], ("bytes-as-text", "b")


def rename_note(schema: dict[str, Any]) -> None:
    field(schema, "note")["name"] = "remark"


AT = add("at", {"type": "long", "logicalType": "timestamp-millis"}, default=0)
CASES: list[tuple[str, str, list[Edit], list[tuple[str, str]]]] = [
    ("nothing", "purchases", [optional("note")], []),
    ("doc", "purchases", [update("items", doc="Others.")], []),
    ("unit of a time", "purchases", [AT, retype("at", logicalType="timestamp-micros")], [("unit-changed", "at")]),
    ("no longer a time", "purchases", [AT, update("at", type="long")], [("logical-type-changed", "at")]),
    (
        "scale",
        "purchases",
        [add("d", decimal(2), default=""), update("d", type=decimal(3))],
        [("decimal-changed", "d")],
    ),
    (
        "namespace",
        "user-events",
        [retype("action", namespace="shop")],
        [("namespace-changed", "action")],
    ),
    ("symbol gone", "user-events", [retype("action", symbols=["UNKNOWN", "ADD"])], [("symbol-removed", "action")]),
    (
        "symbol new",
        "user-events",
        [retype("action", symbols=["UNKNOWN", "ADD", "REMOVE", "CLEAR"])],
        [("symbol-added", "action")],
    ),
    (
        "symbols reordered",
        "user-events",
        [retype("action", symbols=["UNKNOWN", "REMOVE", "ADD"])],
        [("symbols-reordered", "action")],
    ),
    ("enum's default", "user-events", [retype("action", default="ADD")], [("default-changed", "action")]),
    ("field's default", "purchases", [add("n", "int", default=0), update("n", default=1)], [("default-changed", "n")]),
    ("to a float", "purchases", [add("n", "long", default=0), update("n", type="double")], [("precision-lost", "n")]),
    ("default hides", "purchases", [add("n", "int", default=0)], [("default-hides-missing", "n")]),
    ("range", "purchases", [quantity(minimum=2)], [("range-tightened", "items[].quantity")]),
    ("new upper bound", "purchases", [quantity(maximum=9)], [("range-tightened", "items[].quantity")]),
    ("wider range", "purchases", [quantity(minimum=0)], []),
    ("pattern", "purchases", [update("currency", pattern="^EUR$")], [("range-tightened", "currency")]),
    (
        "rename without alias",
        "purchases",
        [optional("note"), rename_note],
        [("default-read-instead", "note"), ("renamed-without-alias", "remark")],
    ),
    (
        "rename with alias",
        "purchases",
        [optional("note"), update("note", name="remark", aliases=["note"])],
        [("default-read-instead", "remark")],
    ),
    (
        "name reused",
        "purchases",
        [optional("note"), remove("note"), optional("note", doc="Another meaning.")],
        [("name-reused", "note")],
    ),
    (
        "precision narrower",
        "purchases",
        [add("d", decimal(2), default=""), update("d", type=decimal(2, 5))],
        [("decimal-changed", "d")],
    ),
    (
        "precision wider",
        "purchases",
        [add("d", decimal(2), default=""), update("d", type=decimal(2, 12))],
        [("decimal-widened", "d")],
    ),
    (
        "unit, in a union",
        "purchases",
        [optional("at", MILLIS), update("at", type=["null", MICROS])],
        [("unit-changed", "at")],
    ),
    (
        "unit, now optional",
        "purchases",
        [add("at", MILLIS), update("at", type=["null", MICROS])],
        [("unit-changed", "at")],
    ),
    (
        "a date is a time",
        "purchases",
        [optional("at", {"type": "int", "logicalType": "date"}), update("at", type=["null", MILLIS])],
        [("logical-type-changed", "at")],
    ),
    ("to a float, in a union", "purchases", [optional("n", "long"), update("n", type=["null", "double"])], LOST),
    ("a branch beside", "purchases", [optional("n", "long"), update("n", type=["null", "long", "double"])], []),
    ("bytes as text", "purchases", [optional("b", "bytes"), update("b", type=["null", "string"])], [AS_TEXT]),
    ("text as bytes", "purchases", [optional("b", "string"), update("b", type=["null", "bytes"])], [AS_TEXT]),
    ("optional field gone", "product-events", [remove("category")], [("default-read-instead", "category")]),
    (
        "no longer personal",
        "purchases",
        [add("note", ["null", "string"], default=None, pii="name"), unmark],
        [("personal-mark-removed", "note")],
    ),
    ("symbol gone, no default", "purchases", [add("e", NO_DEFAULT, default="A"), retype("e", symbols=["A"])], []),
    (
        "symbol new, no default",
        "purchases",
        [add("e", NO_DEFAULT, default="A"), retype("e", symbols=["A", "B", "C"])],
        [],
    ),
    ("a first default", "purchases", [add("n", "int"), update("n", default=0)], []),
    (
        "the alias of two",
        "purchases",
        [optional("a"), optional("b"), update("b", aliases=["a"])],
        [("alias-taken", "b")],
    ),
    ("name back as it was", "purchases", [optional("note"), remove("note"), optional("note")], []),
]


@pytest.mark.parametrize(("contract", "edits", "expected"), [pytest.param(*case[1:], id=case[0]) for case in CASES])
def test_finds(contracts: Contracts, contract: str, edits: list[Edit], expected: list[tuple[str, str]]) -> None:
    check = checked(contracts, contract, *edits)
    assert [(hazard.rule, hazard.path) for hazard in check.hazards] == expected


def test_every_rule_has_a_case() -> None:
    seen = {rule for *_, expected in CASES for rule, _ in expected} | {"joined-field-changed"}
    assert seen == {*DANGERS, *NOTES}


def test_a_danger_fails_the_check_and_a_note_does_not(contracts: Contracts) -> None:
    assert checked(contracts, "purchases", add("n", "int", default=0)).passed
    assert not checked(contracts, "purchases", quantity(minimum=2)).passed


def test_the_envelope_changes_in_every_topic_or_in_none(contracts: Contracts) -> None:
    versions = {topic.subject: [Version(1, 1, topic.text)] for topic in contracts.load().topics}
    symbols = ["UNKNOWN", "NEW", "REGULAR", "LOYAL", "VIP", "GOLD"]

    def rules() -> list[list[str]]:
        checks = check_all(contracts.load().topics, versions, contracts.project)
        return [[h.rule for h in check.hazards] for check in checks]

    contracts.edit("product-events", retype("segment", symbols=symbols))
    assert rules() == [["symbol-added", "joined-field-changed"], [], []]
    contracts.edit("user-events", retype("segment", symbols=symbols))
    assert rules() == [["symbol-added", "joined-field-changed"], ["symbol-added", "joined-field-changed"], []]
    contracts.edit("purchases", retype("segment", symbols=symbols))
    assert rules() == [["symbol-added"]] * 3


def test_a_danger_can_be_accepted_with_a_reason(contracts: Contracts) -> None:
    off = contracts.project.exemptions
    entry = '[[off]]\nrule = "range-tightened"\ntopic = "purchases"\nfield = "items[].quantity"\nreason = "{}"\n'
    off.write_text(entry.format("no order ever had fewer"))
    check = checked(contracts, "purchases", quantity(minimum=2))
    assert (check.passed, check.hazards) == (True, ())
    assert [(hazard.rule, reason) for hazard, reason in check.accepted] == [
        ("range-tightened", "no order ever had fewer")
    ]

    off.write_text(entry.format(""))
    with pytest.raises(ExemptionError, match="the reason is empty"):
        checked(contracts, "purchases", quantity(minimum=2))


def test_the_key_under_another_name_in_one_topic(contracts: Contracts) -> None:
    check = checked(contracts, "purchases", update("user_id", name="buyer_id", aliases=["user_id"]))
    (hazard,) = check.hazards
    assert (hazard.rule, hazard.path) == ("joined-field-changed", "user_id")
    assert "not in the topics it is joined with (product-events, user-events)" in hazard.text


def test_what_is_read_instead_is_named(contracts: Contracts) -> None:
    symbols = ["UNKNOWN", "ADD", "REMOVE", "CLEAR"]
    (added,) = checked(contracts, "user-events", retype("action", symbols=symbols)).hazards
    assert added.text.endswith("CLEAR added: consumers on an older version read it as UNKNOWN")
    (gone,) = checked(contracts, "product-events", remove("category")).hazards
    assert gone.text == "consumers on an older version read null as category, as if it had been written"

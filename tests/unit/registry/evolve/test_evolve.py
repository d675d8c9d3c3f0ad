"""The next version of a contract: a minimal edit where the levels and lint allow it, and nothing where they do not."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.support.contracts import Contracts, field
from tests.support.registry.workshop import Workshop
from tributary.avro.schema import SchemaError
from tributary.catalog import LEVELS
from tributary.registry.evolve import evolve
from tributary.registry.evolve.edits import AddField, AddSymbol, Deprecate, Edit, Rename, Widen
from tributary.registry.evolve.evolve import Evolution, EvolveError
from tributary.registry.lint.engine import lint
from tributary.registry.lock import Version

REQUIRED = AddField("items[].colour", "string", "Its colour.")
OPTIONAL = AddField("items[].colour", "string", "Its colour.", optional=True)
DEFAULT = AddField("items[].colour", "string", "Its colour.", default="none")


@pytest.fixture
def workshop(contracts: Contracts) -> Workshop:
    return Workshop(contracts, "FULL_TRANSITIVE")


def changed(made: Evolution) -> list[str]:
    """The changed lines, - and +, of all files."""
    return [line for line in made.diff.splitlines() if line[0] in "+-" and line[:3] not in ("+++", "---")]


# ---- what is written -------------------------------------------------------------------------------


def test_a_field_is_one_more_line(workshop: Workshop) -> None:
    removed, comma, added = changed(workshop.evolve("purchases", OPTIONAL))
    assert comma == f"+{removed[1:]},"
    assert added == '+      {"name": "colour", "type": ["null", "string"], "default": null, "doc": "Its colour."}'


@pytest.mark.parametrize(
    ("edit", "before", "after"),
    [
        (AddSymbol("CartAction", "SAVE"), '"REMOVE"]', '"REMOVE", "SAVE"]'),
        (AddSymbol("action", "SAVE"), '"REMOVE"]', '"REMOVE", "SAVE"]'),
        (Deprecate("quantity", "Use pieces"), '"How', '"Deprecated: Use pieces. How'),
        (Rename("quantity", "pieces", prepare=True), '"minimum": 1}', '"minimum": 1, "aliases": ["pieces"]}'),
    ],
)
def test_an_edit_changes_nothing_but_what_it_is_about(workshop: Workshop, edit: Edit, before: str, after: str) -> None:
    removed, added = changed(workshop.evolve("user-events", edit))
    assert added[1:] == removed[1:].replace(before, after) != removed[1:]


def test_a_rename_keeps_the_earlier_names_as_aliases(contracts: Contracts) -> None:
    workshop = Workshop(contracts, "BACKWARD_TRANSITIVE")
    for old, new in (("items.quantity", "pieces"), ("items.pieces", "count"), ("items.count", "pieces")):
        assert workshop.evolve("purchases", Rename(old, new)).allowed
    item = field(workshop.schema("purchases"), "items")["type"]["items"]["fields"][1]
    assert (item["name"], item["aliases"]) == ("pieces", ["quantity", "count"])


@pytest.mark.parametrize("layout", [{"indent": 2}, {"indent": "\t"}, {"separators": (",", ":")}, {}])
@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_layout_and_line_ends_stay(workshop: Workshop, layout: dict[str, Any], end: str) -> None:
    path = workshop.contracts.load().topic("purchases").path
    text = json.dumps(workshop.schema("purchases"), **layout).replace("\n", end or "\n") + end
    path.write_bytes(text.encode())
    workshop.evolve("purchases", Deprecate("items.quantity", "Use pieces."))
    assert path.read_bytes().decode() == text.replace("How many", "Deprecated: Use pieces. How many")


def test_a_new_field_is_laid_out_as_those_before_it(workshop: Workshop) -> None:
    workshop.contracts.edit("purchases", lambda _: None)  # one attribute a line
    made = workshop.evolve("purchases", OPTIONAL).files[0]
    indent = re.search(r"\n( +)\"name\": \"quantity\",\n", made.before)
    assert indent
    outer, inner = indent[1][:-2], indent[1]
    members = ['"name": "colour"', '"type": ["null", "string"]', '"default": null', '"doc": "Its colour."']
    field = f",\n{outer}{{\n" + ",\n".join(inner + member for member in members) + f"\n{outer}}}"
    assert made.after.replace(field, "") == made.before


def test_a_default_is_of_the_first_branch(workshop: Workshop) -> None:
    both = AddField("items.colour", "string", "Its colour.", optional=True, default="none")
    made = workshop.evolve("purchases", both)
    assert [finding.rule for finding in made.findings] == ["optional-null-first"]
    assert '"type": ["string", "null"], "default": "none"' in made.diff


def test_attributes_are_carried_along(workshop: Workshop) -> None:
    edit = AddField("email", "string", "Where to write to.", optional=True)
    refused = workshop.evolve("purchases", edit)
    assert [finding.rule for finding in refused.findings] == ["personal-data-marked"]
    marked = AddField("email", "string", "Where to write to.", optional=True, attributes={"pii": "identity"})
    assert workshop.evolve("purchases", marked).allowed
    assert field(workshop.schema("purchases"), "email")["pii"] == "identity"


# ---- what cannot be made ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        (Deprecate("nowhere", "x"), "no field 'nowhere'; the fields are event_id"),
        (AddField("quantity", "int", "x"), "field 'quantity' already exists"),
        (AddField("quantity.unit", "int", "x"), "field 'quantity' contains no record"),
        (AddField("extra", "strng", "x"), r'undefined name: "tributary\.events\.strng"'),
        (AddField("extra", "string", "x", default=3), "invalid default for field extra .*: 3 is no string"),
        (AddField("extra", "string", "x", default=None), "invalid default for field extra .*: null is no string"),
        (Deprecate("quantity", " "), "the doc is empty"),
        (Rename("quantity", "other.pieces"), "illegal character '.'"),
        (AddField("no good", "string", "x", optional=True), "no good"),
        (Rename("quantity", "currency"), "field 'currency' already exists"),
        (Rename("quantity", "quantity"), "field 'quantity' already has that name"),
        (AddSymbol("CartAction", "ADD"), "enum CartAction already has the symbol ADD"),
        (AddSymbol("quantity", "ADD"), r"named 'quantity'; the enums are: Segment \(segment\), CartAction \(action\)"),
        (
            Widen("price_minor", "string"),
            "'price_minor' is long, which cannot be widened to string; .* to float or double",
        ),
        (Widen("quantity", "bytes"), "Avro promotes it to long or float or double"),
        (Widen("action", "string"), "is enum CartAction, .* has no wider type for it"),
    ],
)
def test_what_cannot_be_made_is_explained(workshop: Workshop, edit: Edit, words: str) -> None:
    with pytest.raises(EvolveError, match=rf"cart_updated\.avsc: .*{words}"):
        workshop.evolve("user-events", edit)


def test_names_that_are_still_read_are_taken(workshop: Workshop) -> None:
    assert workshop.evolve("user-events", Rename("quantity", "pieces", prepare=True)).allowed
    with pytest.raises(EvolveError, match="'pieces' is the earlier name of 'quantity'"):
        workshop.evolve("user-events", AddField("pieces", "int", "x", optional=True))
    with pytest.raises(EvolveError, match="already has the alias 'pieces'"):
        workshop.evolve("user-events", Rename("quantity", "pieces", prepare=True))


def test_a_field_is_deprecated_once(workshop: Workshop) -> None:
    assert workshop.evolve("user-events", Deprecate("quantity", "x")).allowed
    with pytest.raises(EvolveError, match=r"already deprecated: Deprecated: x\. How"):
        workshop.evolve("user-events", Deprecate("quantity", "y"))


# ---- what a level allows ---------------------------------------------------------------------------

EVERY, NOT_FORWARD = ["NONE", "BACKWARD", "FORWARD", "FULL"], ["NONE", "BACKWARD"]
ALLOWED: list[tuple[str, str, Edit, list[str]]] = [
    ("required", "purchases", REQUIRED, ["NONE", "FORWARD"]),
    ("optional", "purchases", OPTIONAL, EVERY),
    ("default", "purchases", DEFAULT, EVERY),
    ("rename", "purchases", Rename("items.quantity", "pieces"), NOT_FORWARD),
    ("rename, with a default", "product-events", Rename("category", "department"), EVERY),
    ("prepare", "purchases", Rename("items.quantity", "pieces", prepare=True), EVERY),
    ("widen a number", "purchases", Widen("items.quantity", "long"), NOT_FORWARD),
    ("widen text", "product-events", Widen("category", "bytes"), []),
    ("symbol", "purchases", AddSymbol("Segment", "GOLD"), EVERY),
    ("symbol, no default", "user-events", AddSymbol("CartAction", "SAVE"), NOT_FORWARD),
    ("deprecate", "purchases", Deprecate("items.quantity", "Use pieces."), EVERY),
]
"""The table in docs/schemas.md."""


def without_default(schema: dict[str, Any]) -> None:
    del field(schema, "action")["type"]["default"]


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize(("name", "contract", "edit", "levels"), ALLOWED)
def test_the_level_decides(
    contracts: Contracts, level: str, name: str, contract: str, edit: Edit, levels: list[str]
) -> None:
    if name.endswith("no default"):
        contracts.edit(contract, without_default)
    made = Workshop(contracts, level).evolve(contract, edit)
    assert made.allowed is (level.removesuffix("_TRANSITIVE") in levels)
    assert bool(made.ways_around) is not made.allowed
    assert {check.level for check in made.checks} == {level}


def test_data_has_to_survive_at_every_level(contracts: Contracts) -> None:
    made = Workshop(contracts, "NONE").evolve("purchases", Widen("items.quantity", "float"))
    assert [hazard.rule for check in made.checks for hazard in check.hazards] == ["precision-lost"]
    assert not made.allowed and "exemptions.toml" in made.ways_around[0]


def test_what_data_does_not_survive_may_be_accepted_with_a_reason(workshop: Workshop) -> None:
    project = workshop.contracts.project
    entry = 'rule = "bytes-as-text"\ntopic = "product-events"\nfield = "category"\nreason = "never written so far"'
    project.exemptions.write_text(f"[[off]]\n{entry}\n")
    catalog = workshop.contracts.load()
    edit = Widen("category", "bytes")
    made = evolve.evolve(catalog, workshop.versions, catalog.topic("product-events"), edit, project)
    assert made.allowed
    assert made.checks[0].accepted[0][1] == "never written so far"


@pytest.mark.parametrize("level", ["FORWARD", "FULL"])
def test_the_two_steps_of_a_rename(contracts: Contracts, level: str) -> None:
    workshop, rename = Workshop(contracts, level), Rename("items.quantity", "pieces")
    (way,) = workshop.evolve("purchases", rename).ways_around
    assert "rename 'items[].quantity' pieces --prepare" in way
    prepared = workshop.evolve("purchases", Rename("items.quantity", "pieces", prepare=True))
    assert prepared.allowed
    assert prepared.notes == ("register it, deploy it to every consumer, and then rename items[].quantity pieces",)
    assert not workshop.evolve("purchases", rename).allowed  # not registered yet
    workshop.register()
    assert workshop.evolve("purchases", rename).allowed


def test_a_transitive_level_remembers_versions_without_the_alias(workshop: Workshop) -> None:
    prepared = workshop.evolve("purchases", Rename("items.quantity", "pieces", prepare=True))
    assert prepared.allowed
    assert "refuses the rename until they are deleted from the registry" in prepared.notes[0]
    workshop.register()
    (way,) = workshop.evolve("purchases", Rename("items.quantity", "pieces")).ways_around
    assert "add the new name next to the old, and remove it from the aliases of items[].quantity\n" in way


def test_a_symbol_needs_a_default_of_the_enum_itself(contracts: Contracts) -> None:
    contracts.edit("user-events", without_default)
    workshop, edit = Workshop(contracts, "FULL"), AddSymbol("action", "SAVE")
    (way,) = workshop.evolve("user-events", edit).ways_around
    assert 'give the enum CartAction itself a default ("default": "UNKNOWN"' in way
    contracts.edit("user-events", lambda schema: field(schema, "action")["type"].update(default="UNKNOWN"))
    assert not workshop.evolve("user-events", edit).allowed  # not registered yet
    workshop.register()
    made = workshop.evolve("user-events", edit)
    assert made.allowed
    assert made.notes == ("consumers on an older version read SAVE as UNKNOWN, CartAction's own default",)


def test_a_symbol_without_a_default_is_for_levels_that_do_not_look_forward(contracts: Contracts) -> None:
    contracts.edit("user-events", without_default)
    made = Workshop(contracts, "BACKWARD").evolve("user-events", AddSymbol("action", "SAVE"))
    assert made.allowed
    assert "fail on SAVE" in made.notes[0]


def test_a_renamed_field_with_a_default_is_lost_to_older_consumers(workshop: Workshop) -> None:
    made = workshop.evolve("product-events", Rename("category", "department"))
    assert made.allowed
    assert made.notes[0].startswith("consumers on an older version do not know department: from now on they read null")


def test_a_name_that_meant_something_else_is_not_taken_again(contracts: Contracts) -> None:
    contracts.edit(
        "purchases", lambda s: s["fields"].append({"name": "extra", "type": "int", "doc": "x", "default": 0})
    )
    workshop = Workshop(contracts, "BACKWARD_TRANSITIVE")
    contracts.edit("purchases", lambda s: s["fields"].pop())
    workshop.register()
    (way,) = workshop.evolve("purchases", AddField("extra", "string", "y", optional=True)).ways_around
    assert way.startswith("use another name")


def test_the_check_is_against_what_is_registered_pending_edits_included(workshop: Workshop) -> None:
    for name in ("one", "two"):
        made = workshop.evolve("purchases", AddField(name, "int", "x", optional=True))
    assert [change.path for change in made.checks[0].changes] == ["one", "two"]
    assert made.checks[0].next_version == 2


def test_a_contract_that_was_broken_before_is_mended_first(workshop: Workshop) -> None:
    workshop.contracts.edit("purchases", lambda s: field(s, "total_minor").update(type="string"))
    (way,) = workshop.evolve("purchases", Deprecate("currency", "x")).ways_around
    assert way == "purchases did not pass before the edit either; correct that first: tributary check"


def test_a_contract_that_is_no_schema_is_named(workshop: Workshop) -> None:
    workshop.contracts.edit("user-events", lambda schema: schema["fields"][0].pop("name"))
    with pytest.raises(SchemaError, match=r"cart_updated\.avsc: a field of .* has no name"):
        workshop.evolve("purchases", OPTIONAL)


def test_a_contract_that_cannot_be_read_is_named(workshop: Workshop) -> None:
    contracts = workshop.contracts.load()
    contracts.topic("user-events").path.unlink()
    with pytest.raises(SchemaError, match=r"cart_updated\.avsc cannot be read: No such file or directory"):
        evolve.evolve(contracts, {}, contracts.topic("purchases"), OPTIONAL, workshop.contracts.project)


# ---- lint ------------------------------------------------------------------------------------------


def test_lint_has_to_find_nothing_that_it_did_not_find_before(workshop: Workshop) -> None:
    made = workshop.evolve("purchases", AddField("Colour", "string", " ", optional=True))
    assert {finding.rule for finding in made.findings} == {"names", "docs-present"}
    assert not made.allowed and made.checks == ()


def test_what_lint_found_before_does_not_hinder(contracts: Contracts) -> None:
    contracts.edit("purchases", lambda schema: field(schema, "total_minor").update(doc=""))
    workshop = Workshop(contracts, "BACKWARD")
    assert len(lint(contracts.load(), contracts.project)) == 1
    assert workshop.evolve("purchases", Rename("total_minor", "sum_minor")).allowed
    assert not workshop.evolve("purchases", AddField("extra", "int", "", optional=True)).allowed


# ---- what contracts have in common -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("edit", "scope"),
    [
        (AddSymbol("segment", "GOLD"), "Segment is defined in several contracts and means the same in each"),
        (Deprecate("region", "Use market."), "region is the same on every event"),
    ],
)
def test_every_contract_that_has_it_is_edited(workshop: Workshop, edit: Edit, scope: str) -> None:
    made = workshop.evolve("purchases", edit)
    assert made.allowed
    assert made.scope == f"{scope}: the edit is made in all of product-events, user-events, purchases or in none"
    assert len(made.files) == len(made.checks) == 3
    assert lint(workshop.contracts.load(), workshop.contracts.project) == []
    assert len({json.dumps(workshop.schema(c)["fields"][:6]) for c in workshop.texts()}) == 1


def test_a_record_that_two_contracts_define_is_edited_in_both(contracts: Contracts) -> None:
    fields = [{"name": "street", "type": "string", "doc": "Street and number."}]
    address = {"type": "record", "name": "Address", "doc": "Where to.", "fields": fields}
    for contract in ("user-events", "purchases"):
        home = {"name": f"home_{contract[0]}", "type": ["null", address], "default": None, "doc": "Home."}
        contracts.edit(contract, lambda schema, home=home: schema["fields"].append(home))  # type: ignore[misc]
    workshop = Workshop(contracts, "BACKWARD")
    made = workshop.evolve("purchases", Rename("home_p.street", "street_line"))
    assert made.allowed and [file.path.name for file in made.files] == ["cart_updated.avsc", "purchase_completed.avsc"]
    assert workshop.evolve("user-events", AddField("home_u.town", "string", "Town.", optional=True)).allowed
    homes = [workshop.schema(contract)["fields"][-1]["type"][1] for contract in ("user-events", "purchases")]
    assert homes[0] == homes[1]
    assert [field["name"] for field in homes[0]["fields"]] == ["street_line", "town"]


def test_none_is_edited_if_one_may_not_be(workshop: Workshop) -> None:
    def drop(schema: dict[str, Any]) -> None:
        del field(schema, "segment")["type"]["default"]

    topic = workshop.contracts.load().topic("user-events")
    text = topic.text
    workshop.contracts.edit("user-events", drop)
    workshop.versions[topic.subject] = [Version(1, 0, topic.path.read_text())]
    topic.path.write_text(text)
    made = workshop.evolve("purchases", AddSymbol("Segment", "GOLD"))
    assert [check.topic.contract for check in made.checks if check.breaks] == ["user-events"]
    assert not made.allowed


def test_a_rename_of_the_envelope_is_refused_by_its_rule(workshop: Workshop) -> None:
    made = workshop.evolve("purchases", Rename("region", "area"))
    assert {finding.rule for finding in made.findings} == {"envelope-present"}


# ---- writing ---------------------------------------------------------------------------------------


def test_a_failure_midway_puts_everything_back(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    catalog, before, replace = workshop.contracts.load(), workshop.texts(), Path.replace
    edit, project = AddSymbol("Segment", "GOLD"), workshop.contracts.project
    made = evolve.evolve(catalog, workshop.versions, catalog.topics[0], edit, project)

    def failing(self: Path, target: Path) -> Path:
        if target.name == "cart_updated.avsc" and "GOLD" in self.read_text():
            raise OSError("the disk is full")
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", failing)
    with pytest.raises(OSError, match="the disk is full"):
        evolve.write(made)
    assert workshop.texts() == before
    assert list(workshop.contracts.folder.rglob("*.new")) == []


def test_mode_and_link_stay(workshop: Workshop, tmp_path: Path) -> None:
    path = workshop.contracts.load().topic("purchases").path
    real = tmp_path / "elsewhere.avsc"
    path.rename(real)
    path.symlink_to(real)
    real.chmod(0o640)
    assert workshop.evolve("purchases", OPTIONAL).allowed
    assert path.is_symlink() and "colour" in real.read_text()
    assert real.stat().st_mode & 0o777 == 0o640

"""Write docs/edits.md: edits to contracts, and the report of `check` for each (`make edits-table`)."""

from __future__ import annotations

import argparse
import functools
import json
import shutil
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import attrs

from tests.support.contracts import CONTRACTS
from tests.support.paths import ROOT
from tributary.catalog import Catalog, load
from tributary.project import Project
from tributary.registry.check.verdict import SubjectCheck, check_all
from tributary.registry.lock import Version
from tributary.registry.render import checks
from tributary.registry.render.markup import table
from tributary.settings import Settings

DOCUMENT = ROOT / "docs" / "edits.md"
LEVELS = ("BACKWARD", "FORWARD")
"""In addition to the catalogue's own."""

Schema = dict[str, Any]
Edit = Callable[[Schema], object]


@attrs.frozen
class Case:
    """One edit to one contract."""

    name: str
    topic: str
    edit: Edit
    before: Edit | None = None
    """Creates the version that is registered in addition to the contract, for fields that our contracts do not have."""
    then: Edit | None = None
    """Creates one more registered version."""


# ---- how to edit -------------------------------------------------------------------------------


def field(schema: Schema, path: str) -> Schema:
    """A field by its path, for example `items[].quantity`."""
    name, _, rest = path.partition("[].")
    found: Schema = next(one for one in schema["fields"] if one["name"] == name)
    return field(found["type"]["items"], rest) if rest else found


def add(name: str, kind: Any, /, **attributes: Any) -> Edit:
    """Add a field at the end."""
    return lambda schema: schema["fields"].append({"name": name, "type": kind, "doc": "More.", **attributes})


def remove(name: str) -> Edit:
    """Remove a field."""
    return lambda schema: schema["fields"].remove(field(schema, name))


def update(path: str, /, **attributes: Any) -> Edit:
    """Change attributes of a field, including `type`."""
    return lambda schema: field(schema, path).update(attributes)


def retype(path: str, /, **attributes: Any) -> Edit:
    """Change attributes of a field's type."""
    return lambda schema: field(schema, path)["type"].update(attributes)


def drop(path: str, attribute: str) -> Edit:
    """Remove an attribute of a field."""
    return lambda schema: field(schema, path).pop(attribute)


def drop_in_type(path: str, attribute: str) -> Edit:
    """Remove an attribute of a field's type."""
    return lambda schema: field(schema, path)["type"].pop(attribute)


def named(**attributes: Any) -> Edit:
    """Change attributes of the record."""
    return lambda schema: schema.update(attributes)


def item(change: Edit) -> Edit:
    """An edit to the record in `items`."""
    return lambda schema: change(field(schema, "items")["type"]["items"])


def move_last_first(schema: Schema) -> None:
    """Move the last field to the front."""
    schema["fields"].insert(0, schema["fields"].pop())


def nullable_items(schema: Schema) -> None:
    """Make the items of the array nullable."""
    items = field(schema, "items")["type"]
    items["items"] = ["null", items["items"]]


def change_gift(schema: Schema) -> None:
    """Add a required field to the record in the union."""
    field(schema, "gift")["type"][1]["fields"].append({"name": "card", "type": "string", "doc": "What to write."})


def decimal(precision: int, scale: int) -> Schema:
    return {"type": "bytes", "logicalType": "decimal", "precision": precision, "scale": scale}


def timestamp(unit: str) -> Schema:
    return {"type": "long", "logicalType": f"timestamp-{unit}"}


DATE = {"type": "int", "logicalType": "date"}
COUPON = {"type": "enum", "name": "Coupon", "doc": "Its kind.", "symbols": ["NONE", "WELCOME"]}
WITH_COUPON = add("coupon", COUPON, default="NONE")
GIFT = {
    "type": "record",
    "name": "Gift",
    "doc": "For whom.",
    "fields": [{"name": "to", "type": "string", "doc": "Who."}],
}
SEGMENTS = ["UNKNOWN", "NEW", "REGULAR", "LOYAL", "VIP", "GOLD"]
VIEWS, CARTS, PURCHASES = "product-events", "user-events", "purchases"

EDITS: dict[str, list[Case]] = {
    "Add and remove fields": [
        Case("add an optional field", VIEWS, add("referrer", ["null", "string"], default=None)),
        Case("add a required field", VIEWS, add("referrer", "string")),
        Case("add a field with a default that looks like a value", VIEWS, add("position", "int", default=0)),
        Case("add a nullable field, without a default", VIEWS, add("referrer", ["null", "string"])),
        Case("add an enum field, default only in the enum", PURCHASES, add("coupon", COUPON | {"default": "NONE"})),
        Case("add an enum field, default only in the field", PURCHASES, WITH_COUPON),
        Case("add an optional record", PURCHASES, add("gift", ["null", GIFT], default=None)),
        Case("add an optional field to the items", PURCHASES, item(add("colour", ["null", "string"], default=None))),
        Case("add a required field to the items", PURCHASES, item(add("colour", "string"))),
        Case("remove a required field", VIEWS, remove("currency")),
        Case("remove an optional field", VIEWS, remove("category")),
        Case("remove a required field of the items", PURCHASES, item(remove("price_minor"))),
        Case("move a field", VIEWS, move_last_first),
        Case(
            "reuse a removed name with another meaning",
            PURCHASES,
            add("note", ["null", "string"], default=None),
            before=add("note", ["null", "string"], default=None, doc="What the buyer wrote to the shop."),
            then=remove("note"),
        ),
        Case(
            "reuse a removed name with another type",
            PURCHASES,
            add("note", ["null", "long"], default=None),
            before=add("note", ["null", "string"], default=None),
            then=remove("note"),
        ),
    ],
    "Names": [
        Case("rename a required field", VIEWS, update("price_minor", name="amount_minor")),
        Case(
            "rename a required field, with an alias",
            VIEWS,
            update("price_minor", name="amount_minor", aliases=["price_minor"]),
        ),
        Case("rename an optional field", VIEWS, update("category", name="shelf")),
        Case("rename an optional field, with an alias", VIEWS, update("category", name="shelf", aliases=["category"])),
        Case("add an alias that is another field's name", VIEWS, update("category", aliases=["product_id"])),
        Case("rename the record", VIEWS, named(name="PageViewed")),
        Case("rename the record, with an alias", VIEWS, named(name="PageViewed", aliases=["ProductViewed"])),
        Case("move the record to another namespace", VIEWS, named(namespace="shop.events")),
        Case("rename the record of items", PURCHASES, item(named(name="OrderLine"))),
        Case(
            "rename the record of items, with an alias",
            PURCHASES,
            item(named(name="OrderLine", aliases=["PurchaseItem"])),
        ),
        Case("rename an enum", CARTS, retype("action", name="CartChange")),
        Case("rename an enum, with an alias", CARTS, retype("action", name="CartChange", aliases=["CartAction"])),
        Case("move an enum to another namespace", CARTS, retype("action", namespace="shop.events")),
    ],
    "Types": [
        Case("int → long", CARTS, update("quantity", type="long")),
        Case("int → double", CARTS, update("quantity", type="double")),
        Case("long → int", VIEWS, update("price_minor", type="int")),
        Case("long → double", VIEWS, update("price_minor", type="double")),
        Case(
            "float → double",
            PURCHASES,
            update("weight", type=["null", "double"]),
            before=add("weight", ["null", "float"], default=None),
        ),
        Case("string → bytes", VIEWS, update("product_id", type="bytes")),
        Case(
            "bytes → string",
            PURCHASES,
            update("receipt", type=["null", "string"]),
            before=add("receipt", ["null", "bytes"], default=None),
        ),
        Case("string → long", PURCHASES, update("order_id", type="long")),
        Case("long → string", VIEWS, update("price_minor", type="string")),
        Case("int → long in the items", PURCHASES, item(update("quantity", type="long"))),
        Case("items: record → string", PURCHASES, retype("items", items="string")),
        Case("array → map", PURCHASES, update("items", type={"type": "map", "values": "string"})),
    ],
    "Null and unions": [
        Case("required → nullable", VIEWS, update("product_id", type=["null", "string"])),
        Case("nullable → required", VIEWS, update("category", type="string", default="none")),
        Case("reorder the branches", VIEWS, update("category", type=["string", "null"], default="")),
        Case("add a branch", VIEWS, update("category", type=["null", "string", "long"])),
        Case(
            "remove a branch",
            PURCHASES,
            update("reference", type=["null", "string"]),
            before=add("reference", ["null", "string", "long"], default=None),
        ),
        Case("items: required → nullable", PURCHASES, nullable_items),
        Case(
            "add a required field to an optional record",
            PURCHASES,
            change_gift,
            before=add("gift", ["null", GIFT], default=None),
        ),
    ],
    "Enums": [
        Case("add a symbol", CARTS, retype("action", symbols=["UNKNOWN", "ADD", "REMOVE", "CLEAR"])),
        Case("remove a symbol", CARTS, retype("action", symbols=["UNKNOWN", "ADD"])),
        Case("rename a symbol", CARTS, retype("action", symbols=["UNKNOWN", "ADD", "DELETE"])),
        Case("reorder the symbols", CARTS, retype("action", symbols=["UNKNOWN", "REMOVE", "ADD"])),
        Case("change the enum's default", CARTS, retype("action", default="ADD")),
        Case("remove the enum's default", CARTS, drop_in_type("action", "default")),
        Case(
            "add a symbol to an enum without a default",
            PURCHASES,
            retype("coupon", symbols=["NONE", "WELCOME", "FRIEND"]),
            before=WITH_COUPON,
        ),
        Case(
            "remove a symbol from an enum without a default",
            PURCHASES,
            retype("coupon", symbols=["NONE"]),
            before=WITH_COUPON,
        ),
        Case("enum → string", CARTS, update("action", type="string")),
    ],
    "Logical types": [
        Case(
            "timestamp-millis → timestamp-micros",
            PURCHASES,
            update("paid_at", type=["null", timestamp("micros")]),
            before=add("paid_at", ["null", timestamp("millis")], default=None),
        ),
        Case(
            "date → timestamp-millis",
            PURCHASES,
            update("due", type=["null", timestamp("millis")]),
            before=add("due", ["null", DATE], default=None),
        ),
        Case(
            "timestamp-millis → long",
            PURCHASES,
            update("paid_at", type=["null", "long"]),
            before=add("paid_at", ["null", timestamp("millis")], default=None),
        ),
        Case("string → uuid", PURCHASES, update("order_id", type={"type": "string", "logicalType": "uuid"})),
        Case(
            "decimal: change the scale",
            PURCHASES,
            update("tax", type=["null", decimal(9, 4)]),
            before=add("tax", ["null", decimal(9, 2)], default=None),
        ),
        Case(
            "decimal: increase the precision",
            PURCHASES,
            update("tax", type=["null", decimal(12, 2)]),
            before=add("tax", ["null", decimal(9, 2)], default=None),
        ),
        Case(
            "decimal: reduce the precision",
            PURCHASES,
            update("tax", type=["null", decimal(6, 2)]),
            before=add("tax", ["null", decimal(9, 2)], default=None),
        ),
        Case(
            "decimal → double",
            PURCHASES,
            update("tax", type=["null", "double"]),
            before=add("tax", ["null", decimal(9, 2)], default=None),
        ),
    ],
    "Defaults, docs, attributes": [
        Case("change a doc", PURCHASES, named(doc="An order was paid.")),
        Case("remove a default", VIEWS, drop("category", "default")),
        Case("change a default", PURCHASES, update("points", default=1), before=add("points", "int", default=0)),
        Case("tighten a range", PURCHASES, update("items[].quantity", minimum=2)),
        Case("widen a range", PURCHASES, update("items[].quantity", minimum=0)),
        Case("change a pattern", VIEWS, update("currency", pattern="^(EUR|USD)$")),
        Case("remove the mark for personal data", VIEWS, drop("session_id", "pii")),
    ],
    "Envelope and key, in one topic only": [
        Case("envelope: add a segment", VIEWS, retype("segment", symbols=SEGMENTS)),
        Case("envelope: change the unit of occurred_at", CARTS, retype("occurred_at", logicalType="timestamp-micros")),
        Case("envelope: event_id uuid → string", CARTS, update("event_id", type="string")),
        Case("envelope: region required → nullable", VIEWS, update("region", type=["null", "string"])),
        Case("key: string → long", PURCHASES, update("user_id", type="long")),
        Case("key: string → bytes", PURCHASES, update("user_id", type="bytes")),
        Case("key: rename, with an alias", PURCHASES, update("user_id", name="buyer_id", aliases=["user_id"])),
    ],
}


# ---- what check reports ------------------------------------------------------------------------


def registered(case: Case) -> list[Schema]:
    """The versions registered before the edit, the oldest first."""
    schemas = [original(case.topic)]
    for edit in (case.before, case.then):
        if edit:
            schemas.append(edited(schemas[-1], edit))
    return schemas


def candidate(case: Case) -> Schema:
    """The contract after the edit."""
    return edited(registered(case)[-1], case.edit)


def original(topic: str) -> Schema:
    return load(Settings(project=CONTRACTS)).topic(topic).schema


def edited(schema: Schema, edit: Edit) -> Schema:
    copy: Schema = json.loads(json.dumps(schema))
    edit(copy)
    return copy


@functools.cache
def checked(case: Case) -> dict[str, SubjectCheck]:
    """The findings of `check` in a copy of the contracts after the edit, by level, the catalogue's own first."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "schemas"
        shutil.copytree(CONTRACTS.folder, folder)
        settings = Settings(project=Project.load(folder))
        catalog = load(settings)
        versions = {topic.subject: [Version(1, 1, topic.text)] for topic in catalog.topics}
        topic = catalog.topic(case.topic)
        versions[topic.subject] = [Version(n, n, json.dumps(one)) for n, one in enumerate(registered(case), 1)]
        topic.path.write_text(json.dumps(candidate(case), indent=2))
        catalog = load(settings)
        return {level: _checked(catalog, case, versions, level) for level in (topic.compatibility, *LEVELS)}


def _checked(catalog: Catalog, case: Case, versions: dict[str, list[Version]], level: str) -> SubjectCheck:
    topics = [attrs.evolve(topic, compatibility=level) for topic in catalog.topics]
    return next(one for one in check_all(topics, versions, CONTRACTS) if one.topic.contract == case.topic)


# ---- the document ------------------------------------------------------------------------------

HEAD = """\
# Edits and what check reports

{count} edits to the contracts in `tests/contracts/`, and the report of `python -m registry check` for each.
`make edits-table` writes this page from the command's output. `tests/unit/registry/check/test_edits.py` fails when the
page is out of date, and compares each verdict with data that `fastavro` writes with one version and reads with the
other.

- There is a verdict for the catalogue's level ({level}) and for two others. ✅ passes. ⚠️ is compatible, so
  a registry accepts it; `check` and `apply` do not, because of a danger in the last column. ❌ is incompatible at that
  level.
- Who breaks, the order to deploy and the fix are for the catalogue's level. The order follows from who can read whom;
  where the verdict is ❌, it is the order for a level that allows the edit.
- v1 is the contract in the folder. If an edit needs a field that the contract does not have, v2 adds it.
- The last column has what the compatibility rules do not detect: a **danger** changes the meaning of data, a note asks
  the author to think. Long texts to paste are cut here (…), not by the command.
"""
SHOWN = 220


def document() -> str:
    """The page."""
    level = load(Settings(project=CONTRACTS)).topics[0].compatibility
    heads = (
        "edit",
        f"`{level}`",
        *(f"`{other}`" for other in LEVELS),
        "who breaks",
        "deploy",
        "fix",
        "dangers and notes",
    )
    parts = [HEAD.format(count=sum(map(len, EDITS.values())), level=f"`{level}`")]
    for title, cases in EDITS.items():
        rows = [_row(case, [checks.subject(one) for one in checked(case).values()]) for case in cases]
        parts.append("\n".join([f"## {title}", *table(heads, rows)]) + "\n")
    return "\n".join(parts)


def _row(case: Case, levels: list[dict[str, Any]]) -> tuple[str, ...]:
    own = levels[0]
    breaks, hazards = own["breaks"], own["hazards"]
    return (
        f"{case.name}<br>`{case.topic}`",
        *(mark(one) for one in levels),
        _lines(f"{_code(one['field'] or 'the record')} `{one['rule']}`: {one['who']}" for one in breaks),
        own["deploy"],
        _lines(_pasted(one["fix"]) for one in breaks),
        _lines(map(_hazard, hazards)),
    )


def mark(answer: dict[str, Any]) -> str:
    """The sign of a verdict."""
    return "✅" if answer["passed"] else "⚠️" if answer["compatible"] else "❌"


def _hazard(hazard: dict[str, Any]) -> str:
    kind = "**danger**" if hazard["danger"] else "note"
    place = _code(hazard["field"] or "the record")
    return f"{kind} {place} `{hazard['rule']}`: {hazard['text']}. Instead: {_pasted(hazard['fix'])}"


def _lines(texts: Iterable[str]) -> str:
    return "\n".join(dict.fromkeys(texts)) or "–"


def _pasted(text: str) -> str:
    """A fix, with what is to be pasted as code."""
    return "\n".join(_pasted_line(line.strip()) for line in text.split("\n"))


def _pasted_line(line: str) -> str:
    starts = [
        at for at in (line.find(sign) for sign in ('{"', '["', '"aliases"', '"symbols"', '"namespace"')) if at >= 0
    ]
    if not starts:
        return line
    words, paste = line[: min(starts)], line[min(starts) :]
    return words + _code(paste if len(paste) <= SHOWN else f"{paste[:SHOWN]}…")


def _code(text: str) -> str:
    return f"`{text}`"


if __name__ == "__main__":
    argparse.ArgumentParser(prog="python -m tools.edits", description=__doc__).parse_args()
    DOCUMENT.write_text(document(), encoding="utf-8")
    print(f"wrote {DOCUMENT.relative_to(ROOT)}")

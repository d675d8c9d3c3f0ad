"""Edits to our own contracts and what `check` says to each: docs/edits.md. To write it anew: `make edits-table`."""

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
from tributary.registry.render import documents
from tributary.registry.render.markdown import table
from tributary.settings import Settings

DOCUMENT = ROOT / "docs" / "edits.md"
LEVELS = ("BACKWARD", "FORWARD")
"""Beside the catalogue's own."""

Schema = dict[str, Any]
Edit = Callable[[Schema], object]


@attrs.frozen
class Case:
    """One edit to one contract."""

    name: str
    topic: str
    edit: Edit
    before: Edit | None = None
    """Makes the version that is registered beside the contract, for what our contracts do not have."""
    then: Edit | None = None
    """Makes one more registered version."""


# ---- how to edit -------------------------------------------------------------------------------


def field(schema: Schema, path: str) -> Schema:
    """A field by its path, for example `items[].quantity`."""
    name, _, rest = path.partition("[].")
    found: Schema = next(one for one in schema["fields"] if one["name"] == name)
    return field(found["type"]["items"], rest) if rest else found


def add(name: str, kind: Any, /, **attributes: Any) -> Edit:
    """A new last field."""
    return lambda schema: schema["fields"].append({"name": name, "type": kind, "doc": "More.", **attributes})


def remove(name: str) -> Edit:
    """A field less."""
    return lambda schema: schema["fields"].remove(field(schema, name))


def update(path: str, /, **attributes: Any) -> Edit:
    """Other attributes of a field, `type` among them."""
    return lambda schema: field(schema, path).update(attributes)


def retype(path: str, /, **attributes: Any) -> Edit:
    """Other attributes of a field's type."""
    return lambda schema: field(schema, path)["type"].update(attributes)


def drop(path: str, attribute: str) -> Edit:
    """An attribute of a field less."""
    return lambda schema: field(schema, path).pop(attribute)


def drop_in_type(path: str, attribute: str) -> Edit:
    """An attribute of a field's type less."""
    return lambda schema: field(schema, path)["type"].pop(attribute)


def named(**attributes: Any) -> Edit:
    """Other attributes of the record."""
    return lambda schema: schema.update(attributes)


def item(change: Edit) -> Edit:
    """An edit to the record in `items`."""
    return lambda schema: change(field(schema, "items")["type"]["items"])


def move_last_first(schema: Schema) -> None:
    """The last field becomes the first."""
    schema["fields"].insert(0, schema["fields"].pop())


def nullable_items(schema: Schema) -> None:
    """The items of the array may be null."""
    items = field(schema, "items")["type"]
    items["items"] = ["null", items["items"]]


def change_gift(schema: Schema) -> None:
    """One more required field in the record of the union."""
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
    "Fields come and go": [
        Case("add an optional field", VIEWS, add("referrer", ["null", "string"], default=None)),
        Case("add a required field", VIEWS, add("referrer", "string")),
        Case("add a field with a default that looks like a value", VIEWS, add("position", "int", default=0)),
        Case("add a nullable field, without a default", VIEWS, add("referrer", ["null", "string"])),
        Case("add an enum with a default at the enum alone", PURCHASES, add("coupon", COUPON | {"default": "NONE"})),
        Case("add an enum with a default at the field alone", PURCHASES, WITH_COUPON),
        Case("add an optional record", PURCHASES, add("gift", ["null", GIFT], default=None)),
        Case("add an optional field to the items", PURCHASES, item(add("colour", ["null", "string"], default=None))),
        Case("add a required field to the items", PURCHASES, item(add("colour", "string"))),
        Case("remove a required field", VIEWS, remove("currency")),
        Case("remove an optional field", VIEWS, remove("category")),
        Case("remove a required field of the items", PURCHASES, item(remove("price_minor"))),
        Case("move a field", VIEWS, move_last_first),
        Case(
            "bring a removed name back with another meaning",
            PURCHASES,
            add("note", ["null", "string"], default=None),
            before=add("note", ["null", "string"], default=None, doc="What the buyer wrote to the shop."),
            then=remove("note"),
        ),
        Case(
            "bring a removed name back with another type",
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
        Case("an alias that is another field", VIEWS, update("category", aliases=["product_id"])),
        Case("rename the record", VIEWS, named(name="PageViewed")),
        Case("rename the record, with an alias", VIEWS, named(name="PageViewed", aliases=["ProductViewed"])),
        Case("move the record to another namespace", VIEWS, named(namespace="shop.events")),
        Case("rename the record of the items", PURCHASES, item(named(name="OrderLine"))),
        Case("rename it, with an alias", PURCHASES, item(named(name="OrderLine", aliases=["PurchaseItem"]))),
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
        Case("other items: text in place of records", PURCHASES, retype("items", items="string")),
        Case("an array → a map", PURCHASES, update("items", type={"type": "map", "values": "string"})),
    ],
    "Null and unions": [
        Case("required → nullable", VIEWS, update("product_id", type=["null", "string"])),
        Case("nullable → required", VIEWS, update("category", type="string", default="none")),
        Case("another order of the branches", VIEWS, update("category", type=["string", "null"], default="")),
        Case("one more branch", VIEWS, update("category", type=["null", "string", "long"])),
        Case(
            "one branch less",
            PURCHASES,
            update("reference", type=["null", "string"]),
            before=add("reference", ["null", "string", "long"], default=None),
        ),
        Case("items that may be null", PURCHASES, nullable_items),
        Case(
            "a required field in an optional record",
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
        Case("another default of the enum", CARTS, retype("action", default="ADD")),
        Case("no default of the enum any more", CARTS, drop_in_type("action", "default")),
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
        Case("an enum → text", CARTS, update("action", type="string")),
    ],
    "Logical types": [
        Case(
            "a time in other units",
            PURCHASES,
            update("paid_at", type=["null", timestamp("micros")]),
            before=add("paid_at", ["null", timestamp("millis")], default=None),
        ),
        Case(
            "a date → a time",
            PURCHASES,
            update("due", type=["null", timestamp("millis")]),
            before=add("due", ["null", DATE], default=None),
        ),
        Case(
            "a time → a plain long",
            PURCHASES,
            update("paid_at", type=["null", "long"]),
            before=add("paid_at", ["null", timestamp("millis")], default=None),
        ),
        Case("text → a uuid", PURCHASES, update("order_id", type={"type": "string", "logicalType": "uuid"})),
        Case(
            "a decimal's scale",
            PURCHASES,
            update("tax", type=["null", decimal(9, 4)]),
            before=add("tax", ["null", decimal(9, 2)], default=None),
        ),
        Case(
            "a decimal's precision, wider",
            PURCHASES,
            update("tax", type=["null", decimal(12, 2)]),
            before=add("tax", ["null", decimal(9, 2)], default=None),
        ),
        Case(
            "a decimal's precision, narrower",
            PURCHASES,
            update("tax", type=["null", decimal(6, 2)]),
            before=add("tax", ["null", decimal(9, 2)], default=None),
        ),
        Case(
            "a decimal → a double",
            PURCHASES,
            update("tax", type=["null", "double"]),
            before=add("tax", ["null", decimal(9, 2)], default=None),
        ),
    ],
    "Defaults, docs, attributes": [
        Case("doc only", PURCHASES, named(doc="An order was paid.")),
        Case("no default any more", VIEWS, drop("category", "default")),
        Case("another default", PURCHASES, update("points", default=1), before=add("points", "int", default=0)),
        Case("a tighter range", PURCHASES, update("items[].quantity", minimum=2)),
        Case("a wider range", PURCHASES, update("items[].quantity", minimum=0)),
        Case("another pattern", VIEWS, update("currency", pattern="^(EUR|USD)$")),
        Case("no longer marked as personal", VIEWS, drop("session_id", "pii")),
    ],
    "Envelope and key, in one topic alone": [
        Case("the envelope: a new segment", VIEWS, retype("segment", symbols=SEGMENTS)),
        Case("the envelope: another unit of occurred_at", CARTS, retype("occurred_at", logicalType="timestamp-micros")),
        Case("the envelope: event_id is no uuid any more", CARTS, update("event_id", type="string")),
        Case("the envelope: region may be null", VIEWS, update("region", type=["null", "string"])),
        Case("the key: a number", PURCHASES, update("user_id", type="long")),
        Case("the key: bytes", PURCHASES, update("user_id", type="bytes")),
        Case(
            "the key: another name, with an alias", PURCHASES, update("user_id", name="buyer_id", aliases=["user_id"])
        ),
    ],
}


# ---- what check says ---------------------------------------------------------------------------


def registered(case: Case) -> list[Schema]:
    """The versions that are registered before the edit, the oldest first."""
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
    """What `check` finds in a copy of the contracts with the edit made: by level, the catalogue's own first."""
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
# Edits, and what check says

{count} edits to contracts such as ours (those in `tests/contracts/`), and what `python -m registry check` says to each.
`make edits-table` writes this page from the command's own answers. `tests/unit/registry/check/test_edits.py` fails when
it is out of date, and holds each verdict against data that `fastavro` writes with one version and reads with the other.

- The verdict stands for the catalogue's level ({level}) and for two others. ✅ passes. ⚠️ is compatible, so a
  registry takes it; `check` and `apply` do not, because of a danger in the last column. ❌ breaks the level.
- Who breaks, the order to deploy and the fix are for the catalogue's level. The order says who can read whom whatever
  the level promises; where the verdict is ❌, it is the order for a level that allows the edit.
- v1 is the contract as it stands. Where an edit needs a field that the contracts do not have, that field is v2.
- The last column is what the compatibility rules do not see: a **danger** changes what data says, a note is for the
  author to think about. Long texts to paste are cut here (…), not by the command.
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
        "what data does not survive",
    )
    parts = [HEAD.format(count=sum(map(len, EDITS.values())), level=f"`{level}`")]
    for title, cases in EDITS.items():
        rows = [_row(case, [documents.check(one) for one in checked(case).values()]) for case in cases]
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
    """A verdict as a sign."""
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
    argparse.ArgumentParser(prog="python -m tests.edits", description=__doc__).parse_args()
    DOCUMENT.write_text(document(), encoding="utf-8")
    print(f"wrote {DOCUMENT.relative_to(ROOT)}")

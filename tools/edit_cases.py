"""Edits to contracts, by what they change; tools/edits.py says what `check` makes of each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs

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

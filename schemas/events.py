"""The events of the contracts beside this file. `tributary generate` writes it: edit the contracts.

A uuid is a `str` and a timestamp an `int` of milliseconds, UTC: to build an object for each would cost
more than the rest of the decoding, and most readers only compare or count them.
"""

# ruff: noqa: E501 (documentation and contracts keep their authors' lines)

from __future__ import annotations

import enum
from typing import ClassVar

import attrs


class Segment(enum.StrEnum):
    """Customer segment; readers take UNKNOWN for a symbol they do not know."""

    UNKNOWN = "UNKNOWN"
    NEW = "NEW"
    REGULAR = "REGULAR"
    LOYAL = "LOYAL"
    VIP = "VIP"


@attrs.frozen(kw_only=True, weakref_slot=False)
class ProductViewed:
    """A user looked at the page of one product."""

    event_id: str
    """Identifies this event; a resent event keeps its id."""
    occurred_at: int
    """When it happened at the source, UTC."""
    user_id: str
    """Who did it; also the key of the message."""
    session_id: str
    """The visit it belongs to; joins the three topics."""
    segment: Segment
    """The user's customer segment at that moment."""
    region: str
    """Sales region of the user, for example eu-west."""
    product_id: str
    """The product looked at."""
    category: str | None = None
    """Category of the product, dots between levels; null where the source has none."""
    price_minor: int
    """Price shown, in minor units of the currency."""
    currency: str
    """ISO 4217 code of the price."""

    SCHEMA: ClassVar[str] = """\
{
  "type": "record",
  "name": "ProductViewed",
  "namespace": "tributary.events",
  "doc": "A user looked at the page of one product.",
  "fields": [
    {"name": "event_id", "type": {"type": "string", "logicalType": "uuid"}, "doc": "Identifies this event; a resent event keeps its id."},
    {"name": "occurred_at", "type": {"type": "long", "logicalType": "timestamp-millis"}, "doc": "When it happened at the source, UTC."},
    {"name": "user_id", "type": "string", "doc": "Who did it; also the key of the message.", "pii": "pseudonym"},
    {"name": "session_id", "type": "string", "doc": "The visit it belongs to; joins the three topics.", "pii": "pseudonym"},
    {"name": "segment", "type": {"type": "enum", "name": "Segment", "symbols": ["UNKNOWN", "NEW", "REGULAR", "LOYAL", "VIP"], "default": "UNKNOWN", "doc": "Customer segment; readers take UNKNOWN for a symbol they do not know."}, "doc": "The user's customer segment at that moment."},
    {"name": "region", "type": "string", "doc": "Sales region of the user, for example eu-west.", "pattern": "^[a-z]+(-[a-z]+)*$"},
    {"name": "product_id", "type": "string", "doc": "The product looked at."},
    {"name": "category", "type": ["null", "string"], "default": null, "doc": "Category of the product, dots between levels; null where the source has none."},
    {"name": "price_minor", "type": "long", "doc": "Price shown, in minor units of the currency.", "minimum": 0},
    {"name": "currency", "type": "string", "doc": "ISO 4217 code of the price.", "pattern": "^[A-Z]{3}$"}
  ]
}
"""
    """The contract, as its author wrote it."""


class CartAction(enum.StrEnum):
    """What was done to the cart; readers take UNKNOWN for a symbol they do not know."""

    UNKNOWN = "UNKNOWN"
    ADD = "ADD"
    REMOVE = "REMOVE"


@attrs.frozen(kw_only=True, weakref_slot=False)
class CartUpdated:
    """A user put a product into the cart or took it out."""

    event_id: str
    """Identifies this event; a resent event keeps its id."""
    occurred_at: int
    """When it happened at the source, UTC."""
    user_id: str
    """Who did it; also the key of the message."""
    session_id: str
    """The visit it belongs to; joins the three topics."""
    segment: Segment
    """The user's customer segment at that moment."""
    region: str
    """Sales region of the user, for example eu-west."""
    action: CartAction
    """Whether the product was added or removed."""
    product_id: str
    """The product added or removed."""
    quantity: int
    """How many pieces were added or removed."""
    price_minor: int
    """Price of one piece, in minor units of the currency."""
    currency: str
    """ISO 4217 code of the price."""

    SCHEMA: ClassVar[str] = """\
{
  "type": "record",
  "name": "CartUpdated",
  "namespace": "tributary.events",
  "doc": "A user put a product into the cart or took it out.",
  "fields": [
    {"name": "event_id", "type": {"type": "string", "logicalType": "uuid"}, "doc": "Identifies this event; a resent event keeps its id."},
    {"name": "occurred_at", "type": {"type": "long", "logicalType": "timestamp-millis"}, "doc": "When it happened at the source, UTC."},
    {"name": "user_id", "type": "string", "doc": "Who did it; also the key of the message.", "pii": "pseudonym"},
    {"name": "session_id", "type": "string", "doc": "The visit it belongs to; joins the three topics.", "pii": "pseudonym"},
    {"name": "segment", "type": {"type": "enum", "name": "Segment", "symbols": ["UNKNOWN", "NEW", "REGULAR", "LOYAL", "VIP"], "default": "UNKNOWN", "doc": "Customer segment; readers take UNKNOWN for a symbol they do not know."}, "doc": "The user's customer segment at that moment."},
    {"name": "region", "type": "string", "doc": "Sales region of the user, for example eu-west.", "pattern": "^[a-z]+(-[a-z]+)*$"},
    {"name": "action", "type": {"type": "enum", "name": "CartAction", "symbols": ["UNKNOWN", "ADD", "REMOVE"], "default": "UNKNOWN", "doc": "What was done to the cart; readers take UNKNOWN for a symbol they do not know."}, "doc": "Whether the product was added or removed."},
    {"name": "product_id", "type": "string", "doc": "The product added or removed."},
    {"name": "quantity", "type": "int", "doc": "How many pieces were added or removed.", "minimum": 1},
    {"name": "price_minor", "type": "long", "doc": "Price of one piece, in minor units of the currency.", "minimum": 0},
    {"name": "currency", "type": "string", "doc": "ISO 4217 code of the price.", "pattern": "^[A-Z]{3}$"}
  ]
}
"""
    """The contract, as its author wrote it."""


@attrs.frozen(kw_only=True, weakref_slot=False)
class PurchaseItem:
    """One product of an order."""

    product_id: str
    """The product bought."""
    quantity: int
    """How many pieces were bought."""
    price_minor: int
    """Price paid for one piece, in minor units of the order's currency."""


@attrs.frozen(kw_only=True, weakref_slot=False)
class PurchaseCompleted:
    """A user paid for what was in the cart: one order with its items."""

    event_id: str
    """Identifies this event; a resent event keeps its id."""
    occurred_at: int
    """When it happened at the source, UTC."""
    user_id: str
    """Who did it; also the key of the message."""
    session_id: str
    """The visit it belongs to; joins the three topics."""
    segment: Segment
    """The user's customer segment at that moment."""
    region: str
    """Sales region of the user, for example eu-west."""
    order_id: str
    """Identifies the order; an order sent twice counts once."""
    items: tuple[PurchaseItem, ...]
    """The products of the order."""
    total_minor: int
    """What the order cost, in minor units of the currency: the sum of quantity times price."""
    currency: str
    """ISO 4217 code of the total and of every item."""

    SCHEMA: ClassVar[str] = """\
{
  "type": "record",
  "name": "PurchaseCompleted",
  "namespace": "tributary.events",
  "doc": "A user paid for what was in the cart: one order with its items.",
  "fields": [
    {"name": "event_id", "type": {"type": "string", "logicalType": "uuid"}, "doc": "Identifies this event; a resent event keeps its id."},
    {"name": "occurred_at", "type": {"type": "long", "logicalType": "timestamp-millis"}, "doc": "When it happened at the source, UTC."},
    {"name": "user_id", "type": "string", "doc": "Who did it; also the key of the message.", "pii": "pseudonym"},
    {"name": "session_id", "type": "string", "doc": "The visit it belongs to; joins the three topics.", "pii": "pseudonym"},
    {"name": "segment", "type": {"type": "enum", "name": "Segment", "symbols": ["UNKNOWN", "NEW", "REGULAR", "LOYAL", "VIP"], "default": "UNKNOWN", "doc": "Customer segment; readers take UNKNOWN for a symbol they do not know."}, "doc": "The user's customer segment at that moment."},
    {"name": "region", "type": "string", "doc": "Sales region of the user, for example eu-west.", "pattern": "^[a-z]+(-[a-z]+)*$"},
    {"name": "order_id", "type": "string", "doc": "Identifies the order; an order sent twice counts once."},
    {"name": "items", "type": {"type": "array", "items": {"type": "record", "name": "PurchaseItem", "doc": "One product of an order.", "fields": [
      {"name": "product_id", "type": "string", "doc": "The product bought."},
      {"name": "quantity", "type": "int", "doc": "How many pieces were bought.", "minimum": 1},
      {"name": "price_minor", "type": "long", "doc": "Price paid for one piece, in minor units of the order's currency.", "minimum": 0}
    ]}}, "doc": "The products of the order."},
    {"name": "total_minor", "type": "long", "doc": "What the order cost, in minor units of the currency: the sum of quantity times price.", "minimum": 0},
    {"name": "currency", "type": "string", "doc": "ISO 4217 code of the total and of every item.", "pattern": "^[A-Z]{3}$"}
  ]
}
"""
    """The contract, as its author wrote it."""


Event = ProductViewed | CartUpdated | PurchaseCompleted
"""Whatever the topics carry."""

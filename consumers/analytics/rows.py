"""How the shop's events become the rows under its figures.

A row is either one message, or one product in one message: a view or a cart change has one, a purchase one per item.
"""

from __future__ import annotations

from enum import IntEnum

import numpy as np

from schemas.events import CartAction
from tributary.avro.columns import strings
from tributary.avro.columns.batch import RecordBatch
from tributary.avro.columns.strings import Integers, StringColumn
from tributary.figures import exact


class EventType(IntEnum):
    """What an event says happened."""

    view = 0
    add_to_cart = 1
    remove_from_cart = 2
    purchase = 3
    other_cart_change = 4
    """A cart action that this version does not know; counted, so that no event is missing from the total."""


_TYPE_OF_ACTION = {CartAction.ADD: EventType.add_to_cart, CartAction.REMOVE: EventType.remove_from_cart}
_TYPES = np.array([_TYPE_OF_ACTION.get(action, EventType.other_cart_change) for action in CartAction], np.int64)


def of_view(view: RecordBatch) -> RecordBatch:
    """A row per message."""
    return _message(view, _all(EventType.view, view), currency=strings.constant("", view.rows))


def of_cart(cart: RecordBatch) -> RecordBatch:
    """A row per message, with what it adds to the session's cart."""
    types = _TYPES[cart.integers("action")]
    sign = (types == EventType.add_to_cart).astype(np.int64) - (types == EventType.remove_from_cart)
    units = exact.product(sign, cart.integers("quantity"))
    value = exact.product(units, cart.integers("price_minor"))
    return _message(cart, types, currency=cart.strings("currency"), cart_units=units, cart_minor=value)


def of_purchase(purchase: RecordBatch) -> RecordBatch:
    """A row per message."""
    revenue = purchase.integers("total_minor")
    types = _all(EventType.purchase, purchase)
    return _message(purchase, types, currency=purchase.strings("currency"), revenue_minor=revenue)


def product_of_view(view: RecordBatch) -> RecordBatch:
    """A row per message: it names one product."""
    return _product(view.strings("product_id"), _all(EventType.view, view))


def product_of_cart(cart: RecordBatch) -> RecordBatch:
    """A row per message: it names one product."""
    return _product(cart.strings("product_id"), _TYPES[cart.integers("action")])


def products_of_purchase(purchase: RecordBatch) -> RecordBatch:
    """A row per item."""
    items = purchase.lists("items").records
    return _product(
        items.strings("product_id") if items.rows else strings.constant("", 0), _all(EventType.purchase, items)
    )


def _message(event: RecordBatch, types: Integers, currency: StringColumn, **amounts: Integers) -> RecordBatch:
    nothing = np.zeros(event.rows, np.int64)
    return RecordBatch(
        event.rows,
        {
            "type": types,
            "segment": event.integers("segment"),
            "region": event.strings("region"),
            "session_id": event.strings("session_id"),
            "occurred_at": event.integers("occurred_at"),
            "currency": currency,
            "cart_units": nothing,
            "cart_minor": nothing,
            "revenue_minor": nothing,
            **amounts,
        },
    )


def _product(product_id: StringColumn, types: Integers) -> RecordBatch:
    return RecordBatch(len(types), {"product_id": product_id, "type": types})


def _all(event_type: EventType, event: RecordBatch) -> Integers:
    return np.full(event.rows, event_type, np.int64)

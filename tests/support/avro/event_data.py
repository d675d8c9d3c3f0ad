"""Events of our contracts: two examples, and Hypothesis strategies for all."""

from __future__ import annotations

import json

import fastavro
from hypothesis import strategies as st

from schemas.events import CartAction, CartUpdated, Event, ProductViewed, PurchaseCompleted, PurchaseItem, Segment
from tributary.avro.rows.encoder import encoder

SCHEMAS = {cls: json.loads(cls.SCHEMA) for cls in (ProductViewed, CartUpdated, PurchaseCompleted)}
ENCODERS = {cls: encoder(schema) for cls, schema in SCHEMAS.items()}
PARSED = {cls: fastavro.parse_schema(schema) for cls, schema in SCHEMAS.items()}

VIEW = ProductViewed(
    event_id="8f01b009-3832-4678-993d-48fa95b7b921",
    occurred_at=1790000000123,
    user_id="user-7",
    session_id="session-7",
    segment=Segment.VIP,
    region="eu-west",
    product_id="1005115",
    price_minor=48900,
    currency="EUR",
)
PURCHASE = PurchaseCompleted(
    event_id="8f01b009-3832-4678-993d-48fa95b7b921",
    occurred_at=1790000000123,
    user_id="user-7",
    session_id="session-7",
    segment=Segment.NEW,
    region="eu-west",
    order_id="order-7",
    items=(
        PurchaseItem(product_id="a", quantity=1, price_minor=100),
        PurchaseItem(product_id="b", quantity=2, price_minor=50),
    ),
    total_minor=200,
    currency="EUR",
)

LONG = (1 << 63) - 1
_TEXT = st.text(max_size=100)
_ENVELOPE = {
    "event_id": st.uuids().map(str),
    "occurred_at": st.integers(0, 4102444800000),
    "user_id": _TEXT,
    "session_id": _TEXT,
    "segment": st.sampled_from(Segment),
    "region": st.from_regex(r"[a-z]+(-[a-z]+)*", fullmatch=True),
}
_MINOR = st.integers(0, LONG) | st.integers(0, 20000)
_CURRENCY = st.from_regex(r"[A-Z]{3}", fullmatch=True)
_QUANTITY = st.integers(1, (1 << 31) - 1) | st.integers(1, 5)

product_views = st.builds(
    ProductViewed,
    **_ENVELOPE,
    product_id=_TEXT,
    category=st.none() | _TEXT,
    price_minor=_MINOR,
    currency=_CURRENCY,
)
cart_updates = st.builds(
    CartUpdated,
    **_ENVELOPE,
    action=st.sampled_from(CartAction),
    product_id=_TEXT,
    quantity=_QUANTITY,
    price_minor=_MINOR,
    currency=_CURRENCY,
)
purchases = st.builds(
    PurchaseCompleted,
    **_ENVELOPE,
    order_id=_TEXT,
    items=st.lists(st.builds(PurchaseItem, product_id=_TEXT, quantity=_QUANTITY, price_minor=_MINOR), max_size=80).map(
        tuple
    ),
    total_minor=_MINOR,
    currency=_CURRENCY,
)
events: st.SearchStrategy[Event] = product_views | cart_updates | purchases

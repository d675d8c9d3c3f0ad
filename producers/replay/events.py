"""Turn the rows of a clickstream into the events of the three topics.

Ids are UUIDs of version 5 made from the rows, so the same file gives the same events again. Of these only purchases
count once, by `order_id`: nothing downstream remembers the `event_id` of views and cart changes. An ordinal
distinguishes equal rows: two equal rows are two events.

Rows are ordered by time within WINDOW_MS; only that much of the file is remembered. Where the time steps back further,
as where files were joined, a new run begins: it shares no order with the rows before, and its number is part of the
ids, so that none of its rows counts as a repetition.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha1
from itertools import compress
from uuid import UUID

import attrs
import numpy as np

from producers.replay.rows import Rows
from schemas.events import CartAction, CartUpdated, Event, ProductViewed, PurchaseCompleted, Segment

WINDOW_MS = 5_000
"""How far rows may be out of order, and how long an order stays open, in the time of the file."""

REGION = "unknown"
"""The files have no region."""

_NAMESPACE = UUID("5b0c6f6e-2d5c-5d0a-9a4e-7f1f5b8f2c11").bytes
_ACTIONS = {"cart": CartAction.ADD.value, "remove_from_cart": CartAction.REMOVE.value}
_HEX = np.frombuffer("".join(f"{byte:02x}" for byte in range(256)).encode(), np.uint16)

Columns = dict[str, Sequence[object]]
"""Events of one contract: field → values, columns of one length."""
Routed = dict[type[Event], Columns]
"""Events by contract, each in the order of the rows."""


@attrs.define
class _OrderRow:
    """A row of an order."""

    user_id: str
    session_id: str
    product_id: str
    price_minor: int
    row_id: str = ""
    """set when the ids of the whole batch are made"""


@attrs.define
class _Second:
    """What is remembered of one second within the window."""

    seen: dict[str, int] = attrs.field(factory=dict)
    """row → how often it has been repeated"""
    orders: dict[tuple[str, str], list[_OrderRow]] = attrs.field(factory=dict)
    """by session and user"""


class Router:
    """Call `route` with each batch of rows, then `close`. Prices are in `currency`.

    It remembers the seconds within the window, and `most_rows` different rows of each: where a second has more, a new
    run begins.
    """

    def __init__(self, currency: str, most_rows: int = 50_000) -> None:
        self._currency = currency
        self._most_rows = most_rows
        self._run = 0
        self._newest = -(1 << 62)
        self._seconds: dict[int, _Second] = {}
        """those within the window, in the order of their first rows"""
        self._closed: list[tuple[int, list[_OrderRow]]] = []
        """the orders whose second has left the window, each with its time"""

    def route(self, rows: Rows) -> Routed:
        """The rows as events: views and cart changes at once, an order when its second has left the window.

        Orders that are still open then wait for more rows, or for `close`.
        """
        names: list[str] = []
        bought: list[tuple[int, _OrderRow]] = []
        now, most_rows = None, self._most_rows
        seen: dict[str, int] = {}
        for at, kind, product, price, user, session in zip(
            rows.occurred_at, rows.kind, rows.product_id, rows.price_minor, rows.user_id, rows.session_id, strict=True
        ):
            if at != now or len(seen) >= most_rows:
                second = self._second(at)
                now, seen, began = at, second.seen, f"{self._run}\n{at}"
            if kind == "purchase":
                row = _OrderRow(user, session, product, price)
                bought.append((len(names), row))
                second.orders.setdefault((session, user), []).append(row)
            name = f"{began}\n{kind}\n{product}\n{price}\n{user}\n{session}\n0"
            if name in seen:
                seen[name] += 1
                name = f"{name[:-1]}{seen[name]}"
            else:
                seen[name] = 0
            names.append(name)
        ids = uuids(names)
        for index, row in bought:
            row.row_id = ids[index]
        return {
            ProductViewed: self._views(rows, ids),
            CartUpdated: self._carts(rows, ids),
            PurchaseCompleted: self._orders(),
        }

    def close(self) -> Routed:
        """The orders that are still open, as events."""
        self._forget(list(self._seconds))
        return {PurchaseCompleted: self._orders()}

    def _second(self, at: int) -> _Second:
        """The second to which the next row belongs."""
        second = self._seconds.get(at)
        if at < self._newest - WINDOW_MS or (second is not None and len(second.seen) >= self._most_rows):
            self._forget(list(self._seconds))
            self._run += 1
            self._newest, second = at, None
        elif at > self._newest:
            self._newest = at
            self._forget([past for past in self._seconds if past < at - WINDOW_MS])
        return self._seconds.setdefault(at, _Second()) if second is None else second

    def _forget(self, seconds: list[int]) -> None:
        for at in seconds:
            self._closed += ((at, rows) for rows in self._seconds.pop(at).orders.values())

    def _views(self, rows: Rows, ids: list[str]) -> Columns:
        chosen = [kind == "view" for kind in rows.kind]
        shared = self._shared(rows, ids, chosen)
        return shared | {"category": list(compress(rows.category, chosen))}

    def _carts(self, rows: Rows, ids: list[str]) -> Columns:
        chosen = [kind in _ACTIONS for kind in rows.kind]
        shared = self._shared(rows, ids, chosen)
        actions = [_ACTIONS[kind] for kind in compress(rows.kind, chosen)]
        return shared | {"action": actions, "quantity": [1] * len(actions)}

    def _shared(self, rows: Rows, ids: list[str], chosen: list[bool]) -> Columns:
        """The fields that views and cart changes have in common."""
        return {
            "event_id": list(compress(ids, chosen)),
            "occurred_at": list(compress(rows.occurred_at, chosen)),
            "user_id": list(compress(rows.user_id, chosen)),
            "session_id": list(compress(rows.session_id, chosen)),
            "product_id": list(compress(rows.product_id, chosen)),
            "price_minor": list(compress(rows.price_minor, chosen)),
            **self._constants(sum(chosen)),
        }

    def _orders(self) -> Columns:
        """Take the closed orders."""
        closed, self._closed = self._closed, []
        orders = [rows for _, rows in closed]
        # From the rows, not from session and second alone: a row that was rejected, corrected and replayed is an order
        # of its own, not a repetition of the order that it was missing from.
        order_ids = uuids(["\n".join([row.row_id for row in rows]) for rows in orders])
        return {
            "event_id": uuids(order_ids),
            "occurred_at": [at for at, _ in closed],
            "user_id": [rows[0].user_id for rows in orders],
            "session_id": [rows[0].session_id for rows in orders],
            **self._constants(len(closed)),
            "order_id": order_ids,
            "items": [
                [{"product_id": row.product_id, "quantity": 1, "price_minor": row.price_minor} for row in rows]
                for rows in orders
            ],
            "total_minor": [sum([row.price_minor for row in rows]) for rows in orders],
        }

    def _constants(self, count: int) -> Columns:
        """The fields that no row has."""
        return {
            "segment": [Segment.UNKNOWN.value] * count,
            "region": [REGION] * count,
            "currency": [self._currency] * count,
        }


def uuids(names: Sequence[str]) -> list[str]:
    """`str(uuid.uuid5(NAMESPACE, name))` of each name, at a fifth of the cost."""
    digests = b"".join([sha1(_NAMESPACE + name.encode(), usedforsecurity=False).digest() for name in names])
    octets = np.frombuffer(digests, np.uint8).reshape(-1, 20)[:, :16].copy()
    octets[:, 6] = octets[:, 6] & 0x0F | 0x50
    octets[:, 8] = octets[:, 8] & 0x3F | 0x80
    lines = np.insert(_HEX[octets].view(np.uint8), (8, 12, 16, 20, 32), list(b"----\n"), axis=1)
    return lines.tobytes().decode().split()

"""Turn the rows of a clickstream into the events of the three topics.

Ids follow from what the rows say (UUIDs of version 5), so the same file gives the same events again and its purchases
count once. Equal rows are told apart by their ordinal: two equal rows are two events.

Rows come in the order of their time, give or take WINDOW_MS; only that much of the file is remembered. Where the time
falls back further, as where files were joined, a new run begins: it shares no order with the rows before, and its
number goes into the ids, so that nothing of it is taken for a repetition.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from hashlib import sha1
from uuid import UUID

from producers.clickstream import Row
from schemas.events import CartAction, CartUpdated, Event, ProductViewed, PurchaseCompleted, PurchaseItem, Segment

WINDOW_MS = 5_000
"""How far rows may be out of order in time; an order stays open for so long, in the file's time."""

REGION = "unknown"
"""The files do not say where their users are."""

_NAMESPACE = UUID("5b0c6f6e-2d5c-5d0a-9a4e-7f1f5b8f2c11").bytes
_VARIANT = dict(zip("0123456789abcdef", "89ab" * 4, strict=True))


class Router:
    """Feed it the rows, then `close` it. Prices are in `currency`.

    At most about `most_rows` are remembered: a file that has more within the window begins a new run there.
    """

    def __init__(self, currency: str, most_rows: int = 100_000) -> None:
        self._currency = currency
        self._most_rows = most_rows
        self._run = 0
        self._newest = -(1 << 62)
        # How often each row was seen, in two generations: when the newer one has grown a window old, it becomes the
        # older one and that one is forgotten. So a row is remembered for a window at least.
        self._generation_ends = self._newest
        self._seen: dict[str, int] = {}
        self._seen_before: dict[str, int] = {}
        self._orders: dict[tuple[int, str, str], list[tuple[Row, str]]] = {}
        """open orders by second, session and user: their rows, each with its id"""

    def events(self, rows: Iterable[Row]) -> Iterator[Event]:
        """The rows as events: views and cart changes at once, an order when its second has left the window.

        Orders that are still open when the rows end are left to `close`.
        """
        for row in rows:
            at = row.occurred_at
            if at > self._newest:
                yield from self._advance(at)
            elif at < self._newest - WINDOW_MS or len(self._seen) >= self._most_rows:
                yield from self._new_run(at)
            row_id = self._identify(row)
            if row.kind == "purchase":
                self._orders.setdefault((at, row.session_id, row.user_id), []).append((row, row_id))
            elif row.kind == "view":
                yield self._view(row, row_id)
            else:
                yield self._cart(row, row_id)

    def close(self) -> Iterator[Event]:
        """The orders that are still open."""
        for rows in self._orders.values():
            yield self._purchase(rows)
        self._orders.clear()

    def _advance(self, at: int) -> Iterator[Event]:
        self._newest = at
        if at > self._generation_ends:
            self._seen_before, self._seen = self._seen, {}
            self._generation_ends = at + WINDOW_MS
        for key in [key for key in self._orders if key[0] < at - WINDOW_MS] if self._orders else ():
            yield self._purchase(self._orders.pop(key))

    def _new_run(self, at: int) -> Iterator[Event]:
        yield from self.close()
        self._run += 1
        self._newest = at
        self._generation_ends = at + WINDOW_MS
        self._seen, self._seen_before = {}, {}

    def _identify(self, row: Row) -> str:
        content = (
            f"{self._run}\n{row.occurred_at}\n{row.kind}\n{row.product_id}\n{row.price_minor}\n"
            f"{row.user_id}\n{row.session_id}"
        )
        ordinal = self._seen.get(content)
        if ordinal is None:
            ordinal = self._seen_before.get(content, 0)
        self._seen[content] = ordinal + 1
        return _uuid5(f"{content}\n{ordinal}")

    def _view(self, row: Row, event_id: str) -> ProductViewed:
        return ProductViewed(
            event_id=event_id,
            occurred_at=row.occurred_at,
            user_id=row.user_id,
            session_id=row.session_id,
            segment=Segment.UNKNOWN,
            region=REGION,
            product_id=row.product_id,
            category=row.category,
            price_minor=row.price_minor,
            currency=self._currency,
        )

    def _cart(self, row: Row, event_id: str) -> CartUpdated:
        return CartUpdated(
            event_id=event_id,
            occurred_at=row.occurred_at,
            user_id=row.user_id,
            session_id=row.session_id,
            segment=Segment.UNKNOWN,
            region=REGION,
            action=CartAction.ADD if row.kind == "cart" else CartAction.REMOVE,
            product_id=row.product_id,
            quantity=1,
            price_minor=row.price_minor,
            currency=self._currency,
        )

    def _purchase(self, rows: list[tuple[Row, str]]) -> PurchaseCompleted:
        first = rows[0][0]
        # By its rows and not by session and second alone: a row that was rejected, mended and replayed on its own is
        # an order of its own, not a repetition of the one it was missing from.
        order_id = _uuid5("\n".join(row_id for _, row_id in rows))
        return PurchaseCompleted(
            event_id=_uuid5(order_id),
            occurred_at=first.occurred_at,
            user_id=first.user_id,
            session_id=first.session_id,
            segment=Segment.UNKNOWN,
            region=REGION,
            order_id=order_id,
            items=tuple(
                PurchaseItem(product_id=row.product_id, quantity=1, price_minor=row.price_minor) for row, _ in rows
            ),
            total_minor=sum(row.price_minor for row, _ in rows),
            currency=self._currency,
        )


def _uuid5(name: str) -> str:
    """As `str(uuid.uuid5(…))`, at a third of its cost."""
    digest = sha1(_NAMESPACE + name.encode(), usedforsecurity=False).hexdigest()
    return f"{digest[:8]}-{digest[8:12]}-5{digest[13:16]}-{_VARIANT[digest[16]]}{digest[17:20]}-{digest[20:32]}"

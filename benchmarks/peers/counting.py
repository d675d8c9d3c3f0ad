"""All the figures of analytics, computed with dictionaries and SQLite as in a good plain program.

Shared by the peers, so that they differ only in how messages reach them. Uses no code of the product.
"""

from __future__ import annotations

import sqlite3
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import Any

ACTIONS = {"ADD": "add_to_cart", "REMOVE": "remove_from_cart"}
MIXED = "XXX"
MINUTE_MS = 60_000
_WRITE_AT = 50_000
"""Events to gather before a write: fewer and larger transactions are cheaper."""
_WRITE_S = 1.0

TABLES = {
    "by_type": ("topic, type", "n"),
    "by_segment": ("segment, type", "n"),
    "by_region": ("region, type", "n"),
    "by_minute": ("type, minute", "n"),
    "products": ("product, type", "n, units"),
    "revenue": ("currency", "n, minor"),
    "sessions": (
        "session",
        "views, adds, removes, purchases, cart_units, cart_minor, revenue_minor, currency, first_at, last_at",
    ),
}
"""The tables: keys, and the values of each."""

VIEWS, ADDS, REMOVES, PURCHASES, CART_UNITS, CART_MINOR, REVENUE, CURRENCY, FIRST, LAST = range(10)
_COLUMN = {"view": VIEWS, "add_to_cart": ADDS, "remove_from_cart": REMOVES, "purchase": PURCHASES}


def kind_of(event: Mapping[str, Any]) -> str:
    """The type of an event, from the fields that only one contract has."""
    if "action" in event:
        return ACTIONS[event["action"]]
    return "purchase" if "items" in event else "view"


def new_session(at: int) -> list[Any]:
    """An empty session, with an entry for each column of the table."""
    return [0, 0, 0, 0, 0, 0, 0, "", at, at]


def add_to_session(session: list[Any], kind: str, event: Mapping[str, Any], at: int) -> None:
    """Count an event of this session."""
    session[_COLUMN[kind]] += 1
    if kind != "view":
        if kind == "purchase":
            session[REVENUE] += event["total_minor"]
        else:
            units = event["quantity"] if kind == "add_to_cart" else -event["quantity"]
            session[CART_UNITS] += units
            session[CART_MINOR] += units * event["price_minor"]
        if session[CURRENCY] != event["currency"]:
            session[CURRENCY] = MIXED if session[CURRENCY] else event["currency"]
    if at < session[FIRST]:
        session[FIRST] = at
    if at > session[LAST]:
        session[LAST] = at


class Counted:
    """The figures of the events that were added."""

    def __init__(self, orders: set[str] | None = None) -> None:
        """`orders` are those that must not count again; new ones are added."""
        self.orders = set() if orders is None else orders
        self.new_orders: list[str] = []
        self.duplicates = 0
        self.by_type: defaultdict[tuple[str, str], int] = defaultdict(int)
        self.by_segment: defaultdict[tuple[str, str], int] = defaultdict(int)
        self.by_region: defaultdict[tuple[str, str], int] = defaultdict(int)
        self.by_minute: defaultdict[tuple[str, int], int] = defaultdict(int)
        self.products: dict[tuple[str, str], list[int]] = {}
        self.revenue: dict[str, list[int]] = {}
        self.sessions: dict[str, list[Any]] = {}

    def add(self, topic: str, event: Mapping[str, Any], at: int) -> None:
        """Count one event that happened at `at`, milliseconds since the epoch."""
        kind = kind_of(event)
        if kind == "purchase":
            if event["order_id"] in self.orders:
                self.duplicates += 1
                return
            self.orders.add(event["order_id"])
            self.new_orders.append(event["order_id"])
            for item in event["items"]:
                self._product(item["product_id"], kind, item["quantity"])
            revenue = self.revenue.setdefault(event["currency"], [0, 0])
            revenue[0] += 1
            revenue[1] += event["total_minor"]
        else:
            self._product(event["product_id"], kind, 0 if kind == "view" else event["quantity"])
        session = self.sessions.get(event["session_id"])
        if session is None:
            session = self.sessions[event["session_id"]] = new_session(at)
        add_to_session(session, kind, event, at)
        self.by_type[topic, kind] += 1
        self.by_segment[event["segment"], kind] += 1
        self.by_region[event["region"], kind] += 1
        self.by_minute[kind, at // MINUTE_MS * MINUTE_MS] += 1

    def _product(self, product: str, kind: str, units: int) -> None:
        row = self.products.get((product, kind))
        if row is None:
            self.products[product, kind] = [1, units]
        else:
            row[0] += 1
            row[1] += units

    def rows(self, table: str) -> Iterable[tuple[Any, ...]]:
        """A table's rows: keys, then values; sorted, because a B-tree inserts sorted rows fastest."""
        kept: Mapping[Any, Any] = getattr(self, table)
        return sorted((*_row(keys), *_row(values)) for keys, values in kept.items())

    def figures(self) -> dict[str, Any]:
        """The figures in the oracle's shape."""
        return figures({table: self.rows(table) for table in TABLES}, self.duplicates)


def _row(value: Any) -> tuple[Any, ...]:
    return tuple(value) if isinstance(value, tuple | list) else (value,)


class Store:
    """The same figures in SQLite, with their offsets: one transaction writes both."""

    def __init__(self, path: str) -> None:
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        for pragma in ("journal_mode = WAL", "synchronous = NORMAL", "cache_size = -65536"):
            self._db.execute(f"PRAGMA {pragma}")
        for table, (keys, kept) in TABLES.items():
            self._db.execute(f"CREATE TABLE IF NOT EXISTS {table} ({keys}, {kept}, PRIMARY KEY ({keys})) WITHOUT ROWID")
        self._db.execute("CREATE TABLE IF NOT EXISTS orders (id TEXT PRIMARY KEY) WITHOUT ROWID")
        self._db.execute("CREATE TABLE IF NOT EXISTS duplicates (n INTEGER)")
        self._db.execute(
            "CREATE TABLE IF NOT EXISTS offsets (topic, number, next, PRIMARY KEY (topic, number)) WITHOUT ROWID"
        )

    def offsets(self) -> dict[tuple[str, int], int]:
        """The next offset of each partition."""
        return {(topic, number): after for topic, number, after in self._db.execute("SELECT * FROM offsets")}

    def orders(self) -> set[str]:
        """The counted orders."""
        return {order for (order,) in self._db.execute("SELECT id FROM orders")}

    def write(self, counted: Counted, offsets: Mapping[tuple[str, int], int]) -> None:
        """Add the counted events and move the offsets."""
        db = self._db
        db.execute("BEGIN IMMEDIATE")
        for table, upsert in _UPSERTS.items():
            db.executemany(upsert, counted.rows(table))
        db.executemany("INSERT INTO orders VALUES (?)", [(order,) for order in sorted(counted.new_orders)])
        if counted.duplicates:
            db.execute("INSERT INTO duplicates VALUES (?)", (counted.duplicates,))
        db.executemany(
            "INSERT OR REPLACE INTO offsets VALUES (?, ?, ?)", [(*at, after) for at, after in offsets.items()]
        )
        db.execute("COMMIT")

    def figures(self) -> dict[str, Any]:
        """The figures in the oracle's shape."""
        rows = {table: self._db.execute(f"SELECT * FROM {table}") for table in TABLES}
        (duplicates,) = self._db.execute("SELECT ifnull(sum(n), 0) FROM duplicates").fetchone()
        return figures(rows, duplicates)

    def close(self) -> None:
        """Close the database."""
        self._db.close()


class Batches:
    """Collects events and writes them to a store together.

    Skips offsets that the store already has.
    """

    def __init__(self, store: Store, events: int) -> None:
        """`events` is the number of events to read."""
        self._store = store
        self._left = events
        self._orders = store.orders()
        self._offsets = store.offsets()
        self._counted = Counted(self._orders)
        self._waiting = 0
        self.written_at = time.monotonic()

    @property
    def complete(self) -> bool:
        """Whether all events are in the store."""
        return self._left <= 0 and not self._waiting

    def add(self, message: Any, decode: Callable[[bytes], Any]) -> None:
        """Count a message."""
        if message.error():
            raise RuntimeError(message.error())
        topic = message.topic()
        at, offset = (topic, message.partition()), message.offset()
        if offset < self._offsets.get(at, 0):
            return
        event = decode(message.value())
        self._counted.add(topic, event, event["occurred_at"])
        self._offsets[at] = offset + 1
        self._waiting += 1
        self._left -= 1

    def write_if_due(self) -> None:
        """Write the collected events if they are enough, old enough or the last."""
        late = time.monotonic() - self.written_at > _WRITE_S
        if self._waiting and (late or self._waiting >= _WRITE_AT or self._left <= 0):
            self._store.write(self._counted, self._offsets)
            self._counted, self._waiting, self.written_at = Counted(self._orders), 0, time.monotonic()


def _upsert(table: str, keys: str, kept: str) -> str:
    columns = kept.split(", ")
    changes = {column: f"{column} = {column} + excluded.{column}" for column in columns}
    if table == "sessions":
        changes["currency"] = (
            "currency = CASE WHEN excluded.currency IN ('', currency) THEN currency"
            f" WHEN currency = '' THEN excluded.currency ELSE '{MIXED}' END"
        )
        changes["first_at"] = "first_at = min(first_at, excluded.first_at)"
        changes["last_at"] = "last_at = max(last_at, excluded.last_at)"
    marks = ", ".join("?" * (len(columns) + len(keys.split(", "))))
    return f"INSERT INTO {table} VALUES ({marks}) ON CONFLICT DO UPDATE SET {', '.join(changes.values())}"


_UPSERTS = {table: _upsert(table, *columns) for table, columns in TABLES.items()}


def figures(tables: Mapping[str, Iterable[tuple[Any, ...]]], duplicates: int) -> dict[str, Any]:
    """The rows of all tables in the shape of the oracle's figures."""
    by_type = dict.fromkeys(("view", "add_to_cart", "remove_from_cart", "purchase"), 0)
    by_topic: defaultdict[str, int] = defaultdict(int)
    for topic, kind, n in tables["by_type"]:
        by_type[kind] += n
        by_topic[topic] += n
    products, segments, regions = (_nested(tables[table]) for table in ("products", "by_segment", "by_region"))
    lines: defaultdict[str, int] = defaultdict(int)
    for kinds in products.values():
        for kind, n in kinds.items():
            lines[kind] += n
    reached = dict.fromkeys(("count", "viewed", "carted", "purchased"), 0)
    for _, views, adds, _, purchases, *_ in tables["sessions"]:
        reached["count"] += 1
        reached["viewed"] += views > 0
        reached["carted"] += adds > 0
        reached["purchased"] += purchases > 0
    revenue = list(tables["revenue"])
    return {
        "events": sum(by_type.values()),
        "by_type": by_type,
        "by_topic": dict(by_topic),
        "by_segment": {name: sum(kinds.values()) for name, kinds in segments.items()},
        "by_segment_and_type": segments,
        "by_region": {name: sum(kinds.values()) for name, kinds in regions.items()},
        "by_region_and_type": regions,
        "product_lines": dict(lines),
        "products": products,
        "sessions": reached,
        "orders": sum(n for _, n, _ in revenue),
        "revenue_minor": {currency: minor for currency, _, minor in revenue},
        "duplicate_purchases": duplicates,
    }


def _nested(rows: Iterable[tuple[Any, ...]]) -> dict[str, dict[str, int]]:
    nested: dict[str, dict[str, int]] = {}
    for outer, inner, n, *_ in rows:
        nested.setdefault(outer, {})[inner] = n
    return nested

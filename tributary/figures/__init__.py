"""Figures of events, merged exactly once by the members of a consumer group into one store.

A `Declaration` says which fields of which events to read, how events become rows, and the figures of these rows. Here,
orders and revenue by currency, of which an order that is sent twice counts once:

>>> from tributary.figures import Declaration, Figure, Form, Measure, Merge, Once

>>> declaration = Declaration(
...     fields={
...         "OrderPlaced": {
...             "order_id": Form.STRINGS,
...             "placed_at": Form.INTEGERS,
...             "currency": Form.STRINGS,
...             "total_minor": Form.INTEGERS,
...         }
...     },
...     event_time="placed_at",
...     rows={"orders": {"OrderPlaced": lambda events: events}},
...     figures=[
...         Figure(
...             "revenue",
...             "orders",
...             by=("currency",),
...             measures=(Measure("orders"), Measure("total_minor", Merge.SUM)),
...         )
...     ],
...     once=Once("OrderPlaced", "order_id", table="order_ids", duplicates="duplicate_orders"),
... )

A member reads the topics of these events until it is stopped, or until nothing is left to read:

>>> from threading import Event
>>> from events import OrderPlaced
>>> from tributary import catalog, kafka, settings
>>> from tributary.figures import Member, RunOptions, StoreReader
>>> from tributary.registry.client import RegistryClient

>>> [publisher] = kafka.connect("orders")
>>> publisher.send_all(
...     OrderPlaced(
...         order_id=f"o-{n}", customer_id="c-1", placed_at=1_767_225_600_000, total_minor=100 * n, currency="EUR"
...     )
...     for n in (1, 2, 2)
... )
>>> publisher.flush()

>>> loaded = settings.load()
>>> registry = RegistryClient.from_settings(loaded)
>>> options = RunOptions(until_caught_up=True)
>>> member = Member(declaration, loaded, catalog.load(loaded), registry, options, Event())
>>> member.run(lambda status: None)
>>> member.close()

>>> reader = StoreReader(loaded.store_path)
>>> with reader.snapshot():
...     reader.db.execute("SELECT currency, orders, total_minor FROM revenue").fetchall()
[('EUR', 2, 300)]

`StoreReader` reads while members write. `tributary.cli.group` runs a member from the command line.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tributary import imports

if TYPE_CHECKING:
    from tributary.avro.columns.projection import Form
    from tributary.figures.declaration import Declaration, Figure, Measure, Merge, Once
    from tributary.figures.member import Member, RunOptions
    from tributary.figures.status import MemberStatus
    from tributary.figures.store.errors import StoreError
    from tributary.figures.store.reader import StoreReader

__all__ = [
    "Declaration",
    "Figure",
    "Form",
    "Measure",
    "Member",
    "MemberStatus",
    "Merge",
    "Once",
    "RunOptions",
    "StoreError",
    "StoreReader",
]

__getattr__ = imports.lazy(
    __name__,
    {
        "declaration": ("Declaration", "Figure", "Form", "Measure", "Merge", "Once"),
        "member": ("Member", "RunOptions"),
        "status": ("MemberStatus",),
        "store.errors": ("StoreError",),
        "store.reader": ("StoreReader",),
    },
)

"""Kafka with contracts: publish typed events, read a topic as columns, and consume in a group.

Publish events of the classes that `tributary generate` writes, to a topic of the catalogue:

>>> from events import OrderPlaced
>>> from tributary import kafka

>>> [orders] = kafka.connect("orders")
>>> orders.send_all(
...     OrderPlaced(
...         order_id=f"o-{n}", customer_id="c-1", placed_at=1_767_225_600_000 + n, total_minor=4990, currency="EUR"
...     )
...     for n in range(3)
... )
>>> orders.flush()
>>> orders.summary().acknowledged, orders.summary().failed
(3, 0)

Read the topic as columns: whole numbers are numpy arrays. A record that cannot be read is reported with its offset and
the reason, and the others are not affected:

>>> for part in kafka.read_columns("orders", ["order_id", "total_minor"]):
...     print(part.records.integers("total_minor").sum(), sorted(part.records.strings("order_id").tolist()))
...     print(part.unreadable)
14970 ['o-0', 'o-1', 'o-2']
[]

`GroupConsumer` reads topics as a member of a consumer group, from the offsets that a store keeps, and
`DeadLetterWriter` delivers what cannot be read to a topic of its own; `tributary.figures` uses both.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tributary import imports

if TYPE_CHECKING:
    from tributary.kafka.dead_letters import DeadLetter, DeadLettersUndelivered, DeadLetterWriter
    from tributary.kafka.group import GroupConsumer
    from tributary.kafka.publisher import Publisher, PublisherError, Summary, connect
    from tributary.kafka.topic_columns import TopicColumns, UnreadableRecord, read_columns

__all__ = [
    "DeadLetter",
    "DeadLetterWriter",
    "DeadLettersUndelivered",
    "GroupConsumer",
    "Publisher",
    "PublisherError",
    "Summary",
    "TopicColumns",
    "UnreadableRecord",
    "connect",
    "read_columns",
]

__getattr__ = imports.lazy(
    __name__,
    {
        "dead_letters": ("DeadLetter", "DeadLetterWriter", "DeadLettersUndelivered"),
        "group": ("GroupConsumer",),
        "publisher": ("Publisher", "PublisherError", "Summary", "connect"),
        "topic_columns": ("TopicColumns", "UnreadableRecord", "read_columns"),
    },
)

"""Kafka with contracts: a publisher of typed events, the members of a group, and dead letters.

Publish typed events, of the classes that `tributary generate` writes, to a topic of the catalogue:

>>> from events import OrderPlaced
>>> from tributary.kafka.publisher import connect

>>> [orders] = connect("orders")
>>> orders.send_all(
...     OrderPlaced(
...         order_id=f"o-{n}", customer_id="c-1", placed_at=1_767_225_600_000 + n, total_minor=4990, currency="EUR"
...     )
...     for n in range(3)
... )
>>> orders.flush()
>>> orders.summary().acknowledged, orders.summary().failed
(3, 0)
"""

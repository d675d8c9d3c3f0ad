"""One event at a time: our generated codecs against the stock AvroSerializer and AvroDeserializer.

Both write and read the whole message with its prefix, in alternating rounds of the same 200 different events over and
over: few enough to stay in the processor's cache, where an event is that was just made or fetched. The stock classes
get and give dictionaries, the form they are quickest with; ours get and give instances of the events' classes, checked
against the contract.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import statistics
import sys
import time
import uuid
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from schemas.events import Event

Run = Callable[[], object]

EVENTS = 200
PASSES = 10
"""How often a round goes over the events."""
GOALS = {"encode": 4.0, "decode": 6.0}
"""The ratios that the project has set itself."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print. Returns 0."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.sections.codec_rows", description=(__doc__ or "").partition("\n\n")[0]
    )
    parser.add_argument(
        "--rounds", type=int, default=15, metavar="N", help="rounds to take the median of (%(default)s)"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures to a file as well")
    options = parser.parse_args(arguments)
    results = [row for cls, events in _events().items() for row in _measure(cls, events, options.rounds)]
    print(f"Python {platform.python_version()}, load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    print(f"{'event':18}  {'':6}  {'stock µs':>9}  {'ours µs':>9}  {'ratio':>6}  {'goal':>5}")
    for row in results:
        print(
            f"{row['event']:18}  {row['what']:6}  {row['stock_us']:9.2f}  {row['ours_us']:9.2f}"
            f"  {row['ratio']:6.1f}  {row['goal']:5.1f}"
        )
    if options.json:
        options.json.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    return 0


def _measure(cls: type[Event], events: list[Event], rounds: int) -> list[dict[str, Any]]:
    from attrs import asdict
    from confluent_kafka.schema_registry import Schema, SchemaRegistryClient, topic_subject_name_strategy
    from confluent_kafka.schema_registry.avro import AvroDeserializer, AvroSerializer
    from confluent_kafka.serialization import MessageField, SerializationContext

    from tributary.avro.rows.decoder import decoder
    from tributary.avro.rows.encoder import encoder
    from tributary.avro.wire import prefix, split
    from tributary.registry.testing import serve

    with serve() as registry:
        client = SchemaRegistryClient({"url": registry.url})
        schema_id = client.register_schema("events-value", Schema(cls.SCHEMA, "AVRO"))
        strategy = {"subject.name.strategy": topic_subject_name_strategy}
        serialize = AvroSerializer(client, cls.SCHEMA, conf={"auto.register.schemas": False, **strategy})
        deserialize = AvroDeserializer(client, conf=strategy)
        context = SerializationContext("events", MessageField.VALUE)
        schema = json.loads(cls.SCHEMA)
        encode, decode, start = encoder(schema), decoder(schema, schema, cls), prefix(schema_id)

        rows = [asdict(event) for event in events]
        values = [start + encode(event) for event in events]
        assert values == [serialize(row, context) for row in rows], "both must write the same bytes"
        assert events == [decode(split(value)[1]) for value in values], "ours must read what was written"

        runs: dict[str, tuple[Run, Run]] = {
            "encode": (
                lambda: _drop(serialize(row, context) for row in rows),
                lambda: _drop(start + encode(event) for event in events),
            ),
            "decode": (
                lambda: _drop(deserialize(value, context) for value in values),
                lambda: _drop(decode(split(value)[1]) for value in values),
            ),
        }
        return [_row(cls.__name__, what, *_medians(stock, ours, rounds)) for what, (stock, ours) in runs.items()]


def _row(event: str, what: str, stock: float, ours: float) -> dict[str, Any]:
    return {
        "event": event,
        "what": what,
        "stock_us": stock,
        "ours_us": ours,
        "ratio": stock / ours,
        "goal": GOALS[what],
    }


def _medians(stock: Run, ours: Run, rounds: int) -> tuple[float, float]:
    """Microseconds of CPU an event, for the one and the other."""
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(rounds):
        for run, taken in zip((stock, ours), times, strict=True):
            start = time.process_time()
            for _ in range(PASSES):
                run()
            taken.append((time.process_time() - start) / (EVENTS * PASSES) * 1e6)
    return statistics.median(times[0]), statistics.median(times[1])


def _drop(results: Iterable[object]) -> None:
    """Take one after the other and keep none, so that no more is left to the garbage collector than in a consumer."""
    deque(results, maxlen=0)


def _events() -> dict[type[Event], list[Event]]:
    """The same events in every run, like those that shops send; a purchase has one to five items."""
    from schemas.events import CartAction, CartUpdated, ProductViewed, PurchaseCompleted, PurchaseItem, Segment

    chance = random.Random(7)

    def envelope() -> dict[str, Any]:
        return {
            "event_id": _uuid(chance),
            "occurred_at": 1_760_000_000_000 + chance.randrange(10**9),
            "user_id": f"user-{chance.randrange(10**6)}",
            "session_id": _uuid(chance),
            "segment": chance.choice([*Segment]),
            "region": chance.choice(["eu-west", "eu-north", "us-east", "ap-south"]),
            "currency": chance.choice(["EUR", "USD"]),
        }

    def product() -> dict[str, Any]:
        return {"product_id": f"product-{chance.randrange(20_000)}", "price_minor": chance.randrange(99, 200_000)}

    def view() -> ProductViewed:
        category = chance.choice(["electronics.smartphone", "apparel.shoes.keds", None])
        return ProductViewed(**envelope(), **product(), category=category)

    def cart() -> CartUpdated:
        action = chance.choice([CartAction.ADD, CartAction.REMOVE])
        return CartUpdated(**envelope(), **product(), action=action, quantity=chance.randrange(1, 4))

    def purchase() -> PurchaseCompleted:
        items = tuple(PurchaseItem(**product(), quantity=chance.randrange(1, 4)) for _ in range(chance.randrange(1, 6)))
        total = sum(item.quantity * item.price_minor for item in items)
        return PurchaseCompleted(**envelope(), order_id=_uuid(chance), items=items, total_minor=total)

    makers: dict[type[Event], Callable[[], Event]] = {
        ProductViewed: view,
        CartUpdated: cart,
        PurchaseCompleted: purchase,
    }
    return {cls: [make() for _ in range(EVENTS)] for cls, make in makers.items()}


def _uuid(chance: random.Random) -> str:
    return str(uuid.UUID(int=chance.getrandbits(128), version=4))


if __name__ == "__main__":
    sys.exit(main())

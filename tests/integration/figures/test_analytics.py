"""Analytics as users run it: as processes, with a real broker and registry."""

from __future__ import annotations

import io
import json
import random
import shutil
import signal
import subprocess
import threading
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
import fastavro
from confluent_kafka import Producer

from consumers.analytics.figures import SHOP
from tests.support.contracts import Contracts
from tests.support.kafka import running
from tests.support.registry.guest import Guest
from tributary import catalog
from tributary.avro import wire
from tributary.figures.member import Member, RunOptions
from tributary.project import Project
from tributary.registry.apply import plan
from tributary.registry.client import RegistryClient
from tributary.settings import Settings
from tributary.stack import ports
from tributary.stack.registry import RegistryServer

VIEWS, CARTS, PURCHASES = "product-events", "user-events", "purchases"


def produce(settings: Settings, count: int, seed: int = 7) -> None:
    running.run(settings, "producers", "--count", count, "--rate", 0, "--seed", seed, "--users", 5)


def send(settings: Settings, contract: str, values: list[bytes | None], key: bytes = b"k") -> None:
    producer = Producer({**settings.kafka_client(), "message.max.bytes": 10_000_000})
    name = catalog.load(settings).topic(contract).name
    for value in values:
        producer.produce(name, value, key, headers={"trace": b"\x00\xff"})
    producer.flush()


def encoded(settings: Settings, contract: str, **fields: Any) -> bytes:
    topic = catalog.load(settings).topic(contract)
    envelope = {
        "event_id": str(uuid.uuid4()),
        "occurred_at": 1_700_000_000_000,
        "user_id": "u1",
        "session_id": "s1",
        "segment": "NEW",
        "region": "eu-west",
        "currency": "EUR",
    }
    schema_id = RegistryClient.from_settings(settings).lookup(topic.subject, topic.text).id
    body = io.BytesIO()
    fastavro.schemaless_writer(body, fastavro.parse_schema(topic.schema), {**envelope, **fields})
    return wire.frame(schema_id, body.getvalue())


def until(condition: Callable[[], bool], process: subprocess.Popen[str] | None = None) -> None:
    deadline = time.monotonic() + running.PATIENCE_S
    while not condition():
        assert process is None or process.poll() is None, process.communicate()[0]
        assert time.monotonic() < deadline, "nothing happened"
        time.sleep(0.1)


def stop(process: subprocess.Popen[str]) -> str:
    process.send_signal(signal.SIGTERM)
    output, _ = process.communicate(timeout=running.PATIENCE_S)
    assert process.returncode == 0, output
    return output


def test_all_figures_equal_a_plain_pass(registered: Settings) -> None:
    produce(registered, 20_000)
    running.catch_up(registered)
    figures = running.assert_exact(registered)
    assert figures["events"] == 20_000
    produce(registered, 5_000, seed=8)
    running.catch_up(registered)
    assert running.assert_exact(registered)["events"] == 25_000


def test_the_same_purchase_twice_counts_once(registered: Settings) -> None:
    world = ("--count", 300, "--rate", 0, "--seed", 3)
    running.run(registered, "producers.purchases", *world)
    once = running.catch_up(registered)
    running.run(registered, "producers.purchases", *world)
    twice = running.catch_up(registered)
    assert twice.pop("duplicate_purchases") == 300
    assert once.pop("duplicate_purchases") == 0
    assert twice == once


def test_damaged_messages_become_dead_letters_and_the_rest_counts(registered: Settings) -> None:
    produce(registered, 10_000)
    view = encoded(registered, VIEWS, product_id="p", category=None, price_minor=1)
    cart = encoded(registered, CARTS, action="ADD", product_id="p", quantity=1, price_minor=1)
    no_magic, truncated, row_behind = b'{"a": 1}', cart[:-3], view + view[wire.PREFIX_LENGTH :]
    send(registered, VIEWS, [no_magic, row_behind])
    send(registered, CARTS, [truncated])
    figures = running.catch_up(registered)
    assert figures["events"] == 10_000
    assert figures["dead_letters"] == 3
    running.assert_exact(registered)

    names = {topic.contract: topic.name for topic in catalog.load(registered).topics}
    letters = {m.value(): m for m in running.received(registered, catalog.load(registered).dead_letters.name)}
    reasons = {
        no_magic: "the value begins with byte 0x7b",
        truncated: "ends too early",
        row_behind: "of them after the event",
    }
    assert letters.keys() == reasons.keys()
    for value, letter in letters.items():
        headers = dict(letter.headers() or ())
        assert reasons[value] in headers["dead-letter.reason"].decode()
        assert headers["dead-letter.key"] == b"k"
        assert headers["trace"] == b"\x00\xff"
        topic = names[CARTS if value == truncated else VIEWS]
        origin = f"{topic}/{headers['dead-letter.partition'].decode()}/{headers['dead-letter.offset'].decode()}"
        assert letter.key() == origin.encode()


def test_values_outside_the_contract_and_implausible_times_change_no_figure(registered: Settings) -> None:
    now = int(time.time() * 1000)
    carts = [
        encoded(
            registered,
            CARTS,
            session_id=f"s{n}",
            occurred_at=now,
            action="ADD",
            product_id="p",
            quantity=1,
            price_minor=5,
        )
        for n in range(300)
    ]
    cart = {"action": "ADD", "product_id": "p", "price_minor": 5}
    wrong = {
        "occurred_at": [now * 1000, now // 1000, 0, now + 25 * 3_600_000, -(2**63), 2**63 - 1],
        "quantity": [0, -5],
        "price_minor": [-1],
        "region": ["EU WEST", "\x1b[2J"],
    }
    spoiled = [
        encoded(registered, CARTS, **{"occurred_at": now, "quantity": 1, **cart, field: value})
        for field, values in wrong.items()
        for value in values
    ]
    a_year_ago = encoded(registered, CARTS, occurred_at=now - 365 * 86_400_000, quantity=1, session_id="old", **cart)
    send(registered, CARTS, [*carts[:150], *spoiled, *carts[150:], a_year_ago])
    figures = running.catch_up(registered)
    assert (figures["events"], figures["dead_letters"]) == (301, len(spoiled))
    assert figures["abandoned_carts"] == {"count": 1, "value_minor": {"EUR": 5}}
    assert figures["watermark_ms"] == now
    letters = running.received(registered, catalog.load(registered).dead_letters.name)
    reasons = [dict(letter.headers() or ())["dead-letter.reason"].decode() for letter in letters]
    for field, values in wrong.items():
        assert sum(f": CartUpdated.{field} is " in reason for reason in reasons) == len(values)


def test_a_message_without_a_value_or_with_an_unknown_schema_is_a_dead_letter(registered: Settings) -> None:
    send(registered, VIEWS, [None, wire.frame(99_999, b"\x00"), b"\x00\xff\xff\xff\xff\x00"])
    assert running.catch_up(registered)["dead_letters"] == 3
    letters = running.received(registered, catalog.load(registered).dead_letters.name)
    reasons = sorted(dict(letter.headers() or ())["dead-letter.reason"].decode() for letter in letters)
    assert reasons == [
        "schema id 4294967295 is beyond the ids of a registry",
        "schema id 99999 is not in the registry",
        "the value is null (a tombstone)",
    ]


def test_a_dead_letter_that_is_too_large_is_sent_without_its_value(registered: Settings) -> None:
    """The broker's limit of 1,048,588 bytes includes our headers: no message may stop the member."""
    noise = random.Random(1)
    large, too_large = (b"{" + noise.randbytes(size) for size in (1_020_000, 1_048_400))
    send(registered, VIEWS, [large, too_large, b"{}"])
    send(registered, VIEWS, [b"["], key=noise.randbytes(1_048_400))
    assert running.catch_up(registered)["dead_letters"] == 4
    letters = running.received(registered, catalog.load(registered).dead_letters.name)
    left_out = {dict(letter.headers() or ()).get("dead-letter.left-out"): letter.value() for letter in letters}
    assert left_out.pop(b"value=1048401") is None
    assert left_out.pop(b"value=1 headers=7 key=1048144") is None
    assert {letter.value() for letter in letters} == {large, b"{}", None}


def test_a_registry_that_is_down_is_waited_for(registered: Settings, tmp_path: Path) -> None:
    server = RegistryServer(directory=tmp_path / "registry", port=ports.free())
    own = attrs.evolve(
        registered,
        registry_url=f"http://{ports.LOOPBACK}:{server.port}",
        lock_path=tmp_path / "own.lock.json",
    )
    server.start()
    try:
        plan.apply(own)
        produce(own, 1_000)
        own.lock_path.unlink()
        server.stop()
        member = running.start(own, "consumers.analytics", "--until-caught-up")
        until(lambda: own.store_path.exists(), member)
        time.sleep(3)
        assert member.poll() is None
        assert running.report(own)["dead_letters"] == 0
        server.start()
        output, _ = member.communicate(timeout=running.PATIENCE_S)
        assert member.returncode == 0, output
        assert "waiting for the registry" in output
        assert running.assert_exact(own)["events"] == 1_000
    finally:
        server.stop()


def test_the_lock_replaces_a_registry_that_is_down(registered: Settings, tmp_path: Path) -> None:
    server = RegistryServer(directory=tmp_path / "registry", port=ports.free())
    own = attrs.evolve(
        registered, registry_url=f"http://{ports.LOOPBACK}:{server.port}", lock_path=tmp_path / "own.lock.json"
    )
    server.start()
    try:
        plan.apply(own)
        produce(own, 1_000)
    finally:
        server.stop()
    assert running.catch_up(own)["events"] == 1_000


def test_a_member_continues_while_its_schema_evolves(registered: Settings, tmp_path: Path) -> None:
    produce(registered, 2_000)
    member = running.start(registered, "consumers.analytics")
    until(lambda: registered.store_path.exists() and running.report(registered)["events"] == 2_000, member)

    folder = tmp_path / "schemas"
    shutil.copytree(registered.project.contracts.parent, folder)
    (tmp_path / "tributary.toml").write_text("")
    contract = folder / VIEWS / "product_viewed.avsc"
    schema = json.loads(contract.read_text())
    schema["fields"].append({"name": "referrer", "type": ["null", "string"], "default": None, "doc": "Where from."})
    contract.write_text(json.dumps(schema))
    edited = catalog.load(attrs.evolve(registered, project=Project.load(tmp_path)))
    plan.apply(registered, edited)
    topic = edited.topic(VIEWS)
    registered_v2 = RegistryClient.from_settings(registered).lookup(topic.subject, topic.text)
    assert registered_v2.version == 2

    view = encoded(registered, VIEWS, product_id="p", category=None, price_minor=1)[wire.PREFIX_LENGTH :]
    send(registered, VIEWS, [wire.frame(registered_v2.id, view + b"\x02\x0asearch"[:7])] * 10)
    until(lambda: running.report(registered)["events"] == 2_010, member)
    assert running.report(registered)["dead_letters"] == 0
    stop(member)


def test_a_topic_that_analytics_does_not_know_is_skipped(fresh: Settings, guest: Guest, contracts: Contracts) -> None:
    name = f"returns-{guest.word}"
    guest.remember(f"{name}-value")
    record = {"type": "record", "name": "OrderReturned", "namespace": "tributary.events", "doc": "A return."}
    fields = contracts.load().topic(PURCHASES).schema["fields"][:6]
    loaded = contracts.with_settings(fresh).add("returns", {**record, "fields": fields}, name)
    plan.apply(fresh, loaded)
    produce(fresh, 1_000)
    producer = Producer(fresh.kafka_client())
    producer.produce(name, b"of no concern")
    producer.flush()
    choices = RunOptions(until_caught_up=True)
    member = Member(SHOP, fresh, loaded, RegistryClient.from_settings(fresh), choices, threading.Event())
    try:
        member.run(lambda _: None)
    finally:
        member.close()
    report = running.report(fresh)
    assert (report["events"], report["dead_letters"]) == (1_000, 0)


def test_two_members_share_one_store(registered: Settings) -> None:
    settings = attrs.evolve(registered, batch_size=500)
    members = [running.start(settings, "consumers.analytics") for _ in range(2)]
    try:
        for seed in range(4):
            produce(settings, 5_000, seed)
        until(settings.store_path.exists)
        until(lambda: running.report(settings)["events"] == 20_000)
    finally:
        outputs = [stop(member) for member in members]
    # In a rebalance each member writes what it has before partitions move, so nothing is dropped.
    assert not any("dropped" in output for output in outputs), outputs
    running.assert_exact(settings)


def test_a_store_that_is_ahead_of_its_topics_is_refused(registered: Settings) -> None:
    produce(registered, 1_000)
    running.catch_up(registered)
    other = attrs.evolve(registered, topic_names={k: f"{v}-2" for k, v in registered.topic_names.items()})
    plan.apply(other)
    import sqlite3

    db = sqlite3.connect(registered.store_path)
    db.execute("UPDATE offsets SET topic = topic || '-2'")
    db.commit()
    db.close()
    member = running.start(other, "consumers.analytics", "--until-caught-up")
    output, _ = member.communicate(timeout=running.PATIENCE_S)
    assert member.returncode == 1
    assert "the broker has lost messages that are in the figures" in output


def test_topics_that_do_not_exist_are_named(fresh: Settings) -> None:
    member = running.start(fresh, "consumers.analytics", "--until-caught-up")
    output, _ = member.communicate(timeout=running.PATIENCE_S)
    assert member.returncode == 1
    assert "tributary apply" in output

"""The producers as processes, on a real broker and registry."""

from __future__ import annotations

import csv
import io
import json
import signal
import subprocess
import sys
from collections import Counter, defaultdict
from decimal import Decimal
from pathlib import Path
from typing import Any

import attrs
import fastavro
import pytest

from tests.support.kafka import running
from tests.support.paths import ROOT
from tributary import catalog
from tributary.avro import wire
from tributary.registry.client import RegistryClient
from tributary.settings import Settings

SAMPLE = ROOT / "data" / "clickstream-sample.csv"
VIEWS, CARTS, PURCHASES = "product-events", "user-events", "purchases"


def start(settings: Settings, module: str, *options: object, cwd: Path = ROOT) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", module, *map(str, options)]
    return subprocess.Popen(
        command,
        env=running.environment(settings, PYTHONPATH=str(ROOT)),
        cwd=cwd,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def run(settings: Settings, module: str, *options: object, cwd: Path = ROOT) -> tuple[int, str, str]:
    process = start(settings, module, *options, cwd=cwd)
    out, err = process.communicate(timeout=120)
    return process.returncode, out, err


def received(settings: Settings, contract: str) -> list[dict[str, Any]]:
    """All events in a topic, by plain fastavro; `key` and `partition` are added."""
    topic = catalog.load(settings).topic(contract)
    expected_id = RegistryClient.from_settings(settings).lookup(topic.subject, topic.text).id
    schema = fastavro.parse_schema(topic.schema)
    found = []
    for message in running.received(settings, topic.name):
        schema_id, body = wire.split(message.value())
        assert schema_id == expected_id
        event = fastavro.schemaless_reader(io.BytesIO(body), schema)
        found.append(event | {"key": message.key().decode(), "partition": message.partition()})
    return found


def test_three_processes_at_their_own_rates_publish_one_world(registered: Settings) -> None:
    processes = [
        start(
            registered, "producers.product_events", "--users", 3, "--rate", 0, "--count", 3000, "--seed", 7, "--json"
        ),
        start(registered, "producers.user_events", "--users", 3, "--rate", 2000, "--count", 400, "--seed", 7, "--json"),
        start(registered, "producers.purchases", "--users", 3, "--rate", 500, "--count", 100, "--seed", 7, "--json"),
    ]
    summaries = [json.loads(process.communicate(timeout=120)[0]) for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0]
    events = {contract: received(registered, contract) for contract in (VIEWS, CARTS, PURCHASES)}
    for summary, (contract, count) in zip(summaries, ((VIEWS, 3000), (CARTS, 400), (PURCHASES, 100)), strict=True):
        assert (summary["topic"], summary["sent"], summary["acknowledged"]) == (
            registered.topic_names[catalog_setting(contract)],
            count,
            count,
        )
        assert len(events[contract]) == count
        assert all(event["key"] == event["user_id"] for event in events[contract])

    viewed, carts = defaultdict(set), defaultdict(Counter)
    for view in events[VIEWS]:
        viewed[view["session_id"]].add(view["product_id"])
    for change in events[CARTS]:
        pieces = change["quantity"] if change["action"] == "ADD" else -change["quantity"]
        carts[change["session_id"]][change["product_id"]] += pieces
    # The counts end the three at different sessions; sessions within all three must match.
    whole = [order for order in events[PURCHASES] if order["session_id"] in viewed and order["session_id"] in carts]
    assert len(whole) > 50
    for order in whole:
        items = {item["product_id"]: item["quantity"] for item in order["items"]}
        assert items.keys() <= viewed[order["session_id"]]
    fitting = [
        order
        for order in whole
        if {item["product_id"]: item["quantity"] for item in order["items"]} == +carts[order["session_id"]]
    ]
    assert len(fitting) >= len(whole) - 3, "only the last session of each user may be cut off"

    where = defaultdict(set)
    for found in events.values():
        for event in found:
            where[event["user_id"]].add(event["partition"])
    assert {len(partitions) for partitions in where.values()} == {1}, "a user is in one partition of all three topics"


def catalog_setting(contract: str) -> str:
    return {VIEWS: "KAFKA_TOPIC_PRODUCTS", CARTS: "KAFKA_TOPIC_USERS", PURCHASES: "KAFKA_TOPIC_PURCHASES"}[contract]


def test_the_same_world_again_sends_the_same_orders(registered: Settings) -> None:
    for rate in (0, 1000):
        code, out, _ = run(registered, "producers.purchases", "--rate", rate, "--count", 50, "--seed", 11)
        assert code == 0
        assert "50 sent, 50 acknowledged, 0 failed" in out
        assert "seed 11" in out
    orders = Counter(order["order_id"] for order in received(registered, PURCHASES))
    assert len(orders) == 50
    assert set(orders.values()) == {2}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stopped_producer_drains_and_prints_a_summary(registered: Settings, number: signal.Signals) -> None:
    process = start(registered, "producers.product_events", "--rate", 500, "--json")
    running.await_first(registered, catalog.load(registered).topic(VIEWS).name)
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    summary = json.loads(out)
    assert process.returncode == 0, err
    assert summary["sent"] == summary["acknowledged"] == len(received(registered, VIEWS)) > 0


def test_all_three_at_once_stop_together(registered: Settings) -> None:
    process = start(registered, "producers", "--rate", 1000, "--users", 10, "--json", "--seed", 3)
    for topic in catalog.load(registered).topics:
        running.await_first(registered, topic.name)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    summaries = {summary["topic"]: summary for summary in map(json.loads, out.splitlines())}
    assert {summary["seed"] for summary in summaries.values()} == {3}
    for topic in catalog.load(registered).topics:
        assert summaries[topic.name]["acknowledged"] == len(received(registered, topic.contract)) > 0


def test_without_its_contract_a_producer_sends_nothing(fresh: Settings) -> None:
    code, out, err = run(fresh, "producers.product_events", "--count", 5)
    assert (code, out) == (1, "")
    assert "tributary apply" in err


def test_without_a_broker_it_says_what_to_do(registered: Settings) -> None:
    settings = attrs.evolve(registered, bootstrap_servers="127.0.0.1:1")
    code, out, err = run(settings, "producers.user_events", "--count", 5)
    assert (code, out) == (1, "")
    assert "127.0.0.1:1 cannot be reached" in err
    assert "tributary stack up" in err


# ---- replay ------------------------------------------------------------------------------------


def test_a_replayed_file_equals_an_independent_pass(registered: Settings, tmp_path: Path) -> None:
    code, out, err = run(registered, "producers.replay", SAMPLE, cwd=tmp_path)
    assert code == 0, err
    assert "0 rejected" in out
    views, carts, orders = (received(registered, contract) for contract in (VIEWS, CARTS, PURCHASES))

    with SAMPLE.open(newline="") as file:
        rows = list(csv.DictReader(file))
    kinds = Counter(row["event_type"] for row in rows)
    actions = Counter(change["action"] for change in carts)
    items = [item for order in orders for item in order["items"]]
    assert (len(views), len(items)) == (kinds["view"], kinds["purchase"])
    assert (actions["ADD"], actions["REMOVE"]) == (kinds["cart"], kinds["remove_from_cart"])
    assert Counter(event["product_id"] for event in [*views, *carts, *items]) == Counter(r["product_id"] for r in rows)
    assert {e["session_id"] for e in [*views, *carts, *orders]} == {row["user_session"] for row in rows}
    bought = [row for row in rows if row["event_type"] == "purchase"]
    assert sum(o["total_minor"] for o in orders) == 100 * sum(Decimal(row["price"]) for row in bought)
    assert len(orders) == len({(row["user_session"], row["event_time"]) for row in bought})
    assert {f"{e['occurred_at']:%Y-%m-%d %H:%M:%S UTC}" for e in [*views, *carts, *orders]} == {
        row["event_time"] for row in rows
    }

    assert run(registered, "producers.replay", SAMPLE, cwd=tmp_path)[0] == 0
    again = Counter(order["order_id"] for order in received(registered, PURCHASES))
    assert again == Counter({order["order_id"]: 2 for order in orders})


def test_bad_rows_are_reported_and_kept_and_the_others_published(registered: Settings, tmp_path: Path) -> None:
    lines = SAMPLE.read_text().splitlines(keepends=True)
    lines[100] = lines[100].replace(",view,", ",stare,", 1)
    lines[-1] = lines[-1][:-30]
    assert ",stare," in lines[100]
    (tmp_path / "clicks.csv").write_text("".join(lines))
    code, out, err = run(registered, "producers.replay", "clicks.csv", "--currency", "EUR", cwd=tmp_path)
    assert code == 1
    assert "clicks.csv, line 101: event_type is 'stare', expected one of view, cart" in err
    assert f"{len(lines) - 1:,} rows, 2 rejected (see clicks.csv.rejects.csv)" in out
    kept = (tmp_path / "clicks.csv.rejects.csv").read_text().splitlines()
    assert [line.split(",")[0] for line in kept] == ["line", "101", str(len(lines))]
    events = [event for contract in (VIEWS, CARTS, PURCHASES) for event in received(registered, contract)]
    assert sum(len(event.get("items", [1])) for event in events) == len(lines) - 1 - 2
    assert {event["currency"] for event in events} == {"EUR"}
    code, _, err = run(registered, "producers.replay", "clicks.csv", "--rejects", "clicks.csv/rejects", cwd=tmp_path)
    assert code == 1
    assert "replay: stopped: clicks.csv/rejects cannot be written: Not a directory" in err
    assert "Traceback" not in err


def test_a_replay_keeps_the_files_pace_and_stops_on_a_signal(registered: Settings, tmp_path: Path) -> None:
    process = start(registered, "producers.replay", SAMPLE, "--speed", 1, cwd=tmp_path)
    running.await_first(registered, catalog.load(registered).topic(VIEWS).name)
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert "stopped after" in out
    # At speed 1 the sample takes most of an hour.
    assert 0 < len(received(registered, VIEWS)) < 100

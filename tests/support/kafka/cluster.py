"""A real broker and registry for the tests, one of each per pytest session.

TEST_STACK=external uses the addresses in the environment or `.env` instead of starting any.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import attrs
import pytest
from confluent_kafka.admin import AdminClient

from tests.support.kafka.stacks import own_stack, own_topics
from tests.support.registry.guest import Guest
from tributary import settings as settings_module
from tributary.registry.apply import plan
from tributary.settings import Settings
from tributary.stack.local import LocalStack

EXTERNAL = os.environ.get("TEST_STACK") == "external"


@pytest.fixture(scope="session")
def cluster() -> Iterator[Settings]:
    """The settings of a running Kafka and registry."""
    if EXTERNAL:
        yield settings_module.load()
        return
    with own_stack("tests") as settings:
        LocalStack(settings).up()
        yield settings


@pytest.fixture
def guest(cluster: Settings) -> Iterator[Guest]:
    """Access to the registry, which may be shared and contain other subjects."""
    one = Guest(cluster)
    yield one
    one.leave()


@pytest.fixture
def fresh(cluster: Settings, guest: Guest, tmp_path: Path) -> Iterator[Settings]:
    """The cluster's settings with unique topics, consumer group, registry lock and store.

    No topic and no subject exists yet: a test that needs them runs `apply`.
    """
    names = own_topics(guest.word)
    for name in names.values():
        guest.remember(f"{name}-value")
    settings = attrs.evolve(
        cluster,
        topic_names=names,
        consumer_group=f"analytics-{guest.word}",
        store_path=tmp_path / "analytics.sqlite",
        lock_path=tmp_path / "registry.lock.json",
    )
    yield settings
    if EXTERNAL:  # our own broker is deleted with its data
        for deleted in AdminClient(settings.kafka_client()).delete_topics(list(names.values())).values():
            deleted.exception()


@pytest.fixture
def registered(fresh: Settings) -> Settings:
    """`fresh`, with its topics created and its contracts registered."""
    plan.apply(fresh)
    return fresh

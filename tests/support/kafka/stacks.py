"""A Kafka and a registry for tests and benchmarks that end with the process that started them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.support.paths import ROOT
from tributary import settings as settings_module
from tributary.settings import Settings
from tributary.stack import ports


def own_environment(directory: Path) -> dict[str, str]:
    """The environment of a local stack on free ports, with all its data in this folder."""
    return {
        "STACK": "local",
        "STACK_DIR": str(directory),
        "JARS_DIR": str(settings_module.load().jars_dir),
        "STORE_PATH": str(directory / "analytics.sqlite"),
        "KAFKA_BOOTSTRAP_SERVERS": f"{ports.LOOPBACK}:{ports.free()}",
        "SCHEMA_REGISTRY_URL": f"http://{ports.LOOPBACK}:{ports.free()}",
    }


def own_topics(word: str) -> dict[str, str]:
    """The settings that end each topic's name with this word."""
    return {
        "KAFKA_TOPIC_PRODUCTS": f"product-events-{word}",
        "KAFKA_TOPIC_USERS": f"user-events-{word}",
        "KAFKA_TOPIC_PURCHASES": f"purchases-{word}",
        "KAFKA_TOPIC_DEAD_LETTERS": f"dead-letters-{word}",
    }


@contextmanager
def ended_with_us(environment: Mapping[str, str], command: str) -> Iterator[None]:
    """Run `tributary stack COMMAND` for this stack when the block ends, or when this process dies."""
    # This process may be killed at any moment. So another process stops the stack when its standard input ends, which
    # happens when we close it and also when we die.
    ender = subprocess.Popen(
        ["/bin/sh", "-c", 'cat >/dev/null; exec "$0" -m tributary stack "$1"', sys.executable, command],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,  # the pipe may be gone with those who read it
        env={**os.environ, **environment},
        cwd=ROOT,
        start_new_session=True,
    )
    try:
        yield
    finally:
        assert ender.stdin is not None
        ender.stdin.close()
        assert ender.wait() == 0, f"tributary stack {command} failed: something may still run"


@contextmanager
def own_stack(name: str) -> Iterator[Settings]:
    """The settings of a local stack in a temporary folder; what starts in it ends with the block or this process."""
    directory = Path(tempfile.mkdtemp(prefix=f"tributary-{name}-"))
    environment = own_environment(directory)
    try:
        with ended_with_us(environment, "clean"):
            yield settings_module.load(environment, env_file=Path(os.devnull))
    finally:
        shutil.rmtree(directory, ignore_errors=True)

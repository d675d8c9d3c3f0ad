"""A schema registry for tests: in memory, enforcing, ready in milliseconds, with the answers of the real one.

As a pytest plugin it gives the fixture `schema_registry`, an empty registry for each test; anything that takes a
registry's URL can use it. `pytest_plugins` belongs into the top `conftest.py`:

    import pytest
    from confluent_kafka.schema_registry import Schema, SchemaRegistryClient, SchemaRegistryError

    pytest_plugins = ["tributary.registry.testing"]

    V1 = '{"type": "record", "name": "Order", "fields": [{"name": "id", "type": "string"}]}'
    V2 = '{"type": "record", "name": "Order", "fields": [{"name": "number", "type": "long"}]}'

    def test_orders_evolve(schema_registry):
        client = SchemaRegistryClient({"url": schema_registry.url})
        client.register_schema("orders-value", Schema(V1, "AVRO"))
        with pytest.raises(SchemaRegistryError, match="READER_FIELD_MISSING_DEFAULT_VALUE"):  # `mock://` allows it
            client.register_schema("orders-value", Schema(V2, "AVRO"))

Without pytest's fixture:

>>> from confluent_kafka.schema_registry import Schema, SchemaRegistryClient
>>> from tributary.registry.testing import serve

>>> with serve() as schema_registry:
...     client = SchemaRegistryClient({"url": schema_registry.url})
...     client.register_schema("orders-value", Schema('"string"', "AVRO"))
1

Both need the extra `web`, and pytest.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tributary import imports
from tributary.registry.server.http.process import listen
from tributary.registry.server.store import Store

with imports.extras_named():
    import uvicorn
    from starlette.applications import Starlette

    from tributary.http_server import configuration
    from tributary.registry.server.http.app import create_app


class TestRegistry:
    """A running registry."""

    __test__ = False

    def __init__(self, url: str, app: Starlette) -> None:
        self.url = url
        """Where it answers, for example `http://127.0.0.1:40213`."""
        self._app = app

    def reset(self) -> None:
        """Forget every schema, level and mode; ids start at 1 again."""
        self._app.state.api.replace(Store(None))


@contextmanager
def serve(data: Path | None = None, user: str = "", password: str = "") -> Iterator[TestRegistry]:
    """Run a registry on a free port of this machine while the block runs; in memory unless `data` names a folder."""
    app = create_app(data, user, password)
    server = uvicorn.Server(configuration(app))
    with listen("127.0.0.1", 0) as listener:
        thread = threading.Thread(target=server.run, args=([listener],), name="schema-registry", daemon=True)
        thread.start()
        while not server.started:
            if not thread.is_alive():
                raise RuntimeError("the registry did not start")
            time.sleep(0.002)
        try:
            yield TestRegistry(f"http://127.0.0.1:{listener.getsockname()[1]}", app)
        finally:
            server.should_exit = True
            thread.join()


@pytest.fixture(scope="session")
def schema_registry_server() -> Iterator[TestRegistry]:
    """One registry for all tests; use `schema_registry`, which empties it first."""
    with serve() as registry:
        yield registry


@pytest.fixture
def schema_registry(schema_registry_server: TestRegistry) -> TestRegistry:
    """An empty, enforcing registry; give `schema_registry.url` to whatever needs one."""
    schema_registry_server.reset()
    return schema_registry_server

"""The registry's client against a server that answers what a test tells it to."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from hypothesis import strategies as st

from tributary.registry import lock
from tributary.registry.client import (
    NotRegistered,
    RegistryClient,
    RegistryError,
    RegistryUnavailable,
    SchemaNotFound,
    SchemaUnusable,
)
from tributary.registry.client import requests as client_module

SCHEMA = '{"type": "record", "name": "R", "fields": []}'


class Registry:
    """A scripted registry: answers in order, requests as they came."""

    def __init__(self) -> None:
        self.answers: list[tuple[int, bytes]] = []
        self.requests: list[tuple[str, str, Any, str | None]] = []
        script = self

        class Handler(BaseHTTPRequestHandler):
            def answer(self) -> None:
                content = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                body = json.loads(content) if content else None
                script.requests.append((self.command, self.path, body, self.headers["Authorization"]))
                status, text = script.answers.pop(0) if script.answers else (404, b"")
                self.send_response(status)
                self.end_headers()
                self.wfile.write(text)

            do_GET = do_POST = do_PUT = answer

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def will(self, status: int, answer: Any) -> None:
        self.answers.append((status, answer if isinstance(answer, bytes) else json.dumps(answer).encode()))

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch) -> Iterator[Registry]:
    monkeypatch.setattr(client_module, "_PAUSES_S", (0.0, 0.0))
    scripted = Registry()
    yield scripted
    scripted.close()


def test_lookup_quotes_the_subject_and_sends_the_credentials(registry: Registry) -> None:
    registry.will(200, {"subject": "a/b c-value", "id": 7, "version": 3, "schema": SCHEMA})
    found = RegistryClient(registry.url + "/", "ann", "pw").lookup("a/b c-value", SCHEMA)
    assert (found.id, found.version) == (7, 3)
    assert registry.requests == [("POST", "/subjects/a%2Fb%20c-value", {"schema": SCHEMA}, "Basic YW5uOnB3")]


def test_a_login_in_the_address_is_sent_and_not_shown(registry: Registry) -> None:
    registry.will(200, [])
    client = RegistryClient(registry.url.replace("//", "//ann:s%40cret@"))
    assert client.subjects() == []
    assert registry.requests == [("GET", "/subjects", None, "Basic YW5uOnNAY3JldA==")]
    registry.close()
    with pytest.raises(RegistryUnavailable) as unreachable:
        client.subjects()
    assert "cret" not in str(unreachable.value)


@pytest.mark.parametrize("code", [40401, 40403])
def test_a_schema_that_is_not_registered_names_the_command(registry: Registry, code: int) -> None:
    registry.will(404, {"error_code": code, "message": "not found"})
    with pytest.raises(NotRegistered, match=r"subject s-value.*tributary apply"):
        RegistryClient(registry.url).lookup("s-value", SCHEMA)


def test_an_id_is_asked_for_once(registry: Registry) -> None:
    registry.will(200, {"schema": SCHEMA})
    client = RegistryClient(registry.url)
    assert [client.schema_text(4), client.schema_text(4)] == [SCHEMA, SCHEMA]
    assert len(registry.requests) == 1


def test_reads_are_repeated_while_the_registry_starts(registry: Registry) -> None:
    registry.will(503, b"starting")
    registry.will(500, {"error_code": 50003, "message": "forwarding failed"})
    client = RegistryClient(registry.url)
    with pytest.raises(RegistryError) as refused:
        client.subjects()
    assert (refused.value.status, refused.value.code, refused.value.message) == (500, 50003, "forwarding failed")


@pytest.mark.parametrize("answer", [b"<html>", b"", {"error_code": 404, "message": "HTTP 404 Not Found"}])
def test_a_refusal_of_a_web_server_names_the_address(registry: Registry, answer: Any) -> None:
    registry.will(404, answer)
    with pytest.raises(RegistryError) as refused:
        RegistryClient(registry.url.replace("//", "//ann:s%40cret@")).subjects()
    assert refused.value.message.startswith(f"{registry.url}: ")


def test_writes_are_not_repeated(registry: Registry) -> None:
    registry.will(503, b"starting")
    registry.will(200, {"id": 1})
    with pytest.raises(RegistryError, match="starting"):
        RegistryClient(registry.url).register("s-value", SCHEMA)
    assert len(registry.requests) == 1


def test_an_answer_that_is_not_json_doubts_the_address(registry: Registry) -> None:
    registry.will(200, b"<html>")
    with pytest.raises(RegistryError, match="is SCHEMA_REGISTRY_URL a schema registry"):
        RegistryClient(registry.url).subjects()


def test_a_subject_without_settings_of_its_own(registry: Registry) -> None:
    registry.will(404, {"error_code": 40408, "message": "no level"})
    registry.will(404, {"error_code": 40409, "message": "no mode"})
    registry.will(404, {"error_code": 40401, "message": "no subject"})
    client = RegistryClient(registry.url)
    assert (client.level("s"), client.mode("s"), client.versions("s")) == (None, None, [])


def test_references_of_another_type_are_left_as_they_are(registry: Registry) -> None:
    protobuf = {"schema": "message R {}", "schemaType": "PROTOBUF", "references": [{"name": "a.proto"}]}
    registry.will(200, [1])
    registry.will(200, {**protobuf, "id": 7, "version": 1})
    assert RegistryClient(registry.url).versions("s") == [lock.Version(1, 7, "message R {}")]
    registry.will(200, protobuf)
    with pytest.raises(SchemaUnusable, match="PROTOBUF"):
        RegistryClient(registry.url).schema_text(7)
    assert len(registry.requests) == 3


ANSWERS = st.tuples(
    st.sampled_from([200, 200, 200, 204, 302, 400, 401, 404, 409, 422, 429, 500, 503]),
    st.one_of(
        st.binary(max_size=40),
        st.recursive(
            st.none() | st.booleans() | st.integers(-3, 50000) | st.sampled_from(["AVRO", SCHEMA, "{", "x"]),
            lambda inner: (
                st.lists(inner, max_size=2)
                | st.dictionaries(
                    st.sampled_from(["schema", "schemaType", "references", "id", "version", "error_code", "message"]),
                    inner,
                    max_size=4,
                )
            ),
            max_leaves=8,
        ),
    ),
)


@hypothesis.given(st.lists(ANSWERS, min_size=4, max_size=4))
@hypothesis.settings(
    suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture, hypothesis.HealthCheck.too_slow],
    max_examples=60,
)
def test_no_answer_ends_in_another_error_than_those_that_are_told(
    registry: Registry, answers: list[tuple[int, Any]]
) -> None:
    client = RegistryClient(registry.url)
    asked: list[Callable[[], object]] = [
        lambda: client.schema_text(4),
        lambda: client.lookup("s", SCHEMA),
        client.subjects,
        lambda: client.versions("s"),
        lambda: client.register("s", SCHEMA),
        lambda: client.compatibility("s", SCHEMA),
        lambda: client.level("s"),
    ]
    for ask in asked:
        registry.answers = [(status, b"" if status == 204 else _encoded(answer)) for status, answer in answers]
        with contextlib.suppress(RegistryUnavailable, RegistryError, NotRegistered, SchemaNotFound, SchemaUnusable):
            ask()


def _encoded(answer: Any) -> bytes:
    return answer if isinstance(answer, bytes) else json.dumps(answer).encode()


def down(registry: Registry, path: Path | None) -> RegistryClient:
    registry.close()
    return RegistryClient(registry.url, lock_path=path)


def test_the_lock_answers_while_the_registry_is_down(registry: Registry, tmp_path: Path) -> None:
    path = tmp_path / "lock.json"
    lock.save(lock.Lock("local", {"s-value": lock.Subject("FULL", (lock.Version(1, 4, SCHEMA),))}), path)
    client = down(registry, path)
    assert client.schema_text(4) == SCHEMA
    with pytest.raises(RegistryUnavailable, match=r"cannot be reached.*tributary stack up"):
        client.schema_text(5)
    with pytest.raises(RegistryUnavailable):
        client.lookup("s-value", SCHEMA)


def test_a_lock_with_the_ids_of_another_registry_does_not_answer(registry: Registry, tmp_path: Path) -> None:
    path = tmp_path / "lock.json"
    shared = lock.Lock("https://registry.example", {"s-value": lock.Subject("FULL", (lock.Version(1, 4, SCHEMA),))})
    lock.save(shared, path)
    with pytest.raises(RegistryUnavailable):
        down(registry, path).schema_text(4)

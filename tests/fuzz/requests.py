"""The registry's API: sequences of requests to the real application, on a store of their own.

An input is text: a line `METHOD path`, lines for headers, an empty line, a body; `\\x1e` between two requests.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from functools import lru_cache
from typing import Any
from urllib.parse import quote

from starlette.applications import Starlette

from tests.support.avro.event_data import SCHEMAS
from tributary.avro.parser import parse
from tributary.registry.server.http.app import MEDIA_TYPE, create_app
from tributary.registry.server.http.routing import ROUTES
from tributary.registry.server.store import Store

BETWEEN = b"\x1e"
STATUSES = (200, 400, 403, 404, 405, 406, 408, 409, 413, 415, 422)
"""The statuses that the API may answer; 500 is a defect of the server."""
_LEVELS = ("NONE", "BACKWARD", "FULL_TRANSITIVE", "FORWARD")
_MOST_REQUESTS = 8

WORDS = tuple(
    word.encode()
    for word in (
        *("GET ", "POST ", "PUT ", "DELETE ", "HEAD ", "/subjects", "/versions", "/schemas/ids/1", "/config", "/mode"),
        *("/compatibility", "/contexts/.a", "/latest", "/-1", "/referencedby", "/schema", "/metadata", "/guids/"),
        *("?deleted=true", "?permanent=true", "?normalize=true", "&verbose=true", "?format=resolved", "?limit=1"),
        *(
            "?defaultToGlobal=true",
            "?force=true",
            "?subjectPrefix=:*:",
            "%3A.a%3A",
            ":.a:s",
            ":*:",
            "%2F",
            "%ff",
            "%00",
        ),
        *('"schema"', '"schemaType"', '"references"', '"subject"', '"version"', '"metadata"', '"properties"', '"tags"'),
        *('"id"', '"compatibility"', '"alias"', '"compatibilityGroup"', '"defaultMetadata"', '"overrideMetadata"'),
        *('"IMPORT"', '"READONLY"', '"NONE"', "null", "true", "1e400", "9" * 320, "\\ud800", "[" * 200, '\\"int\\"'),
        *("\n\n", "\x1e", "accept: text/html", "content-type: text/plain", "host: evil", "origin: http://evil"),
    )
)


def seeds() -> Iterator[bytes]:
    """Inputs: every route, alone and after the registration of schemas, and some that change much."""
    texts = [json.dumps({"schema": json.dumps(schema)}) for schema in SCHEMAS.values()]
    texts += [json.dumps({"schema": '{"type":"record","name":"R","fields":[{"name":"a","type":"int","default":1}]}'})]
    registered = [f"POST /subjects/s/versions\n\n{text}" for text in texts[-1:]]
    values = {"{subject}": "s", "{version}": "1", "{id}": "1", "{guid}": "0" * 32}
    for pattern, methods in ROUTES.items():
        path = pattern
        for name, value in values.items():
            path = path.replace(name, value)
        for method in methods:
            for body in ("", texts[-1], '{"compatibility":"NONE"}', '{"mode":"IMPORT"}'):
                yield "\x1e".join([*registered, f"{method} /{path}\n\n{body}"]).encode()
    for text in texts:
        yield f"POST /subjects/{quote('a/b')}/versions?normalize=true\n\n{text}".encode()
    for level in _LEVELS:
        change = f'PUT /config/s\n\n{{"compatibility":"{level}","alias":"t","normalize":true}}'
        yield "\x1e".join([*registered, change, f"POST /contexts/.a/subjects/s/versions\n\n{texts[0]}"]).encode()
    reference = json.dumps(
        {
            "schema": '{"type":"record","name":"Q","fields":[{"name":"r","type":"R"}]}',
            "references": [{"name": "R", "subject": "s", "version": -1}],
            "metadata": {"properties": {"a": "b"}, "tags": {"t": ["x"]}, "sensitive": ["a"]},
        }
    )
    yield "\x1e".join([*registered, f"POST /subjects/q/versions\n\n{reference}", "DELETE /subjects/s"]).encode()
    imported = json.dumps({"schema": '"int"', "id": 7, "version": 3})
    import_mode = 'PUT /mode/i\n\n{"mode":"IMPORT"}'
    yield f"{import_mode}\x1ePOST /subjects/i/versions\n\n{imported}\x1eGET /schemas/ids/7".encode()


def check(data: bytes) -> None:
    """Raise AssertionError for an answer that the API does not define."""
    loop, app = _application()
    app.state.api.replace(Store(None))
    for request in data.split(BETWEEN)[:_MOST_REQUESTS]:
        loop.run_until_complete(_ask(app, request))
    _check_state(app)


def case(data: bytes) -> str:
    """The input as text that stays valid when the code changes."""
    return json.dumps([request.decode("latin-1") for request in data.split(BETWEEN)], indent=1)


def replay(text: str) -> None:
    """Check a case."""
    check(BETWEEN.join(request.encode("latin-1") for request in json.loads(text)))


@lru_cache(None)
def _application() -> tuple[asyncio.AbstractEventLoop, Starlette]:
    return asyncio.new_event_loop(), create_app(None)


async def _ask(app: Starlette, request: bytes) -> None:
    head, _, body = request.partition(b"\n\n")
    first, *lines = head.split(b"\n")
    method, _, target = first.partition(b" ")
    path, _, query = target.partition(b"?")
    headers = {b"host": b"localhost", b"content-type": MEDIA_TYPE.encode()}
    for line in lines:
        name, _, value = line.partition(b":")
        headers[name.strip().lower()] = value.strip()
    scope = {
        "type": "http",
        "method": method.decode("latin-1").upper(),
        "path": path.decode("latin-1"),
        "raw_path": path,
        "query_string": query,
        "headers": list(headers.items()),
    }
    sent: list[dict[str, Any]] = []
    received = iter([{"type": "http.request", "body": body, "more_body": False}, {"type": "http.disconnect"}])

    async def receive() -> Any:
        return next(received)

    async def send(message: Any) -> None:
        sent.append(message)

    await app(scope, receive, send)
    start, *parts = sent
    answer = b"".join(part.get("body", b"") for part in parts)
    check_answer(first.decode("latin-1"), start["status"], answer)


def check_answer(request: str, status: int, answer: bytes) -> None:
    """Raise AssertionError for an undefined status, or an answer that is neither text nor an error."""
    assert status in STATUSES, f"{request}: {status} {answer[:300]!r}"
    text = answer.decode()
    if status == 200:
        return
    error = json.loads(text)
    assert error.keys() == {"error_code", "message"}, f"{request}: {text}"
    assert str(error["error_code"])[:3] == str(status), f"{request}: {status} {text}"
    assert error["message"], f"{request}: {text}"


def _check_state(app: Starlette) -> None:
    """Check that everything acknowledged can be read and is in the database."""
    store = app.state.api.store
    for version in store.state.all():
        if not version.content.references:
            parse(version.content.schema, validate_defaults=False)
    kept = store._load()
    assert kept.versions == store.state.versions, "the database has other versions than the state"
    assert (kept.configs, kept.modes) == (store.state.configs, store.state.modes), "the database has other settings"

"""The local registry over HTTP: Confluent's recorded answers, and what must never bring it down."""

from __future__ import annotations

import base64
import http.client
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlsplit

import pytest

from tools import conformance
from tools.conformance import Client, replay
from tributary.registry.testing import TestRegistry, serve

V1 = '{"type":"record","name":"R","fields":[{"name":"a","type":"int"}]}'
V2 = '{"type":"record","name":"R","fields":[{"name":"a","type":"int"},{"name":"b","type":"int","default":0}]}'
BAD = '{"type":"record","name":"R","fields":[{"name":"a","type":"string"}]}'


@pytest.fixture(scope="module")
def server() -> Iterator[TestRegistry]:
    with serve() as registry:
        yield registry


@pytest.fixture
def url(server: TestRegistry) -> str:
    server.reset()
    return server.url


@pytest.fixture
def client(url: str) -> Client:
    return Client(url)


def put(client: Client, subject: str, schema: str, **more: Any) -> tuple[int, Any]:
    return client("POST", f"/subjects/{quote(subject, safe='')}/versions", {"schema": schema, **more})


def raw(url: str, method: str, path: str, body: bytes | None = None, **headers: str) -> tuple[int, bytes]:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=60)
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request(method, path, body, {"Content-Type": conformance.MEDIA_TYPE} | sent)
    response = connection.getresponse()
    return response.status, response.read()


def test_answers_as_confluents_server_did(url: str) -> None:
    steps = list(replay(url))
    assert len(steps) == 664
    assert {step.request for step in steps if not step.same} == set(conformance.DIFFERENCES)


def test_gives_the_recorded_verdicts_over_http(client: Client) -> None:
    sample = list(enumerate(conformance.pairs()))[::8]
    wrong = [
        pair["ops"]
        for number, pair in sample
        if conformance.server_verdicts(client, f"pair-{number}", pair) != pair["verdicts"]
    ]
    assert wrong == []


def test_verbose_messages_are_confluents(client: Client) -> None:
    put(client, "s", V1)
    _, answer = client("POST", "/compatibility/subjects/s/versions/latest?verbose=true", {"schema": BAD})
    assert answer == {
        "is_compatible": False,
        "messages": [
            "{errorType:'TYPE_MISMATCH', description:'The type (path '/fields/0/type') of a field in the new schema "
            "does not match with the old schema', additionalInfo:'reader type: STRING not compatible with writer "
            "type: INT'}",
            "{oldSchemaVersion: 1}",
            "{oldSchema: '" + V1 + "'}",
            "{validateFields: 'false', compatibility: 'BACKWARD'}",
        ],
    }


def test_an_id_never_comes_back(client: Client) -> None:
    assert put(client, "s", V1)[1]["id"] == 1
    client("DELETE", "/subjects/s")
    client("DELETE", "/subjects/s?permanent=true")
    assert put(client, "s", V1)[1]["id"] == 2


def test_contexts_have_ids_and_settings_of_their_own(client: Client) -> None:
    assert put(client, "s", V1)[1]["id"] == 1
    put(client, "s", V2)
    assert client("POST", "/contexts/.staging/subjects/s/versions", {"schema": V2})[1]["id"] == 1
    assert client("GET", "/contexts")[1] == [".", ".staging"]
    assert client("GET", "/subjects")[1] == [":.staging:s", "s"]
    assert client("GET", "/contexts/staging/subjects")[1] == [":.staging:s"]
    assert client("GET", "/contexts/staging/schemas/ids/1")[1]["schema"] == V2
    assert client("GET", "/schemas/ids/1")[1]["schema"] == V1
    assert client("PUT", "/contexts/staging/config", {"compatibility": "NONE"}) == (200, {"compatibility": "NONE"})
    assert put(client, ":.staging:s", BAD)[0] == 200
    assert put(client, "s", BAD)[0] == 409
    assert put(client, ":.:s", V1)[1]["version"] == 1


@pytest.mark.parametrize(
    "context, subject",
    [
        (".name", ":.name:s"),
        ("name", ":.name:s"),
        (":.name:", ":.name:s"),
        ("%2Ename", ":..name:s"),
        ("%3A.name%3A", ".name::s"),
        (".a%3Ab", ":.a:b:s"),
    ],
)
def test_a_context_in_the_path_counts_as_it_was_sent(client: Client, context: str, subject: str) -> None:
    assert client("POST", f"/contexts/{context}/subjects/s/versions", {"schema": V1})[0] == 200
    assert client("GET", "/subjects")[1] == [subject]


@pytest.mark.parametrize("doc", ["d", "ü", "\U0001f600"])
def test_a_long_schema_is_cut_in_a_message(client: Client, doc: str) -> None:
    def shown(units: int) -> tuple[str, str]:
        rest = units - len(V1) - len(',"doc":""')
        width = len(doc.encode("utf-16-le")) // 2
        text = V1.replace(',"fields"', ',"doc":"' + doc * (rest // width) + "x" * (rest % width) + '","fields"')
        put(client, f"s{units}", text)
        path = f"/compatibility/subjects/s{units}/versions/latest?verbose=true"
        return text, client("POST", path, {"schema": BAD})[1]["messages"][2]

    whole, message = shown(10_240)
    assert message == f"{{oldSchema: '{whole}'}}"
    longer, message = shown(10_242)
    cut = longer.encode("utf-16-le")[: 2 * 10_240].decode("utf-16-le", "ignore")
    assert message == f"{{oldSchema: <truncated> '{cut}...'}}"


def test_an_alias_stands_for_its_subject(client: Client) -> None:
    put(client, "orders-value", V1)
    client("PUT", "/config/old-orders", {"alias": "orders-value"})
    assert client("GET", "/subjects/old-orders/versions/1")[1]["subject"] == "orders-value"
    assert put(client, "old-orders", BAD)[0] == 409


def test_compatibility_counts_within_a_group_only(client: Client) -> None:
    client("PUT", "/config/s", {"compatibilityGroup": "major"})
    assert put(client, "s", V1, metadata={"properties": {"major": "1"}})[0] == 200
    assert put(client, "s", BAD, metadata={"properties": {"major": "1"}})[0] == 409
    assert put(client, "s", BAD, metadata={"properties": {"major": "2"}})[0] == 200


def test_configured_metadata_goes_into_every_schema(client: Client) -> None:
    defaults, overrides = {"properties": {"owner": "nobody", "a": "1"}}, {"properties": {"a": "2"}, "sensitive": ["x"]}
    client("PUT", "/config/s", {"defaultMetadata": defaults, "overrideMetadata": overrides})
    _, answer = put(client, "s", V1, metadata={"properties": {"owner": "growth"}})
    assert answer["metadata"] == {"properties": {"a": "2", "owner": "growth"}, "sensitive": ["x"]}
    client("PUT", "/config/s", {"defaultMetadata": None, "overrideMetadata": None})
    assert client("GET", "/config/s")[1] == {}


def test_the_same_schema_normalized_is_the_same_version(client: Client) -> None:
    other = '{"type":"record","name":"R","x":1,"a":2,"fields":[]}'
    sorted_ = '{"type":"record","name":"R","a":2,"x":1,"fields":[]}'
    first = client("POST", "/subjects/s/versions?normalize=true", {"schema": other})[1]
    second = client("POST", "/subjects/s/versions?normalize=true", {"schema": sorted_})[1]
    assert first == second
    assert json.loads(first["schema"])["a"] == 2


def test_a_schema_with_its_references_written_out_is_the_referring_one(client: Client) -> None:
    user = '{"type":"record","name":"U","fields":[]}'
    order = '{"type":"record","name":"O","fields":[{"name":"u","type":"U"}]}'
    put(client, "user", user)
    reference = {"name": "U", "subject": "user", "version": -1}
    registered = put(client, "order", order, references=[reference])[1]
    assert registered["references"] == [{"name": "U", "subject": "user", "version": 1}]
    written_out = order.replace('"U"', user)
    assert client("POST", "/subjects/order", {"schema": written_out})[1]["id"] == registered["id"]
    assert client("GET", "/subjects/order/versions/1?format=resolved")[1]["schema"] == written_out


def test_a_guid_leads_to_the_schema(client: Client) -> None:
    registered = put(client, "s", V1)[1]
    guid = registered["guid"]
    assert client("GET", f"/schemas/guids/{guid}")[1]["schema"] == V1
    assert client("GET", f"/schemas/guids/{guid}/ids")[1] == [{"context": ".", "id": 1}]
    assert client("GET", "/schemas/guids/none")[1]["error_code"] == 40403


def test_deleted_versions_are_listed_as_asked(client: Client) -> None:
    put(client, "s", V1)
    put(client, "s", V2)
    client("DELETE", "/subjects/s/versions/1")
    assert client("GET", "/subjects/s/versions?deletedAsNegative=true")[1] == [-1, 2]
    assert client("GET", "/schemas?deleted=true")[1][0]["deleted"] is True


def test_the_mode_that_overrides_holds_for_every_subject(client: Client) -> None:
    client("PUT", "/mode/s", {"mode": "READWRITE"})
    client("PUT", "/mode", {"mode": "READONLY_OVERRIDE"})
    assert put(client, "s", V1)[1]["error_code"] == 42205
    assert client("DELETE", "/mode") == (200, {"mode": "READONLY_OVERRIDE"})
    assert put(client, "s", V1)[0] == 200


def test_a_full_subject_is_imported_into_only_by_force(client: Client) -> None:
    put(client, "s", V1)
    assert client("PUT", "/mode/s", {"mode": "IMPORT"})[1]["error_code"] == 42205
    assert client("PUT", "/mode/s?force=true", {"mode": "IMPORT"})[0] == 200
    assert put(client, "s", V2, id=70, version=9)[1]["version"] == 9
    client("PUT", "/mode/s", {"mode": "READWRITE"})
    assert put(client, "s", V2.replace('"b"', '"c"'))[1]["id"] == 71


@pytest.mark.parametrize("subject", ["a/b", "a b", "a:b", "é", "日本", "x" * 1000, "a%2Fb", "..", "?", "#", "+", "."])
def test_a_subject_may_have_any_name(client: Client, subject: str) -> None:
    assert put(client, subject, V1)[0] == 200
    assert client("GET", "/subjects")[1] == [subject]
    assert client("GET", f"/subjects/{quote(subject, safe='')}/versions")[1] == [1]


@pytest.mark.parametrize("subject", ["a\nb", "\x00", "__GLOBAL", "__EMPTY", ":.__GLOBAL:s"])
def test_some_names_are_refused(client: Client, subject: str) -> None:
    assert put(client, subject, V1)[1]["error_code"] == 42208


UNION = "[" + ",".join(f'{{"type":"fixed","name":"{{}}{number}","size":1}}' for number in range(3000)) + "]"
SCHEMA = "/subjects/s/versions"
HOSTILE: list[tuple[str, str, bytes, int]] = [
    ("POST", SCHEMA, b"", 422),
    ("POST", SCHEMA, b"null", 422),
    ("POST", SCHEMA, b"{", 400),
    ("POST", SCHEMA, b"\xff\xfe", 400),
    ("POST", SCHEMA, b'{"schema":NaN}', 400),
    ("POST", SCHEMA, b'{"schema":"\\ud800"}', 400),
    ("POST", SCHEMA, b"[" * 1_000_000, 400),
    ("POST", SCHEMA, b'{"schema":' * 100_000, 400),
    ("POST", SCHEMA, b" " * (9 * 2**20), 413),
    ("POST", SCHEMA, json.dumps({"schema": "[" * 1_000_000}).encode(), 422),
    ("POST", SCHEMA, json.dumps({"schema": '{"type":"array","items":' * 100_000}).encode(), 422),
    (
        "POST",
        SCHEMA,
        json.dumps(
            {"schema": json.dumps({"type": "enum", "name": "E", "symbols": [f"S{n}" for n in range(200_000)]})}
        ).encode(),
        422,
    ),
    ("POST", SCHEMA, json.dumps({"schema": V1, "references": [3]}).encode(), 400),
    ("POST", SCHEMA, json.dumps({"schema": V1, "references": [{"name": "x"}]}).encode(), 422),
    ("POST", SCHEMA, json.dumps({"schema": [V1]}).encode(), 400),
    ("POST", SCHEMA, json.dumps({"schema": V1, "id": "x"}).encode(), 400),
    ("POST", SCHEMA, json.dumps({"schema": V1, "id": 2**40}).encode(), 400),
    ("POST", SCHEMA, json.dumps({"schema": V1, "metadata": {"tags": {"a": 1}}}).encode(), 400),
    ("POST", SCHEMA, json.dumps({"schema": V1, "schemaType": "JSON"}).encode(), 422),
    ("PUT", "/config", b'{"compatibility":[]}', 400),
    ("PUT", "/config", b'{"normalize":"perhaps"}', 400),
    ("PUT", "/mode", b'{"mode":{}}', 400),
    ("PATCH", "/subjects", b"", 405),
    ("GET", "/subjects/%ff/versions", b"", 400),
    ("GET", "/schemas/ids/1e3", b"", 404),
    ("GET", "/schemas/ids/99999999999", b"", 404),
    ("GET", "/subjects?limit=many", b"", 404),
    ("GET", "/subjects?" + "&".join(f"a{n}=1" for n in range(2000)), b"", 400),
    ("GET", "/subjects/s/versions/%F0%9F%98%80", b"", 422),
    ("GET", "/contexts/a:b/subjects", b"", 400),
]


@pytest.mark.parametrize("method, path, body, status", HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_request_is_refused_clearly(url: str, method: str, path: str, body: bytes, status: int) -> None:
    got, answer = raw(url, method, path, body or None)
    assert got == status
    assert json.loads(answer)["message"]
    assert raw(url, "GET", "/subjects") == (200, b"[]")


def test_two_huge_unions_are_refused_not_compared_for_ever(client: Client) -> None:
    assert put(client, "s", UNION.replace("{}", "a"))[0] == 200
    assert put(client, "s", UNION.replace("{}", "b"))[1]["error_code"] == 40901


def test_only_its_media_types_are_spoken(url: str) -> None:
    assert raw(url, "POST", SCHEMA, b"{}", Content_Type="text/plain")[0] == 415
    assert raw(url, "GET", "/subjects", Accept="text/html")[0] == 406
    assert raw(url, "GET", "/subjects", Accept="text/html, */*;q=0.1")[0] == 200


def test_with_a_user_it_asks_for_the_password() -> None:
    with serve(user="me", password="sécret") as registry:
        right = base64.b64encode("me:sécret".encode()).decode()
        assert raw(registry.url, "GET", "/subjects")[0] == 401
        assert raw(registry.url, "GET", "/subjects", Authorization="Basic bWU6bm8=")[0] == 401
        assert raw(registry.url, "GET", "/subjects", Authorization=f"Basic {right}") == (200, b"[]")


def test_a_test_registry_forgets_when_told_to() -> None:
    with serve() as registry:
        put(Client(registry.url), "s", V1)
        registry.reset()
        assert Client(registry.url)("GET", "/subjects") == (200, [])

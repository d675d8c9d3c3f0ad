"""Requests that every Confluent-compatible registry serves: the local one, or any SCHEMA_REGISTRY_URL.

How to run it against another registry: docs/registry.md.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.support.registry.guest import Guest, escaped
from tools import conformance
from tributary.catalog import LEVELS

ID = {"name": "id", "type": "string"}
COUNT = {"name": "n", "type": "int", "default": 7}
UNKNOWN_ID = 2_000_000_000


def test_a_subject_from_its_first_version_to_its_end(guest: Guest) -> None:
    subject, one, two = guest.subject(), guest.record(ID), guest.record(ID, COUNT)
    guest.set_level(subject, "BACKWARD")
    assert guest.register(subject, one)[1]["version"] == 1
    status, second = guest.register(subject, two)
    assert (status, second["version"]) == (200, 2)
    assert guest("POST", f"/subjects/{subject}", {"schema": one})[1]["version"] == 1
    assert guest("GET", f"/subjects/{subject}/versions") == (200, [1, 2])
    latest = guest("GET", f"/subjects/{subject}/versions/latest")[1]
    assert (latest["subject"], latest["version"], latest["id"]) == (subject, 2, second["id"])
    assert json.loads(latest["schema"]) == json.loads(two)
    assert guest("GET", f"/schemas/ids/{second['id']}/versions")[1] == [{"subject": subject, "version": 2}]
    assert subject in guest("GET", "/subjects")[1]

    assert guest("DELETE", f"/subjects/{subject}/versions/1?permanent=true")[1]["error_code"] == 40407
    assert guest("DELETE", f"/subjects/{subject}/versions/1") == (200, 1)
    assert guest("DELETE", f"/subjects/{subject}/versions/1")[1]["error_code"] == 40406
    assert guest("GET", f"/subjects/{subject}/versions") == (200, [2])
    assert guest("GET", f"/subjects/{subject}/versions?deleted=true") == (200, [1, 2])
    assert guest("DELETE", f"/subjects/{subject}?permanent=true")[1]["error_code"] == 40405
    assert guest("DELETE", f"/subjects/{subject}") == (200, [2])
    assert subject not in guest("GET", "/subjects")[1]
    assert guest("DELETE", f"/subjects/{subject}?permanent=true") == (200, [1, 2])
    assert guest("GET", f"/subjects/{subject}/versions?deleted=true")[1]["error_code"] == 40401


def test_the_same_content_is_the_same_id_in_every_subject(guest: Guest) -> None:
    one, other = guest.subject("one"), guest.subject("other")
    first = guest.register(one, guest.record(ID))[1]["id"]
    assert guest.register(one, json.dumps(json.loads(guest.record(ID)), indent=4))[1]["id"] == first
    assert guest("GET", f"/subjects/{one}/versions")[1] == [1]
    assert guest.register(other, guest.record(ID))[1]["id"] == first
    documented = guest.register(one, guest.record(ID, doc="Seen."))[1]
    assert documented["version"] == 2
    assert documented["id"] != first


def test_an_id_is_never_reused(guest: Guest) -> None:
    subject = guest.subject()
    first = guest.register(subject, guest.record(ID))[1]["id"]
    guest("DELETE", f"/subjects/{subject}")
    guest("DELETE", f"/subjects/{subject}?permanent=true")
    again = guest.register(subject, guest.record(ID))[1]
    assert again["version"] == 1
    assert again["id"] != first


def test_the_same_schema_normalized_is_the_same_version(guest: Guest) -> None:
    subject = guest.subject()
    one, other = guest.record(ID, x=1, a=2), guest.record(ID, a=2, x=1)
    paths = [f"/subjects/{subject}/versions?normalize=true", f"/subjects/{subject}?normalize=true"]
    first = guest("POST", paths[0], {"schema": one})[1]
    assert guest("POST", paths[0], {"schema": other})[1]["id"] == first["id"]
    assert guest("POST", paths[1], {"schema": one})[1]["version"] == 1


@pytest.mark.parametrize("level", LEVELS)
def test_a_compatibility_level_is_stored(guest: Guest, level: str) -> None:
    subject = guest.subject()
    assert guest("GET", f"/config/{subject}")[1]["error_code"] == 40408
    guest.set_level(subject, level)
    assert guest("GET", f"/config/{subject}")[1]["compatibilityLevel"] == level
    assert guest("DELETE", f"/config/{subject}")[0] == 200
    assert guest("GET", f"/config/{subject}?defaultToGlobal=true")[1]["compatibilityLevel"] in LEVELS


@pytest.mark.parametrize(
    ("level", "required", "removed"),
    [("BACKWARD", 409, 200), ("FORWARD", 200, 409), ("FULL", 409, 409), ("NONE", 200, 200)],
)
def test_a_compatibility_level_decides(guest: Guest, level: str, required: int, removed: int) -> None:
    subject = guest.subject()
    guest.set_level(subject, "NONE")
    guest.register(subject, guest.record(ID, {"name": "old", "type": "int"}))
    guest.set_level(subject, level)
    candidates = guest.record(ID, {"name": "old", "type": "int"}, {"name": "new", "type": "int"}), guest.record(ID)
    for candidate, expected in zip(candidates, (required, removed), strict=True):
        asked = guest("POST", f"/compatibility/subjects/{subject}/versions/latest", {"schema": candidate})
        assert asked == (200, {"is_compatible": expected == 200})
    # Refused schemas are tried first: a registered one becomes the baseline of the next.
    for candidate, expected in sorted(zip(candidates, (required, removed), strict=True), key=lambda one: -one[1]):
        status, answer = guest.register(subject, candidate)
        assert status == expected
        if status == 409:
            assert answer["error_code"] == 40901
        else:
            guest("DELETE", f"/subjects/{subject}/versions/{answer['version']}")


def test_transitive_levels_compare_with_all_versions(guest: Guest) -> None:
    subject = guest.subject()
    guest.set_level(subject, "NONE")
    for fields in ([ID], [ID, {"name": "n", "type": "int"}]):
        guest.register(subject, guest.record(*fields))
    required = guest.record(ID, {"name": "n", "type": "int"}, COUNT | {"name": "m"})
    for level, compatible in (("BACKWARD", True), ("BACKWARD_TRANSITIVE", False)):
        guest.set_level(subject, level)
        assert guest("POST", f"/compatibility/subjects/{subject}/versions", {"schema": required})[1] == {
            "is_compatible": compatible
        }


def test_the_reasons_are_in_the_answer(guest: Guest) -> None:
    subject = guest.subject()
    guest.set_level(subject, "BACKWARD")
    guest.register(subject, guest.record(ID))
    wrong = guest.record(ID | {"type": "int"})
    path = f"/compatibility/subjects/{subject}/versions/latest?verbose=true"
    answer = guest("POST", path, {"schema": wrong})[1]
    assert conformance.error_types(answer["messages"]) == ["TYPE_MISMATCH"]
    assert "/fields/0/type" in answer["messages"][0]


PAIRS = list(enumerate(conformance.pairs()))[::40]


@pytest.mark.parametrize("pair", [pytest.param(pair, id=f"pair-{number}") for number, pair in PAIRS])
def test_it_gives_the_recorded_verdicts(guest: Guest, pair: dict[str, Any]) -> None:
    assert conformance.server_verdicts(guest, guest.subject(), pair) == pair["verdicts"]


def test_references(guest: Guest) -> None:
    user, order = guest.subject("user"), guest.subject("order")
    referring = guest.record({"name": "who", "type": f"test{guest.word}.User"})
    reference = {"name": f"test{guest.word}.User", "subject": user, "version": 1}
    assert guest.register(order, referring, references=[reference])[1]["error_code"] == 42201
    guest.register(user, guest.record(ID, name="User"))
    registered = guest.register(order, referring, references=[reference])[1]
    assert guest("GET", f"/subjects/{order}/versions/1")[1]["references"] == [reference]
    assert guest("GET", f"/subjects/{user}/versions/1/referencedby") == (200, [registered["id"]])
    assert guest("DELETE", f"/subjects/{user}")[1]["error_code"] == 42206


def test_metadata(guest: Guest) -> None:
    subject, text = guest.subject(), guest.record(ID)
    metadata = {"properties": {"owner": "growth"}}
    guest.register(subject, text, metadata=metadata)
    assert guest("GET", f"/subjects/{subject}/versions/1")[1]["metadata"] == metadata
    guest.register(subject, text, metadata={"properties": {"owner": "ads"}})
    assert guest("GET", f"/subjects/{subject}/versions") == (200, [1, 2])
    assert guest("GET", f"/subjects/{subject}/metadata?key=owner&value=growth")[1]["version"] == 1


def test_compatibility_counts_within_a_group_only(guest: Guest) -> None:
    subject = guest.subject()
    guest("PUT", f"/config/{subject}", {"compatibility": "BACKWARD", "compatibilityGroup": "major"})
    wrong = guest.record(ID | {"type": "int"})
    assert guest.register(subject, guest.record(ID), metadata={"properties": {"major": "1"}})[0] == 200
    assert guest.register(subject, wrong, metadata={"properties": {"major": "1"}})[0] == 409
    assert guest.register(subject, wrong, metadata={"properties": {"major": "2"}})[0] == 200


def test_an_alias_stands_for_its_subject(guest: Guest) -> None:
    subject, alias = guest.subject(), guest.subject("alias")
    guest.register(subject, guest.record(ID))
    guest("PUT", f"/config/{alias}", {"alias": subject})
    assert guest("GET", f"/subjects/{alias}/versions/1")[1]["subject"] == subject


def test_readonly(guest: Guest) -> None:
    subject = guest.subject()
    guest.register(subject, guest.record(ID))
    assert guest("GET", f"/mode/{subject}")[1]["error_code"] == 40409
    assert guest("PUT", f"/mode/{subject}", {"mode": "READONLY"}) == (200, {"mode": "READONLY"})
    assert guest.register(subject, guest.record(ID, COUNT))[1]["error_code"] == 42205
    assert guest.register(subject, guest.record(ID))[1]["version"] == 1
    assert guest("DELETE", f"/subjects/{subject}")[1]["error_code"] == 42205
    assert guest("PUT", f"/config/{subject}", {"compatibility": "FULL"})[1]["error_code"] == 42205
    guest("DELETE", f"/mode/{subject}")
    assert guest.register(subject, guest.record(ID, COUNT))[1]["version"] == 2


def test_import_accepts_ids_and_versions(guest: Guest) -> None:
    subject = guest.subject(context=guest.context())  # ids are assigned per context: those of other contexts continue
    assert guest("PUT", f"/mode/{escaped(subject)}", {"mode": "IMPORT"})[0] == 200
    imported = guest.register(subject, guest.record(ID), id=77, version=3)[1]
    assert (imported["id"], imported["version"]) == (77, 3)
    assert guest.register(subject, guest.record(ID, COUNT), id=77, version=4)[1]["error_code"] == 42205
    assert guest("GET", f"/schemas/ids/77?subject={escaped(subject)}")[1]["schema"] == guest.record(ID)
    assert guest("PUT", f"/mode/{escaped(subject)}", {"mode": "READWRITE"})[0] == 200
    later = guest.register(subject, guest.record(ID, COUNT))[1]
    assert (later["version"], later["id"] > 77) == (4, True)


def test_contexts_are_separate(guest: Guest) -> None:
    context = guest.context()
    subject, there = guest.subject(), guest.subject(context=context)
    assert guest.register(subject, guest.record(ID))[1]["version"] == 1
    name = context.strip(":")
    for number, path in enumerate((f"/contexts/{name}", f"/contexts/{context}"), 1):
        schema = guest.record(ID, COUNT, doc=str(number))
        assert guest("POST", f"{path}/subjects/{subject}/versions", {"schema": schema})[1]["version"] == number
        assert guest("GET", f"{path}/subjects")[1] == [there]
    assert guest("GET", f"/subjects/{escaped(there)}/versions") == (200, [1, 2])
    assert guest("GET", f"/subjects/{subject}/versions") == (200, [1])
    assert name in guest("GET", "/contexts")[1]
    assert there in guest("GET", f"/subjects?subjectPrefix={escaped(context)}")[1]


@pytest.mark.parametrize("name", ["a/b", "a b", "a:b", "é", "x" * 200])
def test_a_subject_may_have_any_name(guest: Guest, name: str) -> None:
    subject = guest.subject(name)
    assert guest.register(subject, guest.record(ID))[0] == 200
    assert guest("GET", f"/subjects/{escaped(subject)}/versions") == (200, [1])


ERRORS: list[tuple[str, str, object, int, int]] = [
    ("GET", "/subjects/{s}/versions", None, 404, 40401),
    ("GET", "/subjects/{s}/versions/latest", None, 404, 40401),
    ("DELETE", "/subjects/{s}", None, 404, 40401),
    ("GET", "/subjects/{known}/versions/9", None, 404, 40402),
    ("GET", "/subjects/{known}/versions/zero", None, 422, 42202),
    ("POST", "/subjects/{known}", {"schema": '"long"'}, 404, 40403),
    ("GET", f"/schemas/ids/{UNKNOWN_ID}", None, 404, 40403),
    ("POST", "/subjects/{s}/versions", {"schema": '{"type":"nothing"}'}, 422, 42201),
    ("POST", "/subjects/{s}/versions", {"schema": ""}, 422, 42201),
    ("PUT", "/config/{s}", {"compatibility": "SIDEWAYS"}, 422, 42203),
    ("PUT", "/mode/{s}", {"mode": "SIDEWAYS"}, 422, 42204),
]


@pytest.mark.parametrize(("method", "path", "body", "status", "code"), ERRORS)
def test_a_mistake_has_its_error_code(
    guest: Guest, method: str, path: str, body: object, status: int, code: int
) -> None:
    known = guest.subject("known")
    guest.register(known, guest.record(ID))
    got, answer = guest(method, path.format(s=guest.subject("none"), known=known), body)
    assert (got, answer["error_code"]) == (status, code)
    assert answer["message"]

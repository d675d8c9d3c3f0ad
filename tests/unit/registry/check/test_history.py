"""The versions of a subject in words."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.support.contracts import Contracts
from tributary.registry.check.history import NoSuchVersion, diff, find_topic, find_version, history
from tributary.registry.lock import Version
from tributary.registry.render.changes import summary


def record(*fields: dict[str, Any], **attributes: Any) -> str:
    return json.dumps({"type": "record", "name": "R", "fields": list(fields), **attributes})


A = {"name": "a", "type": "int"}
B = {"name": "b", "type": "string"}
TEXTS = [
    record(A),
    record(A, doc="Words."),
    record(A, {**B, "default": ""}),
    record(A, B),
    record({**A, "type": "long"}, B),
    record(B),
    record({**A, "type": "string"}, B),
    record({**A, "type": "boolean"}, B),
]


def test_each_version_says_what_it_is_to_the_one_before() -> None:
    versions = [Version(number, number, text) for number, text in enumerate(TEXTS, 1)]
    assert [summary(entry) for entry in history(versions)] == [
        "the first",
        "docs only",
        "compatible both ways",
        "compatible both ways",
        "reads the previous version, and is not read by it",
        "reads the previous version, and is not read by it",
        "is read by the previous version, and does not read it",
        "incompatible with the previous version",
    ]
    assert [change.text for change in history(versions)[2].changes] == [
        'record R doc: "Words." → none',
        'added: string, default ""',
    ]


def test_a_diff_in_words_and_in_lines() -> None:
    found = diff(("v1", record(A)), ("v2", record({**A, "type": "long"})))
    assert [change.text for change in found.changes] == ["type int → long"]
    lines = found.unified.splitlines()
    assert lines[:2] == ["--- v1", "+++ v2"]
    assert '-      "type": "int"' in lines and '+      "type": "long"' in lines


def test_layout_and_the_order_of_attributes_are_no_difference() -> None:
    turned = dict(reversed(json.loads(record(A, doc="Words.")).items()))
    assert diff(("v1", record(A, doc="Words.")), ("working", json.dumps(turned))).unified == ""
    assert diff(("v1", record(A)), ("v2", json.dumps(json.loads(record(A)), indent=7))).unified == ""


@pytest.mark.parametrize("name", ["purchases", "purchases-value"])
def test_a_subject_goes_by_its_topic_too(contracts: Contracts, name: str) -> None:
    assert find_topic(name, contracts.load().topics).subject == "purchases-value"


def test_versions_by_name(contracts: Contracts) -> None:
    topic = contracts.load().topic("purchases")
    versions = [Version(1, 5, TEXTS[0]), Version(3, 6, TEXTS[1])]
    assert find_version("1", topic, versions) == find_version("v1", topic, versions) == ("v1", TEXTS[0])
    assert find_version("latest", topic, versions) == ("v3", TEXTS[1])
    assert find_version("working", topic, versions) == ("working", topic.text)


@pytest.mark.parametrize("name", ["2", "v0", "first"])
def test_a_version_that_does_not_exist_is_answered_with_those_that_do(contracts: Contracts, name: str) -> None:
    topic = contracts.load().topic("purchases")
    with pytest.raises(NoSuchVersion, match="it has v1, v3"):
        find_version(name, topic, [Version(1, 5, TEXTS[0]), Version(3, 6, TEXTS[1])])
    with pytest.raises(NoSuchVersion, match="no version"):
        find_version(name, topic, [])
    with pytest.raises(NoSuchVersion, match="purchases-value"):
        find_topic("nope", contracts.load().topics)

"""The rules that `apply` requires where they are on: without them the merge, the key or a registry would fail."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from tributary.avro.defaults import is_portable_default
from tributary.avro.structure import named_types
from tributary.registry.contract import walk
from tributary.registry.lint.rule import Contract, Contracts, Problem, rule


def _paste(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _top(contract: Contract) -> dict[str, walk.Field]:
    return {field.name: field for field in contract.fields() if "." not in field.path}


@rule("envelope-present", basic=True)
def envelope_present(contracts: Contracts) -> Iterator[Problem]:
    """Every event has the fields of the project's envelope (`envelope` in tributary.toml).

    A consumer reads these fields from all topics, whatever the event: to deduplicate, to join, to sort by time. An
    event without one of them is missing from everything computed with it.
    """
    for contract in contracts:
        for name in contracts.envelope:
            if name not in _top(contract):
                like = next((_top(other)[name].spec for other in contracts if name in _top(other)), None)
                yield Problem(
                    contract, None, f"the envelope's field {name} is missing", f"add {_paste(like)}" if like else ""
                )


@rule("envelope-identical", basic=True)
def envelope_identical(contracts: Contracts) -> Iterator[Problem]:
    """The envelope is the same on every event, field for field: type, default, doc and attributes.

    A `user_id` that is a string in one topic and a number in another joins wrongly: every user becomes two. The rule
    takes the definition of most contracts as the right one.
    """
    for name in contracts.envelope:
        versions = [(contract, _top(contract)[name]) for contract in contracts if name in _top(contract)]
        texts = [_paste(field.spec) for _, field in versions]
        if len(set(texts)) < 2:
            continue
        usual = max(texts, key=texts.count)
        peers = ", ".join(c.topic.contract for (c, _), text in zip(versions, texts, strict=True) if text == usual)
        for (contract, field), text in zip(versions, texts, strict=True):
            if text != usual:
                yield Problem(
                    contract, field, f"the envelope's field {name} differs from that of {peers}: {text}", f"use {usual}"
                )


@rule("docs-present", basic=True, severity=None)
def docs_present(contracts: Contracts) -> Iterator[Problem]:
    """Every record, enum, fixed and field has a `doc` with its meaning.

    The schema is the only documentation that accompanies the data; a name alone does not say whose time, which currency
    or what null means.
    """
    for contract in contracts:
        for node in contract.nodes():
            doc = node.spec.get("doc")
            if not isinstance(doc, str) or not doc.strip():
                kind = "field" if isinstance(node, walk.Field) else node.spec["type"]
                yield Problem(contract, node, f"{kind} {node.name} has no doc", 'add "doc": "…" with its meaning')


@rule("defaults-valid", basic=True)
def defaults_valid(contracts: Contracts) -> Iterator[Problem]:
    """A default is a value of the field's type; of a union, a value of its first branch.

    Registries differ in what they accept, and a wrong default fails only when a reader reads data without the field; by
    then the data is written.
    """
    for contract in contracts:
        types = {named.full_name: named for named in named_types(contract.parsed)}
        for field in contract.fields():
            if "default" not in field.spec:
                continue
            default, expected = field.spec["default"], field.type
            if not is_portable_default(types[field.record.name].by_name[field.name].type, default):
                first = expected[0] if isinstance(expected, list) and expected else expected
                yield Problem(
                    contract,
                    field,
                    f"the default {_paste(default)} is not a value of {_paste(first)}"
                    + (", the union's first branch" if isinstance(expected, list) else ""),
                    _default_fix(default, expected),
                )


def _default_fix(default: Any, expected: Any) -> str:
    if isinstance(expected, list) and "null" in expected and default is None:
        others = [branch for branch in expected if branch != "null"]
        return f'put null first: "type": {_paste(["null", *others])}, "default": null'
    return "use a default of that type, or remove it"


@rule("key-present", basic=True)
def key_present(contracts: Contracts) -> Iterator[Problem]:
    """The catalogue's key is a field of the contract, a string that is never null.

    The producer takes the message's key from this field. A key that can be null distributes one user's events over all
    partitions.
    """
    for contract in contracts:
        field = _top(contract).get(contract.topic.key)
        if field is None:
            names = ", ".join(_top(contract))
            yield Problem(
                contract,
                None,
                f"the key of topic {contract.topic.contract} is {contract.topic.key!r}, which is not a field of it",
                f"name one of {names} as key in catalog.toml, or add the field" if names else "add the field",
            )
        elif _base(field.type) != "string":
            yield Problem(contract, field, f"the key must be a string, but is {_paste(field.type)}")


@rule("partitions-equal", basic=True)
def partitions_equal(contracts: Contracts) -> Iterator[Problem]:
    """The topics of a group have the same key and number of partitions (`co-partitioned` in tributary.toml).

    Only then are all events of one key in partitions with the same number, which an assignor that co-locates
    partitions gives to the same member of a group.
    """
    for group in contracts.co_partitioned:
        yield from _unequal([contract for contract in contracts if contract.topic.contract in group])


def _unequal(group: Sequence[Contract]) -> Iterator[Problem]:
    usual = [(contract.topic.key, contract.topic.partitions) for contract in group]
    if len(set(usual)) < 2:
        return
    key, partitions = max(usual, key=usual.count)
    for contract in group:
        topic = contract.topic
        if topic.partitions != partitions:
            yield Problem(
                contract,
                None,
                f"topic {topic.contract} has partitions = {topic.partitions} in the catalogue, the others {partitions}",
                f"set partitions = {partitions} in [topics.{topic.contract}] of catalog.toml",
            )
        if topic.key != key:
            yield Problem(
                contract,
                None,
                f"topic {topic.contract} has the key {topic.key} in the catalogue, the others {key}",
                f'set key = "{key}" in [topics.{topic.contract}] of catalog.toml',
            )


def _base(schema: Any) -> Any:
    """The type's own name, without attributes: `string` for {"type": "string", "logicalType": "uuid"}."""
    while isinstance(schema, dict):
        schema = schema.get("type")
    return schema

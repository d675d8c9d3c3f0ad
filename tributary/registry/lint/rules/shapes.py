"""How names are written and types are built, so that a contract can change later and every reader can read it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from tributary.registry.contract import walk
from tributary.registry.lint.rule import Contract, Contracts, Problem, rule

_PASCAL = re.compile(r"[A-Z][A-Za-z0-9]*")
_SNAKE = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_UPPER = re.compile(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)*")


@rule("names", severity=None)
def names(contracts: Contracts) -> Iterator[Problem]:
    """Records, enums and fixed are PascalCase, fields snake_case, symbols UPPER_SNAKE_CASE.

    Names become classes, attributes and columns in every language that reads the topic; one spelling needs no mapping.
    A name cannot be corrected later: renaming breaks readers without an alias.
    """
    for contract in contracts:
        for node in contract.nodes():
            if isinstance(node, walk.Field):
                if not _SNAKE.fullmatch(node.name):
                    yield Problem(
                        contract, node, f"field {node.name} is not snake_case", f'"name": "{_snake(node.name)}"'
                    )
                continue
            name = node.name.rpartition(".")[2]
            if not _PASCAL.fullmatch(name):
                pascal = "".join(part[:1].upper() + part[1:] for part in name.split("_"))
                yield Problem(contract, node, f"{node.spec['type']} {name} is not PascalCase", f'"name": "{pascal}"')
            for symbol in node.spec.get("symbols", ()):
                if not _UPPER.fullmatch(symbol):
                    yield Problem(contract, node, f"symbol {symbol} is not UPPER_SNAKE_CASE", _snake(symbol).upper())


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


@rule("namespace", severity=None)
def namespace(contracts: Contracts) -> Iterator[Problem]:
    """All events and the types in them are in one namespace.

    The full name is the type's identity for every reader. A type that is copied to another namespace is another type,
    and code that handles both is written twice.
    """
    spaces = [definition.name.rpartition(".")[0] for c in contracts for definition in walk.definitions(c.schema)]
    usual = max(spaces, key=spaces.count, default="")
    for contract in contracts:
        for definition in walk.definitions(contract.schema):
            if definition.name.rpartition(".")[0] != usual:
                message = f"{definition.name} is not in the namespace {usual or '(none)'} of the others"
                yield Problem(contract, definition, message, f'"namespace": "{usual}"')


@rule("optional-null-first", severity=None)
def optional_null_first(contracts: Contracts) -> Iterator[Problem]:
    """An optional field is ["null", T] with the default null.

    A default is a value of the union's first branch, so null can be the default only if it is first. Without a default,
    every writer must have the field, although it may be null.
    """
    for contract in contracts:
        for field in contract.fields():
            if not isinstance(field.type, list) or "null" not in field.type:
                continue
            if field.type[0] != "null" or field.spec.get("default", "absent") is not None:
                wanted = ["null", *(branch for branch in field.type if branch != "null")]
                fix = f'"type": {json.dumps(wanted)}, "default": null'
                yield Problem(contract, field, "an optional field has null first and the default null", fix)


@rule("enum-default", severity=None)
def enum_default(contracts: Contracts) -> Iterator[Problem]:
    """An enum has a default of its own, next to its symbols.

    The enum's default is the value for a symbol that a reader does not know, so symbols can be added while old
    consumers run. The field's default is the value if the writer does not have the field; it does not help with a
    symbol."""
    for contract in contracts:
        for definition in walk.definitions(contract.schema):
            spec = definition.spec
            if spec["type"] != "enum" or "default" in spec:
                continue
            owner = next((field for field in contract.fields() if field.path == definition.path), None)
            beside = owner is not None and "default" in owner.spec
            message = f"enum {spec['name']} has no default of its own, so a reader fails on an unknown symbol"
            if beside:
                message += "; the field's default applies only to a missing field"
            symbols = spec["symbols"] if "UNKNOWN" in spec["symbols"] else ["UNKNOWN", *spec["symbols"]]
            yield Problem(
                contract,
                definition,
                message,
                f'"symbols": {json.dumps(symbols)}, "default": "UNKNOWN" in the enum itself',
            )


@rule("defined-once")
def defined_once(contracts: Contracts) -> Iterator[Problem]:
    """A full name has one definition: no two contracts define it with different content.

    Generated code has one class per name. Which of two definitions it has would depend on the order of files.
    """
    first: dict[str, tuple[Contract, Any]] = {}
    for contract in contracts:
        for definition in walk.definitions(contract.schema):
            earlier, spec = first.setdefault(definition.name, (contract, definition.spec))
            if spec != definition.spec:
                message = f"{definition.name} differs from its definition in {earlier.topic.contract}"
                yield Problem(contract, definition, message, f"use {json.dumps(spec, ensure_ascii=False)}")


@rule("columns-readable", severity=None)
def columns_readable(contracts: Contracts) -> Iterator[Problem]:
    """The column reader can skip every field.

    If it cannot (a recursive type, items without bytes), it decodes the whole topic row by row, which is correct but
    many times slower. The same holds if a field that it reads is not a number, a boolean, an enum or a string, optional
    or not, or a list of records. If that is intended, add an entry to exemptions.toml.
    """
    from tributary.avro.codec import codec_schema
    from tributary.avro.columns.projection import project
    from tributary.avro.columns.read_plan import plan
    from tributary.avro.columns.traverse import Unreadable
    from tributary.avro.schema import Record, SchemaError

    for contract in contracts:
        try:
            record = codec_schema(contract.schema)
            assert isinstance(record, Record)  # the catalogue takes nothing else
            plan(record, project(record, ()), project(record, ()))
        except SchemaError as error:
            yield Problem(contract, None, f"cannot be read at all: {error}")
        except Unreadable as error:
            path = str(error).partition(":")[0].lstrip(".").removesuffix("[]").removesuffix("{}")
            at = next((field for field in contract.fields() if field.path == path), None)
            yield Problem(contract, at, f"cannot be read by columns: {error}")


@rule("stock-readable", severity="warning")
def stock_readable(contracts: Contracts) -> Iterator[Problem]:
    """Confluent's serializers for Python can use the contract.

    They parse it with fastavro, which refuses some schemas that a registry takes: for example, a type that is used
    before its definition. Consumers that use them would fail at every message of the topic.
    """
    from fastavro import parse_schema

    for contract in contracts:
        try:
            parse_schema(contract.schema)
        except Exception as error:  # of no common class: SchemaParseException, UnknownType, ValueError, KeyError
            yield Problem(contract, None, f"fastavro refuses it: {type(error).__name__}: {error}")

"""Write `events.py`: the contracts as attrs classes and enums, for type checkers and for people."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

from tributary.avro import naming
from tributary.avro import types as avro
from tributary.avro.rows.records import Classes
from tributary.avro.type_parser import parse
from tributary.catalog import Catalog, Topic
from tributary.errors import TributaryError

_SCALARS = {
    "null": "None",
    "boolean": "bool",
    "int": "int",
    "long": "int",
    "float": "float",
    "double": "float",
    "bytes": "bytes",
    "string": "str",
    "fixed": "bytes",
    "decimal": "decimal.Decimal",
}


class GenerateError(TributaryError, ValueError):
    """A contract cannot be written as Python; the message names the file and the type."""


def events(catalog: Catalog) -> str:
    """The source of `events.py`: every type once, in the order in which the contracts need them.

    Raises GenerateError for a contract that is not a schema, or for two contracts that give one name two meanings.
    """
    types: dict[str, tuple[str, Topic]] = {}
    classes: list[str] = []
    for topic in catalog.topics:
        try:
            record = parse(topic.schema)
        except avro.SchemaError as error:
            raise GenerateError(f"{topic.path}: {error}") from error
        assert isinstance(record, avro.Record)  # the catalogue takes nothing else
        classes.append(naming.class_(record.short_name))
        for named in _named(record, set()):
            name = naming.class_(named.short_name)
            source = _class(named, topic.text if named is record else None)
            before, other = types.setdefault(name, (source, topic))
            if before != source:
                raise GenerateError(f"{topic.path}: {name} has another content than in {other.path}")
    sources = [source for source, _ in types.values()]
    if not classes:
        raise GenerateError("the catalogue has no topics")
    union = f"Event = {' | '.join(classes)}\n" + '"""Whatever the topics carry."""\n'
    return "\n\n".join([_header(sources), *sources, union])


def _header(sources: Iterable[str]) -> str:
    uses: Mapping[str, Callable[[str], bool]] = {
        "import decimal\n": lambda source: "decimal.Decimal" in source,
        "import enum\n": lambda source: "(enum.StrEnum)" in source,
    }
    plain = "".join(line for line, used in uses.items() if any(map(used, sources)))
    return (
        '"""The events of the contracts beside this file. Written by `make generate`: edit the contracts instead.\n\n'
        "A uuid is a `str` and a timestamp an `int` of milliseconds, UTC: to build an object for each would cost\n"
        'more than the rest of the decoding, and most readers only compare or count them.\n"""\n\n'
        "# ruff: noqa: E501 (documentation and contracts keep their authors' lines)\n\n"
        f"from __future__ import annotations\n\n{plain}from typing import ClassVar\n\nimport attrs\n"
    )


def _named(avro_type: avro.Type, seen: set[str]) -> Iterator[avro.Record | avro.Enum]:
    """The enums and records inside a type, each once and after what it uses."""
    if isinstance(avro_type, avro.Array):
        yield from _named(avro_type.items, seen)
    elif isinstance(avro_type, avro.Map):
        yield from _named(avro_type.values, seen)
    elif isinstance(avro_type, avro.Union):
        for branch in avro_type.branches:
            yield from _named(branch, seen)
    elif isinstance(avro_type, avro.Record | avro.Enum) and avro_type.name not in seen:
        seen.add(avro_type.name)
        if isinstance(avro_type, avro.Record):
            for field in avro_type.fields:
                yield from _named(field.type, seen)
        yield avro_type


def _class(named: avro.Record | avro.Enum, contract: str | None) -> str:
    return _enum(named) if isinstance(named, avro.Enum) else _record(named, contract)


def _enum(enum: avro.Enum) -> str:
    lines = [f"class {naming.class_(enum.short_name)}(enum.StrEnum):", *_doc(enum.doc)]
    if enum.doc and enum.symbols:
        lines.append("")
    lines += [f"    {naming.member(symbol)} = {_text(symbol)}" for symbol in enum.symbols]
    if len(lines) == 1:
        lines.append("    pass")
    return "\n".join(lines) + "\n"


def _record(record: avro.Record, contract: str | None) -> str:
    # Without a slot for weak references the decoder can fill an instance through a mutable twin of the same layout.
    lines = ["@attrs.frozen(kw_only=True, weakref_slot=False)", f"class {naming.class_(record.short_name)}:"]
    lines += _doc(record.doc)
    if record.doc and (record.fields or contract):
        lines.append("")
    for field in record.fields:
        name = naming.attribute(field.name)
        default = _default(field, {naming.attribute(field.name) for field in record.fields})
        if name.startswith("_"):  # for which attrs has another name as an argument, unless told
            default = f"attrs.field({f'default={default}, ' if default else ''}alias={_text(name)})"
        lines.append(f"    {name}: {_annotation(field.type)}{f' = {default}' if default else ''}")
        lines += _doc(field.doc)
    if contract is not None:
        body = contract.replace("\\", "\\\\").replace('"""', '\\"\\"\\"')
        lines += [
            "",
            f'    SCHEMA: ClassVar[str] = """\\\n{body}"""',
            '    """The contract, as its author wrote it."""',
        ]
    if len(lines) == 2:
        lines.append("    pass")
    return "\n".join(lines) + "\n"


def _annotation(avro_type: avro.Type) -> str:
    if isinstance(avro_type, avro.Record | avro.Enum):
        return naming.class_(avro_type.short_name)
    if isinstance(avro_type, avro.Array):
        return f"tuple[{_annotation(avro_type.items)}, ...]"
    if isinstance(avro_type, avro.Map):
        return f"dict[str, {_annotation(avro_type.values)}]"
    if isinstance(avro_type, avro.Union):
        branches = dict.fromkeys(_annotation(branch) for branch in avro_type.branches)
        return " | ".join(sorted(branches, key=lambda branch: branch == "None"))
    return _SCALARS[avro_type.kind]


def _default(field: avro.Field, attributes: Collection[str]) -> str:
    """The expression of a field's default; only defaults that are safe to share are kept, others must be given."""
    kind = field.type.branches[0] if isinstance(field.type, avro.Union) and field.type.branches else field.type
    try:
        Classes(None).default(kind, field.default)
    except ValueError:  # it cannot be used, and nothing checks it before a reader does
        return ""
    if not field.has_default or (isinstance(field.default, float) and not math.isfinite(field.default)):
        return ""
    if isinstance(kind, avro.Enum):
        # In the body of the class an attribute of the enum's name would be taken for it.
        return "" if (name := _annotation(kind)) in attributes else f"{name}.{naming.member(field.default)}"
    if kind.kind == "string":
        return _text(field.default)
    return repr(field.default) if kind.kind in ("null", "boolean", "int", "long", "float", "double") else ""


def _doc(doc: str) -> list[str]:
    """A docstring, indented, if there is something to say."""
    text = _writable(" ".join(doc.split()).replace("\\", "\\\\").replace('"""', '\\"\\"\\"'))
    if text.endswith('"'):
        text += " "
    return [f'    """{text}"""'] if text else []


def _text(value: str) -> str:
    return _writable(json.dumps(value, ensure_ascii=False))


def _writable(text: str) -> str:
    """Source without what a file of Python cannot have: control characters, and halves of characters."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)

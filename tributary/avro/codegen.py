"""Write `events.py`: the contracts as attrs classes and enums, for type checkers and for people."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Collection, Iterable, Mapping

from tributary.avro import naming
from tributary.avro.codec import codec_schema
from tributary.avro.rows.records import Classes
from tributary.avro.schema import Array, Enum, Field, Map, Record, Schema, SchemaError, Union
from tributary.avro.structure import named_types
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
            record = codec_schema(topic.schema)
        except SchemaError as error:
            raise GenerateError(f"{topic.path}: {error}") from error
        assert isinstance(record, Record)  # the catalogue takes nothing else
        classes.append(naming.class_(record.short_name))
        for named in named_types(record):
            if not isinstance(named, Record | Enum):
                continue
            name = naming.class_(named.short_name)
            source = _class(named, topic.text if named is record else None)
            before, other = types.setdefault(name, (source, topic))
            if before != source:
                raise GenerateError(f"{topic.path}: {name} has another content than in {other.path}")
    sources = [source for source, _ in types.values()]
    union = f"Event = {' | '.join(classes)}\n" + '"""Whatever the topics carry."""\n'
    return "\n\n".join([_header(sources), *sources, union])


def _header(sources: Iterable[str]) -> str:
    uses: Mapping[str, Callable[[str], bool]] = {
        "import decimal\n": lambda source: "decimal.Decimal" in source,
        "import enum\n": lambda source: "(enum.StrEnum)" in source,
    }
    plain = "".join(line for line, used in uses.items() if any(map(used, sources)))
    return (
        '"""The events of the contracts beside this file. `tributary generate` writes it: edit the contracts.\n\n'
        "A uuid is a `str` and a timestamp an `int` of milliseconds, UTC: to build an object for each would cost\n"
        'more than the rest of the decoding, and most readers only compare or count them.\n"""\n\n'
        "# ruff: noqa: E501 (documentation and contracts keep their authors' lines)\n\n"
        f"from __future__ import annotations\n\n{plain}from typing import ClassVar\n\nimport attrs\n"
    )


def _class(named: Record | Enum, contract: str | None) -> str:
    return _enum(named) if isinstance(named, Enum) else _record(named, contract)


def _enum(enum: Enum) -> str:
    lines = [f"class {naming.class_(enum.short_name)}(enum.StrEnum):", *_doc(enum.doc)]
    if enum.doc and enum.symbols:
        lines.append("")
    lines += [f"    {naming.member(symbol)} = {_text(symbol)}" for symbol in enum.symbols]
    if len(lines) == 1:
        lines.append("    pass")
    return "\n".join(lines) + "\n"


def _record(record: Record, contract: str | None) -> str:
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


def _annotation(avro_type: Schema) -> str:
    if isinstance(avro_type, Record | Enum):
        return naming.class_(avro_type.short_name)
    if isinstance(avro_type, Array):
        return f"tuple[{_annotation(avro_type.element)}, ...]"
    if isinstance(avro_type, Map):
        return f"dict[str, {_annotation(avro_type.element)}]"
    if isinstance(avro_type, Union):
        branches = dict.fromkeys(_annotation(branch) for branch in avro_type.branches)
        return " | ".join(sorted(branches, key=lambda branch: branch == "None"))
    return _SCALARS[avro_type.value_kind]


def _default(field: Field, attributes: Collection[str]) -> str:
    """The expression of a field's default; only defaults that are safe to share are kept, others must be given."""
    kind = field.type.branches[0] if isinstance(field.type, Union) and field.type.branches else field.type
    try:
        Classes(None).default(kind, field.default)
    except ValueError:  # it cannot be used, and nothing checks it before a reader does
        return ""
    if not field.has_default or (isinstance(field.default, float) and not math.isfinite(field.default)):
        return ""
    if isinstance(kind, Enum):
        # In the body of the class an attribute of the enum's name would be taken for it.
        return "" if (name := _annotation(kind)) in attributes else f"{name}.{naming.member(field.default)}"
    if kind.kind == "string":
        return _text(field.default)
    return repr(field.default) if kind.kind in ("null", "boolean", "int", "long", "float", "double") else ""


def _doc(doc: str | None) -> list[str]:
    """A docstring, indented, if there is something to say."""
    text = _writable(" ".join((doc or "").split()).replace("\\", "\\\\").replace('"""', '\\"\\"\\"'))
    if text.endswith('"'):
        text += " "
    return [f'    """{text}"""'] if text else []


def _text(value: str) -> str:
    return _writable(json.dumps(value, ensure_ascii=False))


def _writable(text: str) -> str:
    """Source without what a file of Python cannot have: control characters, and halves of characters."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)

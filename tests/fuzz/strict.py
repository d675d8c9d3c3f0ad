"""A strict reading of Avro's specification: slow, plain, and independent of the product.

https://avro.apache.org/docs/1.12.0/specification/

Where the specification leaves a choice, this makes the one that the product documents: a branch of the reader's union
with the same type is preferred to the first that matches (as in Java); an array has at most 1,000 items without bytes;
the size before a block must be within the body and is not compared with the items, because only a reader that skips
the block uses it.
"""

from __future__ import annotations

import decimal
import math
import re
import struct
from collections.abc import Iterator, Mapping
from typing import Any

PRIMITIVES = ("null", "boolean", "int", "long", "float", "double", "bytes", "string")
NUMBERS = ("int", "long", "float", "double", "decimal")
PROMOTED = {
    "int": {"long", "float", "double"},
    "long": {"float", "double"},
    "float": {"double"},
    "string": {"bytes"},
    "bytes": {"string"},
}
MOST_EMPTY_ITEMS = 1000

Node = dict[str, Any]
"""A type: its JSON with `kind`, and with names replaced by the types."""


class Invalid(ValueError):
    """A body is not what its writer schema describes, or cannot be read as the reader schema."""


class OutsideLimits(Invalid):
    """A value is outside the limits of its field."""


def linked(schema: Any, space: str = "", names: dict[str, Node] | None = None) -> Node:
    """A schema from JSON with its names resolved. The schema must be valid."""
    names = {} if names is None else names
    if isinstance(schema, list):
        return {"kind": "union", "branches": [linked(branch, space, names) for branch in schema]}
    if isinstance(schema, str):
        if schema in PRIMITIVES:
            return {"kind": schema}
        return names.get(_full(schema, space)) or names[schema]
    kind = schema["type"]
    if not isinstance(kind, str) or kind not in (*PRIMITIVES, "array", "map", "record", "error", "enum", "fixed"):
        return linked(kind, space, names)
    node: Node = {"kind": "record" if kind == "error" else kind}
    if kind in ("array", "map"):
        return node | {"inner": linked(schema["items" if kind == "array" else "values"], space, names)}
    if kind in ("record", "error", "enum", "fixed"):
        node["name"] = _full(schema["name"], schema.get("namespace", space))
        space = node["name"].rpartition(".")[0]
        node["aliases"] = [_full(alias, space) for alias in schema.get("aliases", [])]
        names[node["name"]] = node
    if node["kind"] == "record":
        node["fields"] = [field | {"node": linked(field["type"], space, names)} for field in schema["fields"]]
    elif kind == "enum":
        node |= {"symbols": schema["symbols"], "default": schema.get("default")}
    elif kind == "fixed":
        node["size"] = schema["size"]
    if kind in ("bytes", "fixed") and _is_decimal(schema):
        node |= {"kind": "decimal", "scale": schema.get("scale", 0)}
    return node


def _is_decimal(schema: Mapping[str, Any]) -> bool:
    precision, scale = schema.get("precision"), schema.get("scale", 0)
    if schema.get("logicalType") != "decimal" or type(precision) is not int or type(scale) is not int:
        return False
    most = math.inf if "size" not in schema else int((8 * schema["size"] - 1) * math.log10(2))
    return 1 <= precision <= most and 0 <= scale <= precision


def _full(name: str, space: str) -> str:
    return f"{space}.{name}" if space and "." not in name else name


class Body:
    """A body, read from its start."""

    def __init__(self, data: bytes, *, thorough: bool = True) -> None:
        """`thorough`: fields that the reader does not have are validated too, not only skipped by length."""
        self.data = data
        self.at = 0
        self.thorough = thorough

    def take(self, size: int) -> bytes:
        if size < 0 or size > len(self.data) - self.at:
            raise Invalid("the body ends too early")
        self.at += size
        return self.data[self.at - size : self.at]

    def long(self, bits: int = 64) -> int:
        number = shift = 0
        while True:
            byte = self.take(1)[0]
            number |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                break
            if shift >= 70:
                raise Invalid("a number of more than ten bytes")
        number = number >> 1 ^ -(number & 1)
        if not -(1 << bits - 1) <= number < 1 << bits - 1:
            raise Invalid(f"a number of more than {bits} bits")
        return number

    def text(self, raw: bytes) -> str:
        try:
            return raw.decode()
        except UnicodeDecodeError:
            raise Invalid("not UTF-8") from None

    def items(self, empty: bool, *, thorough: bool) -> Iterator[int]:
        """Yields a number for each item of an array or a map."""
        so_far = 0
        while count := self.long():
            if count < 0:
                count = -count
                size = self.long()
                if not 0 <= size <= len(self.data) - self.at:
                    raise Invalid("a block is longer than the body")
            if empty and (so_far if thorough else 0) + count > MOST_EMPTY_ITEMS:
                raise Invalid("too many items that take no bytes")
            if not empty and count > len(self.data) - self.at:
                raise Invalid("a block has more items than bytes")
            yield from range(so_far, so_far + count)
            so_far += count


def decode(writer: Node, data: bytes) -> Any:
    """The value of a whole body. Raises Invalid."""
    return resolve(writer, writer, data)


def resolve(writer: Node, reader: Node, data: bytes, *, thorough: bool = True, bounded: bool = False) -> Any:
    """The value of a whole body, resolved to the reader schema. Raises Invalid.

    `thorough`: as in `Body`. `bounded`: values outside the limits of the reader's fields are refused.
    """
    if not resolvable(writer, reader, {}):
        raise Invalid("the reader cannot read what the writer writes")
    body = Body(data, thorough=thorough)
    value = _Reading(bounded).value(writer, reader, body)
    if body.at != len(data):
        raise Invalid("bytes are left")
    return value


class _Reading:
    def __init__(self, bounded: bool) -> None:
        self.bounded = bounded

    def value(self, writer: Node, reader: Node, body: Body) -> Any:
        if writer["kind"] == "union":
            branch = _branch(writer, body)
            if not resolvable(branch, reader, {}):
                raise Invalid("the reader does not take this branch")
            return self.value(branch, reader, body)
        target = chosen(writer, reader)
        assert target is not None
        match writer["kind"]:
            case "record":
                return self.record(writer, target, body)
            case "array":
                empty = takes_nothing(writer["inner"], frozenset())
                items = body.items(empty, thorough=True)
                return [self.value(writer["inner"], target["inner"], body) for _ in items]
            case "map":
                entries = {}
                for _ in body.items(False, thorough=True):
                    key = body.text(body.take(body.long()))
                    entries[key] = self.value(writer["inner"], target["inner"], body)
                return entries
        return _scalar(writer, target, body)

    def record(self, writer: Node, reader: Node, body: Body) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for field in writer["fields"]:
            targets = takers(writer, reader, field["name"])
            start = body.at
            for target in targets:
                body.at = start
                value = found[target["name"]] = self.value(field["node"], target["node"], body)
                if self.bounded and is_outside(value, target):
                    raise OutsideLimits(f"{target['name']}: {value!r} is outside its limits")
            if not targets:
                skip(field["node"], body)
        return {
            field["name"]: found[field["name"]]
            if field["name"] in found
            else default(field["node"], field.get("default"))
            for field in reader["fields"]
        }


def skip(writer: Node, body: Body) -> None:
    """Step over a value that the reader does not have."""
    thorough = body.thorough
    match writer["kind"]:
        case "union":
            skip(_branch(writer, body), body)
        case "record":
            for field in writer["fields"]:
                skip(field["node"], body)
        case "array":
            for _ in body.items(takes_nothing(writer["inner"], frozenset()), thorough=thorough):
                skip(writer["inner"], body)
        case "map":
            for _ in body.items(False, thorough=thorough):
                skip({"kind": "string"}, body)
                skip(writer["inner"], body)
        case "boolean" if not thorough:
            body.take(1)
        case "int" if not thorough:
            body.long()
        case "string" if not thorough:
            body.take(body.long())
        case _:
            _raw(writer, body)


def _branch(union: Node, body: Body) -> Node:
    number = body.long()
    if not 0 <= number < len(union["branches"]):
        raise Invalid(f"no branch {number}")
    branch: Node = union["branches"][number]
    return branch


def _raw(writer: Node, body: Body) -> Any:
    """A scalar as it was written."""
    match writer["kind"]:
        case "null":
            return None
        case "boolean":
            byte = body.take(1)[0]
            if byte > 1:
                raise Invalid(f"a boolean of {byte}")
            return byte == 1
        case "int":
            return body.long(32)
        case "long":
            return body.long()
        case "float":
            return struct.unpack("<f", body.take(4))[0]
        case "double":
            return struct.unpack("<d", body.take(8))[0]
        case "enum":
            number = body.long()
            if not 0 <= number < len(writer["symbols"]):
                raise Invalid(f"no symbol {number}")
            return writer["symbols"][number]
    raw = body.take(writer["size"] if "size" in writer else body.long())
    return body.text(raw) if writer["kind"] == "string" else raw


def _scalar(writer: Node, reader: Node, body: Body) -> Any:
    value = _raw(writer, body)
    match reader["kind"]:
        case "float" | "double":
            return float(value)
        case "enum":
            if value in reader["symbols"]:
                return value
            if reader["default"] is None:
                raise Invalid(f"the reader has no symbol {value}")
            return reader["default"]
        case "decimal":
            raw = value.encode() if isinstance(value, str) else value
            return _decimal(raw, writer.get("scale", reader["scale"]))
        case "bytes" | "fixed":
            return value.encode() if isinstance(value, str) else value
        case "string":
            return body.text(value) if isinstance(value, bytes) else value
    return value


def _decimal(raw: bytes, scale: int) -> decimal.Decimal:
    number = int.from_bytes(raw, "big", signed=True)
    try:
        return decimal.Decimal((int(number < 0), tuple(map(int, str(abs(number)))), -scale))
    except ValueError:
        raise Invalid("a decimal of more digits than Python writes") from None


def chosen(writer: Node, reader: Node) -> Node | None:
    """The reader's type that reads what the writer wrote; None if there is none."""
    branches = reader["branches"] if reader["kind"] == "union" else [reader]
    matching = [branch for branch in branches if _matches(writer, branch)]
    very = [b for b in matching if b["kind"] == writer["kind"] and b.get("name") == writer.get("name")]
    return next(iter(very + matching), None)


def _matches(writer: Node, reader: Node) -> bool:
    carried, taken = _carrier(writer), _carrier(reader)
    if "name" in writer or "name" in reader:
        if carried != taken or writer.get("size") != reader.get("size") or "name" not in writer or "name" not in reader:
            return False
        short = writer["name"].rpartition(".")[2]
        return short == reader["name"].rpartition(".")[2] or bool({writer["name"], short} & {*reader["aliases"]})
    return carried == taken or taken in PROMOTED.get(carried, ())


def _carrier(node: Node) -> str:
    """The kind, or for a decimal the kind that it is a logical type of."""
    if node["kind"] == "decimal":
        return "fixed" if "size" in node else "bytes"
    return str(node["kind"])


def takers(writer: Node, reader: Node, name: str) -> list[Node]:
    """The fields of the reader that match a field of the writer."""
    written = {field["name"] for field in writer["fields"]}
    found = []
    for field in reader["fields"]:
        names = [one for one in (field["name"], *field.get("aliases", ())) if one in written]
        if names[:1] == [name]:
            found.append(field)
    return found


def resolvable(writer: Node, reader: Node, known: dict[tuple[int, int], bool]) -> bool:
    """Whether the reader can read what the writer writes; of a written union, some branches may be unreadable."""
    if writer["kind"] == "union":
        return True
    target = chosen(writer, reader)
    if target is None:
        return False
    if writer["kind"] in ("array", "map"):
        return resolvable(writer["inner"], target["inner"], known)
    if writer["kind"] != "record":
        return True
    key = id(writer), id(target)
    if key not in known:
        known[key] = True
        taken = {
            field["name"]: source for source in writer["fields"] for field in takers(writer, target, source["name"])
        }
        known[key] = all(
            resolvable(taken[field["name"]]["node"], field["node"], known)
            if field["name"] in taken
            else "default" in field
            for field in target["fields"]
        )
    return known[key]


def takes_nothing(node: Node, within: frozenset[int]) -> bool:
    """Whether a value takes no bytes."""
    if node["kind"] == "record":
        within |= {id(node)}
        return all(id(f["node"]) in within or takes_nothing(f["node"], within) for f in node["fields"])
    return node["kind"] == "null" or (node["kind"] == "fixed" and node["size"] == 0)


def default(node: Node, value: Any) -> Any:
    """The value of a default, which must be valid."""
    match node["kind"]:
        case "union":
            fitting = {type(None): ("null",), bool: ("boolean",), int: NUMBERS, float: ("float", "double")}
            kinds = fitting.get(type(value), ("string", "bytes", "enum", "array", "map", "record"))
            return default(next(branch for branch in node["branches"] if branch["kind"] in kinds), value)
        case "array":
            return [default(node["inner"], item) for item in value]
        case "map":
            return {key: default(node["inner"], item) for key, item in value.items()}
        case "float" | "double":
            return float(value)
        case "bytes" | "fixed":
            return value.encode("latin-1")
    return value


def is_outside(value: Any, field: Mapping[str, Any]) -> bool:
    """Whether a value is outside the `minimum`, `maximum` or `pattern` of its field."""
    node = field["node"]
    kinds = {branch["kind"] for branch in (node["branches"] if node["kind"] == "union" else [node])}
    if isinstance(value, str) and "string" in kinds and "pattern" in field:
        return re.search(field["pattern"].replace("$", r"\Z"), value) is None
    if isinstance(value, int | float | decimal.Decimal) and not isinstance(value, bool) and kinds & {*NUMBERS}:
        within = field.get("minimum", -math.inf) <= value <= field.get("maximum", math.inf)
        return not within and ("minimum" in field or "maximum" in field)  # NaN is outside any limits
    return False

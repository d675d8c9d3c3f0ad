"""Contracts in styles found in public: change data capture, Java's and .NET's generators, trees, old habits."""

from __future__ import annotations

from typing import Any


def record(name: str, *fields: Any, **more: Any) -> dict[str, Any]:
    """A record; a field is `(name, type)`, `(name, type, default)` or a whole one."""
    made = [
        one if isinstance(one, dict) else dict(zip(("name", "type", "default"), one, strict=False)) for one in fields
    ]
    return {"type": "record", "name": name, "fields": made, **more}


JAVA = {"type": "string", "avro.java.string": "String"}
_DAY = {"type": "int", "connect.version": 1, "connect.name": "io.example.time.Date"}

STYLES: dict[str, dict[str, Any]] = {
    "change capture": record(
        "Envelope",
        ("before", ["null", record("Value", ("id", "long"), ("day", ["null", _DAY], None), ("total", "double"))], None),
        ("after", ["null", "Value"], None),
        ("source", record("Source", ("snapshot", [{"type": "string", "connect.default": "false"}, "null"], "false"))),
        ("op", "string"),
        ("ts_ms", ["null", "long"], None),
        {"name": "transaction", "type": ["null", record("block", ("total_order", "long"))], "default": None},
        namespace="server1.inventory.orders",
        **{"connect.name": "server1.inventory.orders.Envelope"},
    ),
    "one of several events": record(
        "Wrapped",
        ("id", "string"),
        (
            "payload",
            [
                record("Created", ("id", "string"), ("at", "long")),
                record("Renamed", ("id", "string"), ("at", "long")),
                record("Deleted", ("id", "string")),
            ],
        ),
    ),
    "Java's strings, maps and lists": record(
        "Profile",
        ("name", JAVA),
        ("labels", {"type": "map", "values": JAVA, "avro.java.string": "String"}),
        ("tags", {"type": "array", "items": JAVA, "java-class": "java.util.List"}),
        ("options", {"type": "map", "values": ["null", "boolean", "long", "double", JAVA]}, {}),
        namespace="com.example",
    ),
    "logical types": record(
        "Measured",
        ("price", {"type": "bytes", "logicalType": "decimal", "precision": 12, "scale": 4}),
        ("tax", {"type": "fixed", "name": "Tax", "size": 8, "logicalType": "decimal", "precision": 16, "scale": 2}),
        ("key", {"type": "fixed", "name": "Key", "size": 16, "logicalType": "uuid"}),
        ("wait", {"type": "fixed", "name": "Wait", "size": 12, "logicalType": "duration"}),
        ("day", {"type": "int", "logicalType": "date"}, 0),
        ("clock", {"type": "long", "logicalType": "time-micros"}),
        ("at", {"type": "long", "logicalType": "local-timestamp-nanos"}),
        ("wrong", {"type": "string", "logicalType": "timestamp-millis"}),
        ("odd", {"type": "bytes", "logicalType": "decimal", "precision": "12"}),
        {"name": "beside", "type": "long", "logicalType": "timestamp-millis"},
    ),
    "a tree and a list of itself": record(
        "Node",
        ("value", "long"),
        ("children", {"type": "array", "items": "Node"}, []),
        ("next", ["null", "Node"], None),
        aliases=["OldNode", "x.y.Node"],
    ),
    "old habits": record(
        "Legacy",
        {"name": "_id", "type": ["string", "null"], "doc": None, "order": "ignore"},
        {"name": "SCHEMA", "type": {"type": "string"}, "default": ""},
        {"name": "class", "type": ["null", "int", "long", "float"], "default": None, "aliases": ["type"]},
        {"name": "status", "type": {"type": "enum", "name": "Status", "symbols": ["mro", "name", "None", "_x_"]}},
        {"name": "again", "type": ["null", "Status"], "default": None},
        {"name": "nothing", "type": "null"},
        {"name": "empty", "type": record("Empty"), "default": {}},
        {"name": "many", "type": {"type": "array", "items": {"type": "array", "items": "Empty"}}},
        namespace="",
        doc=None,
    ),
    "defaults that cannot be": record(
        "Hopeful",
        ("count", "int", "0"),
        ("maybe", ["string", "null"], None),
        ("large", "long", 2**63),
        ("ratio", ["null", "double"], 0.5),
        ("kind", {"type": "enum", "name": "Kind", "symbols": ["A"], "default": "A"}, "B"),
        ("raw", "bytes", "\u0142"),
        ("own", {"type": "map", "values": "long"}, {"a": "b"}),
    ),
    "namespaces within": record(
        "Outer",
        ("one", record("Inner", ("a", "long"), namespace="com.example.one")),
        ("two", record("com.example.two.Pair", ("inner", "com.example.one.Inner"), ("kind", "float"))),
        ("three", ["null", "com.example.one.Inner"], None),
        namespace="com.example",
    ),
    "optional everything": record(
        "Loose",
        ("a", ["null", "boolean"], None),
        ("b", ["null", "int"], None),
        ("c", ["null", "long"], None),
        ("d", ["null", "float"], None),
        ("e", ["null", "string"], None),
        ("f", ["null", "bytes"], None),
        ("g", ["null", {"type": "enum", "name": "G", "symbols": ["A", "B"]}], None),
        ("h", ["null", {"type": "array", "items": record("H", ("n", ["null", "long"], None))}], None),
        ("i", {"type": "array", "items": record("I", ("n", ["null", "long"], None))}, []),
    ),
    "no fields": record("Ping"),
}

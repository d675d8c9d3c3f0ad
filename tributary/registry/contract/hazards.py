"""The rules for what the registry lets through but data does not survive: their names, and why each matters."""

from __future__ import annotations

import attrs

DANGERS = {
    "unit-changed": (
        "A time in other units: the bytes decode, and a reader that goes by its own schema, as Java's do, takes every "
        "old value for one that is off by a factor of a thousand."
    ),
    "decimal-changed": (
        "A decimal's bytes are a whole number. Its scale, which says what the number is worth, and its precision, to "
        "which readers round, are not in the data and not compared by the registry."
    ),
    "logical-type-changed": (
        "The registry does not compare logical types, but readers turn the same bytes into another thing."
    ),
    "namespace-changed": (
        "The registry compares the last part of a name only; generated classes and strict readers go by the full name "
        "and no longer find the type."
    ),
    "symbol-removed": (
        "With a default on the enum the registry lets a symbol go; records that have it then read as the default, and "
        "what they said is lost."
    ),
    "name-reused": (
        "A field that was removed and comes back as something else is filled from records of the time when it meant "
        "the first."
    ),
    "range-tightened": (
        "Avro carries ranges and patterns along and checks nothing; consumers that do refuse records that were right "
        "when they were written."
    ),
    "precision-lost": "Avro promotes whole numbers to floats, which hold 24 or 53 bits: large ids and amounts change.",
    "alias-taken": (
        "An alias that is another field's name or alias: the rules let one written value fill both fields, readers "
        "fill one and fail at the other, or swap them."
    ),
    "bytes-as-text": (
        "Avro reads bytes as a string and a string as bytes; bytes that are no UTF-8 cannot be read as a string."
    ),
    "joined-field-changed": (
        "The merge joins the topics on the key and the envelope; a change in one alone splits what belongs together."
    ),
}
NOTES = {
    "symbol-added": "Consumers on an older version read a symbol that they do not know as the enum's default.",
    "decimal-widened": "Consumers on an older version round longer numbers to the precision that they know, or fail.",
    "default-read-instead": (
        "A field with a default can go, or be renamed, and older consumers go on: they read the default, as if it had "
        "been written."
    ),
    "personal-mark-removed": "Masking, access and deletion go by the mark; the data written under it stays personal.",
    "symbols-reordered": "Positions are written, and resolved by name; but the sort order and stored positions change.",
    "default-changed": "A default is applied when data is read: old records without the field now say something else.",
    "default-hides-missing": "A default that could be a real value cannot be told from one.",
    "renamed-without-alias": (
        "One field gone and one of the same type added is often a rename; without an alias the values written under "
        "the old name are not read."
    ),
}
"""Rule → why it matters, as `lint --explain` prints it."""
CONSUMERS_FIRST = ("symbol-added", "decimal-widened", "default-read-instead")
"""Notes on what older consumers read as something else: they must be replaced before the first such record."""


@attrs.frozen
class Hazard:
    """One thing that the compatibility rules do not see."""

    rule: str
    path: str
    """The field in words; empty for the record itself."""
    text: str
    fix: str

    @property
    def danger(self) -> bool:
        """Whether existing data would be read as something else."""
        return self.rule in DANGERS

"""The rules for changes that the registry accepts although they damage data: their names and reasons."""

from __future__ import annotations

import attrs

DANGERS = {
    "unit-changed": (
        "A time in other units: the bytes decode, but a reader that uses its own schema, as Java's do, reads every "
        "old value off by a factor of a thousand."
    ),
    "decimal-changed": (
        "A decimal's bytes are an integer. Its scale, which gives the value, and its precision, to which readers round "
        "it, are not in the data and not compared by the registry."
    ),
    "logical-type-changed": (
        "The registry does not compare logical types, but readers convert the same bytes to different values."
    ),
    "namespace-changed": (
        "The registry compares only the last part of a name; generated classes and strict readers use the full name "
        "and no longer find the type."
    ),
    "symbol-removed": (
        "If the enum has a default, the registry accepts the removal of a symbol; records with the symbol then read as "
        "the default, and their value is lost."
    ),
    "name-reused": (
        "A removed field that is added again with another meaning is read from old records, which have the first "
        "meaning."
    ),
    "range-tightened": (
        "Avro does not check ranges and patterns; consumers that do refuse records that were valid when they were "
        "written."
    ),
    "precision-lost": "Avro promotes integers to floats, which hold 24 or 53 bits: large ids and amounts change.",
    "alias-taken": (
        "An alias that is another field's name or alias: by the rules one written value fills both fields, but readers "
        "fill one and fail at the other, or swap them."
    ),
    "bytes-as-text": (
        "Avro reads bytes as a string and a string as bytes; bytes that are not UTF-8 cannot be read as a string."
    ),
    "joined-field-changed": (
        "Figures join the topics on the key and the envelope; a change in one topic only separates related events."
    ),
}
NOTES = {
    "symbol-added": "Consumers on an older version read an unknown symbol as the enum's default.",
    "decimal-widened": "Consumers on an older version round longer numbers to the precision that they know, or fail.",
    "default-read-instead": (
        "A field with a default can be removed or renamed, and older consumers continue: they read the default as if "
        "it had been written."
    ),
    "personal-mark-removed": "Masking, access and deletion use the mark; data written with it remains personal.",
    "symbols-reordered": "Symbols are resolved by name, but the sort order and stored positions change.",
    "default-changed": "A default is applied when data is read: old records without the field now have another value.",
    "default-hides-missing": "A default that could be a real value cannot be distinguished from one.",
    "renamed-without-alias": (
        "A removed field and an added field of the same type are often a rename; without an alias, values written "
        "under the old name are not read."
    ),
}
"""Rule → why it matters, as `lint --explain` prints it."""
CONSUMERS_FIRST = ("symbol-added", "decimal-widened", "default-read-instead")
"""Notes on what older consumers read as something else: they must be replaced before the first such record."""


@attrs.frozen
class Hazard:
    """A change that the compatibility rules do not detect."""

    rule: str
    path: str
    """The field in words; empty for the record itself."""
    text: str
    fix: str

    @property
    def danger(self) -> bool:
        """Whether existing data would be read with another meaning."""
        return self.rule in DANGERS

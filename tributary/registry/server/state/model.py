"""The registry's data: versions of schemas, their references and metadata."""

from __future__ import annotations

import hashlib
import uuid
from typing import Any

import attrs

Metadata = dict[str, Any]
"""`tags`, `properties` and `sensitive`, each only if it is not empty, sorted as Confluent sorts them."""


@attrs.frozen
class Reference:
    """A reference to another schema: the name it is used by, and the subject and version that contain it."""

    name: str
    subject: str
    version: int

    def to_json(self) -> dict[str, Any]:
        """As the API shows it."""
        return {"name": self.name, "subject": self.subject, "version": self.version}


@attrs.frozen
class Content:
    """The identity of a schema: two with equal content share an id.

    `meaning` is the fingerprint of the schema with its references resolved, equal for schemas with the same meaning.
    """

    schema: str
    references: tuple[Reference, ...] = ()
    metadata: Metadata | None = None
    meaning: str = attrs.field(default="", eq=False)

    def guid(self) -> str:
        """Confluent's globally unique id: the MD5 over the content, written as a UUID."""
        digest = hashlib.md5(self.schema.encode(), usedforsecurity=False)
        for reference in self.references:
            digest.update(reference.name.encode() + reference.subject.encode())
            digest.update(reference.version.to_bytes(4, "big", signed=True))
        if self.metadata is not None:
            digest.update(b"\x01")
            for path, tags in self.metadata.get("tags", {}).items():
                digest.update((path + "".join(tags)).encode())
            for key, value in self.metadata.get("properties", {}).items():
                digest.update((key + value).encode())
            digest.update("".join(self.metadata.get("sensitive", ())).encode())
        return str(uuid.UUID(bytes=digest.digest()))

    def to_json(self) -> dict[str, Any]:
        """The fields of an answer that every schema has, in Confluent's order."""
        shown: dict[str, Any] = {"guid": self.guid(), "schemaType": "AVRO"}
        if self.references:
            shown["references"] = [reference.to_json() for reference in self.references]
        if self.metadata is not None:
            shown["metadata"] = self.metadata
        return shown | {"schema": self.schema}


@attrs.frozen
class Version:
    """One version of a subject.

    `ts` is when it was last written, in milliseconds since 1970; None in an answer that repeats what the client sent.
    """

    subject: str
    version: int
    id: int
    content: Content
    ts: int | None = None
    deleted: bool = False

    def to_json(self) -> dict[str, Any]:
        """As the API shows it."""
        shown = {"subject": self.subject, "version": self.version, "id": self.id, **self.content.to_json()}
        return shown if self.ts is None else shown | {"ts": self.ts, "deleted": self.deleted}


def merge_metadata(old: Metadata | None, new: Metadata | None) -> Metadata | None:
    """Both merged: for the same tag path or property the newer wins; sensitive names are united."""
    if old is None or new is None:
        return new if old is None else old
    merged: Metadata = {}
    for part in ("tags", "properties"):
        if both := {**old.get(part, {}), **new.get(part, {})}:
            merged[part] = dict(sorted(both.items()))
    if names := sorted({*old.get("sensitive", ()), *new.get("sensitive", ())}):
        merged["sensitive"] = names
    return merged

"""The versions of a subject, and what changed between them."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator, Sequence
from typing import Any

import attrs

from tributary.avro.parser import stored
from tributary.catalog import Topic
from tributary.errors import UsageError
from tributary.registry import compatibility, lock
from tributary.registry.contract.diff import Change, changes, in_words


class NoSuchVersion(UsageError):
    """The subject or version does not exist; the message says what there is."""


@attrs.frozen
class HistoryEntry:
    """One version."""

    version: lock.Version
    changes: tuple[Change, ...]
    """Changes to the previous version; empty for the first."""
    reads_before: bool
    """Whether it reads what the previous version wrote; true for the first."""
    read_by_before: bool
    """Whether the previous version reads what it writes; true for the first."""


def history(versions: Sequence[lock.Version]) -> list[HistoryEntry]:
    """Each version with what it changed, oldest first."""
    entries = []
    for position, version in enumerate(versions):
        if not position:
            entries.append(HistoryEntry(version, (), True, True))
            continue
        before = versions[position - 1]
        old, new = stored(before.schema), stored(version.schema)
        entries.append(
            HistoryEntry(
                version,
                tuple(changes(json.loads(before.schema), json.loads(version.schema))),
                not compatibility.incompatibilities(new, old),
                not compatibility.incompatibilities(old, new),
            )
        )
    return entries


def described(versions: Sequence[lock.Version], which: Sequence[lock.Version]) -> Iterator[str]:
    """Some of a subject's versions in words: `v2 (id 4): coupon added: null or string, default null`."""
    before: lock.Version | None = None
    for version in versions:
        if version in which:
            changed = in_words(json.loads(before.schema), json.loads(version.schema)) if before else ["the first"]
            yield f"v{version.version} (id {version.id}): {'; '.join(changed) or 'same in meaning'}"
        before = version


@attrs.frozen
class Diff:
    """The difference between two schemas."""

    before: str
    """Its name, for example `v1`."""
    after: str
    changes: tuple[Change, ...]
    unified: str
    """A unified diff of the two, each written with one attribute a line."""


def diff(before: tuple[str, str], after: tuple[str, str]) -> Diff:
    """Compare two named schemas, each a pair of name and text."""
    old, new = _normalised(before[1]), _normalised(after[1])
    lines = difflib.unified_diff(_lines(old), _lines(new), before[0], after[0], lineterm="", n=2)
    return Diff(before[0], after[0], tuple(changes(old, new)), "\n".join(lines))


def _normalised(text: str) -> Any:
    """A schema with its attributes in the registry's order, so that the author's order makes no difference."""
    return json.loads(stored(text).canonical)


def _lines(schema: Any) -> list[str]:
    return json.dumps(schema, indent=2, ensure_ascii=False).splitlines()


def find_topic(name: str, topics: Sequence[Topic]) -> Topic:
    """The topic by its name in the catalogue, its name in Kafka, or its subject. Raises NoSuchVersion."""
    for topic in topics:
        if name in (topic.contract, topic.name, topic.subject):
            return topic
    raise NoSuchVersion(f"no subject {name!r}; the catalogue has {', '.join(topic.subject for topic in topics)}")


def find_version(name: str, topic: Topic, versions: Sequence[lock.Version]) -> tuple[str, str]:
    """Name and text of `2`, `v2`, `latest` or `working` (the contract as it is). Raises NoSuchVersion."""
    if name == "working":
        return "working", topic.text
    for version in versions[-1:] if name == "latest" else versions:
        if name in ("latest", str(version.version), f"v{version.version}"):
            return f"v{version.version}", version.schema
    numbers = ", ".join(f"v{version.version}" for version in versions) or "no version"
    raise NoSuchVersion(f"{topic.subject} has no version {name!r}; it has {numbers}, and working for the contract")

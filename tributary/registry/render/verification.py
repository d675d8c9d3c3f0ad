"""What `prove` prints, in each format."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import attrs

from tributary.catalog import Topic
from tributary.printable import lines
from tributary.registry.records.verify import Change, Proof, Row
from tributary.registry.render.markdown import table
from tributary.registry.render.markup import code, plain

_SHOWN = 10
"""Failures in a text, for each version; the JSON has all."""


def text(proofs: Sequence[Proof], left: Sequence[Topic]) -> str:
    """Each subject with its versions: how many records decode, which do not and why, which values change."""
    rows = [line for proof in proofs for line in _subject(proof)]
    rows += [f"{topic.subject}: not begun" for topic in left]
    return lines([*rows, _summary(proofs, left)])


def _subject(proof: Proof) -> Iterator[str]:
    yield f"{proof.topic.subject}: {verdict(proof)}"
    for row in proof.rows:
        yield f"  {name(row)}: {outcome(row)}"
        for failure in row.failures[:_SHOWN]:
            yield f"    {failure.where}: {failure.reason}"
        if len(row.failures) > _SHOWN:
            yield f"    and {len(row.failures) - _SHOWN:,} more; --format json has all"
        yield from (f"    {change.path}: {change_text(change)}" for change in row.changes)
    for one in proof.unframed:
        yield f"  no schema id: {_records(one.records)}: {one.seen} (the last: {one.where})"


def verdict(proof: Proof) -> str:
    """The verdict in a line."""
    begun = "" if proof.complete else "interrupted; of what was read until then, "
    if not proof.records:
        return f"{begun}no records to prove it with"
    if proof.failed:
        return f"{begun}{proof.failed:,} of {_records(proof.records)} cannot be read with the contract"
    return f"{begun}the contract reads {_records(proof.records)} ({proof.source})"


def name(row: Row) -> str:
    """What the writer schema is called."""
    return f"id {row.id}, no version of the subject" if row.version is None else f"v{row.version} (id {row.id})"


def outcome(row: Row) -> str:
    """How many records were read, and how many decode."""
    if not row.records:
        return "no records"
    if row.failures:
        return f"{_records(row.records)}, {row.decoded:,} of them decoded"
    return f"{_records(row.records)}, {'all ' if row.records > 1 else ''}decoded"


def change_text(change: Change) -> str:
    """What becomes of a field's values."""
    times = f"{change.values:,} {'value' if change.values == 1 else 'values'}"
    match change.kind:
        case "changed":
            return f"{times} read differently, for example {change.example} ({change.where})"
        case "dropped":
            return f"{times} not read, the contract has no such field"
        case _:
            return f"not written, {times} filled with the default {change.example}"


def _summary(proofs: Sequence[Proof], left: Sequence[Topic]) -> str:
    failed, records = sum(proof.failed for proof in proofs), sum(proof.records for proof in proofs)
    interrupted = "interrupted: " if left or not all(proof.complete for proof in proofs) else ""
    return f"{interrupted}{_records(records)} read, {failed:,} failed"


def _records(number: int) -> str:
    return f"{number:,} record{'' if number == 1 else 's'}"


def document(proofs: Sequence[Proof], left: Sequence[Topic]) -> dict[str, Any]:
    """`ok`, `subjects` with their `versions`, and `not_begun`, the subjects that an interruption left out."""
    return {
        "ok": not left and all(proof.ok for proof in proofs),
        "subjects": [
            {
                "subject": proof.topic.subject,
                "topic": proof.topic.name,
                "ok": proof.ok,
                "source": proof.source,
                "complete": proof.complete,
                "records": proof.records,
                "failed": proof.failed,
                "versions": [
                    {
                        "id": row.id,
                        "version": row.version,
                        "records": row.records,
                        "decoded": row.decoded,
                        "failures": [attrs.asdict(failure) for failure in row.failures],
                        "changes": [attrs.asdict(change) for change in row.changes],
                    }
                    for row in proof.rows
                ],
                "unframed": [attrs.asdict(one) for one in proof.unframed],
            }
            for proof in proofs
        ],
        "not_begun": [topic.subject for topic in left],
    }


def markdown(proofs: Sequence[Proof], left: Sequence[Topic]) -> str:
    """A section for each subject."""
    sections = ["\n".join(_section(proof)) for proof in proofs]
    sections += [f"### ❌ {code(topic.subject)}: not begun" for topic in left]
    return "\n\n".join([*sections, _summary(proofs, left)])


def _section(proof: Proof) -> Iterator[str]:
    yield f"### {'✅' if proof.ok else '❌'} {code(proof.topic.subject)}: {verdict(proof)}"
    yield from table(("writer", "records"), [(name(row), outcome(row)) for row in proof.rows])
    failures = [(name(row), code(one.where), plain(one.reason)) for row in proof.rows for one in row.failures[:_SHOWN]]
    failures += [("none", code(one.where), plain(f"{_records(one.records)}: {one.seen}")) for one in proof.unframed]
    yield from table(("writer", "cannot be read", "reason"), failures)
    changes = [
        (name(row), code(change.path), plain(change_text(change))) for row in proof.rows for change in row.changes
    ]
    yield from table(("writer", "field", "what becomes of it"), changes)

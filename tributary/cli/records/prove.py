"""`tributary prove`: decode real records with the contracts of the working copy."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import attrs

from tributary import catalog, settings
from tributary.catalog import Topic
from tributary.cli import exits
from tributary.cli.options import positive
from tributary.cli.output import ALL_FORMATS, add_format, progress, show
from tributary.printable import lines
from tributary.registry.check.history import find_topic
from tributary.registry.finding import Finding, Severity
from tributary.registry.records import sources
from tributary.registry.records.verify import ValueChange, Verification, WriterResult
from tributary.registry.render import findings
from tributary.registry.render.markup import code, plain, table
from tributary.registry.render.words import attributes, number
from tributary.signals import stop_signal


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Its arguments."""
    add_format(command, ALL_FORMATS)
    command.add_argument(
        "topics", metavar="TOPIC", nargs="*", help="a subject, or its topic's name in the catalogue (default: all)"
    )
    command.add_argument(
        "--last",
        type=positive,
        default=1000,
        metavar="N",
        help="decode the newest N records of each version; the whole topic is read once (default: %(default)s)",
    )
    command.add_argument(
        "--fixtures",
        type=Path,
        metavar="DIR",
        help="decode files in DIR/TOPIC/ instead of Kafka's records, each one message's value; needs only the lock",
    )


def run(args: argparse.Namespace) -> int:
    """Decode the records and print what became of them; 1 if one cannot be read."""
    loaded = settings.load()
    contracts = catalog.load(loaded)
    topics = [find_topic(name, contracts.topics) for name in args.topics] or list(contracts.topics)
    with stop_signal() as stop:
        found = (
            sources.from_files(args.fixtures, loaded, contracts, topics)
            if args.fixtures
            else sources.from_kafka(loaded, contracts, topics, args.last, progress, stop)
        )
        results = list(found)
        left = topics[len(results) :] if stop.is_set() and not args.fixtures else []
    show(args.format, results, left, text=_text, json=_document, markdown=_markdown, sarif=_sarif, junit=_junit)
    return exits.passed(not left and all(result.ok for result in results))


_SHOWN = 10
"""Failures in a text, for each version; the JSON has all."""


def _text(results: Sequence[Verification], left: Sequence[Topic]) -> str:
    """Each subject with its versions: how many records decode, which do not and why, which values change."""
    rows = [line for result in results for line in _subject_lines(result)]
    rows += [f"{topic.subject}: not begun" for topic in left]
    return lines([*rows, _summary(results, left)])


def _subject_lines(result: Verification) -> Iterator[str]:
    yield f"{result.topic.subject}: {_verdict(result)}"
    for row in result.rows:
        yield f"  {_name(row)}: {_outcome(row)}"
        for failure in row.failures[:_SHOWN]:
            yield f"    {failure.where}: {failure.reason}"
        if len(row.failures) > _SHOWN:
            yield f"    and {len(row.failures) - _SHOWN:,} more; --format json has all"
        yield from (f"    {change.path}: {_change(change)}" for change in row.changes)
    for one in result.unframed:
        yield f"  no schema id: {number(one.records, 'record')}: {one.seen} (the last: {one.where})"


def _verdict(result: Verification) -> str:
    """The verdict in a line."""
    begun = "" if result.complete else "interrupted; of what was read until then, "
    if not result.records:
        return f"{begun}no records to prove it with"
    if result.failed:
        return f"{begun}{result.failed:,} of {number(result.records, 'record')} cannot be read with the contract"
    return f"{begun}the contract reads {number(result.records, 'record')} ({result.source})"


def _name(row: WriterResult) -> str:
    """What the writer schema is called."""
    return f"id {row.id}, no version of the subject" if row.version is None else f"v{row.version} (id {row.id})"


def _outcome(row: WriterResult) -> str:
    """How many records were read, and how many decode."""
    if not row.records:
        return "no records"
    if row.failures:
        return f"{number(row.records, 'record')}, {row.decoded:,} of them decoded"
    return f"{number(row.records, 'record')}, {'all ' if row.records > 1 else ''}decoded"


def _change(change: ValueChange) -> str:
    """What becomes of a field's values."""
    times = number(change.values, "value")
    match change.kind:
        case "changed":
            return f"{times} read differently, for example {change.example} ({change.where})"
        case "dropped":
            return f"{times} not read, the contract has no such field"
        case _:
            return f"not written, {times} filled with the default {change.example}"


def _summary(results: Sequence[Verification], left: Sequence[Topic]) -> str:
    failed, records = sum(one.failed for one in results), sum(one.records for one in results)
    interrupted = "interrupted: " if left or not all(result.complete for result in results) else ""
    return f"{interrupted}{number(records, 'record')} read, {failed:,} failed"


def _document(results: Sequence[Verification], left: Sequence[Topic]) -> dict[str, Any]:
    """`ok`, `subjects` with their `versions`, and `not_begun`, the subjects that an interruption left out."""
    return {
        "ok": not left and all(result.ok for result in results),
        "subjects": [
            {
                "subject": result.topic.subject,
                "topic": result.topic.name,
                **attributes(result, "ok", "source", "complete", "records", "failed"),
                "versions": [
                    {
                        **attributes(row, "id", "version", "records", "decoded"),
                        "failures": [attrs.asdict(failure) for failure in row.failures],
                        "changes": [attrs.asdict(change) for change in row.changes],
                    }
                    for row in result.rows
                ],
                "unframed": [attrs.asdict(one) for one in result.unframed],
            }
            for result in results
        ],
        "not_begun": [topic.subject for topic in left],
    }


def _markdown(results: Sequence[Verification], left: Sequence[Topic]) -> str:
    """A section for each subject."""
    sections = ["\n".join(_section(result)) for result in results]
    sections += [f"### ❌ {code(topic.subject)}: not begun" for topic in left]
    return "\n\n".join([*sections, _summary(results, left)])


def _section(result: Verification) -> Iterator[str]:
    yield f"### {'✅' if result.ok else '❌'} {code(result.topic.subject)}: {_verdict(result)}"
    yield from table(("writer", "records"), [(_name(row), _outcome(row)) for row in result.rows])
    failures = [
        (_name(row), code(one.where), plain(one.reason)) for row in result.rows for one in row.failures[:_SHOWN]
    ]
    failures += [
        ("none", code(one.where), plain(f"{number(one.records, 'record')}: {one.seen}")) for one in result.unframed
    ]
    yield from table(("writer", "cannot be read", "reason"), failures)
    changes = [(_name(row), code(change.path), plain(_change(change))) for row in result.rows for change in row.changes]
    yield from table(("writer", "field", "what becomes of it"), changes)


RULES = {
    "unreadable-records": "Records in the topic that consumers with this contract cannot read, or refuse.",
    "no-schema-id": "Records in the topic that are not in Confluent's wire format: no consumer can read them.",
    "value-changed": "Values that this contract reads differently than they were written.",
    "value-dropped": "Written values for which this contract has no field.",
    "value-defaulted": "Fields of this contract that were not written: they read as their default.",
    "interrupted": "The records were not all read, so there is no verdict.",
}
"""Rule of prove → why it matters."""


def _findings(results: Sequence[Verification], left: Sequence[Topic]) -> Iterator[Finding]:
    for result in results:
        topic = result.topic
        for row in result.rows:
            if row.failures:
                first = row.failures[0]
                failed = f"{_name(row)}: {len(row.failures):,} of {number(row.records, 'record')} cannot be read"
                yield _finding(topic, "unreadable-records", f"{failed}; {first.where}: {first.reason}")
            for change in row.changes:
                message = f"{_name(row)}: {_change(change)}"
                yield _finding(topic, f"value-{change.kind}", message, path=change.path, severity="note")
        for one in result.unframed:
            message = f"{number(one.records, 'record')}: {one.seen} (the last: {one.where})"
            yield _finding(topic, "no-schema-id", message)
        if not result.complete:
            yield _finding(topic, "interrupted", _verdict(result))
    yield from (_finding(topic, "interrupted", "not begun") for topic in left)


def _finding(topic: Topic, rule: str, message: str, path: str = "", severity: Severity = "error") -> Finding:
    return Finding(rule, topic.contract, topic.path, 0, path, message, "", topic.subject, severity)


def _sarif(results: Sequence[Verification], left: Sequence[Topic]) -> str:
    return findings.sarif(list(_findings(results, left)), RULES.__getitem__)


def _junit(results: Sequence[Verification], left: Sequence[Topic]) -> str:
    subjects = [*(result.topic.subject for result in results), *(topic.subject for topic in left)]
    return findings.junit("prove", findings.cases(subjects, _findings(results, left)))

"""`tributary census`: a topic's records by schema version."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from functools import partial
from typing import Any

import attrs

from tributary import catalog, settings
from tributary.cli import exits
from tributary.cli.options import add_subject
from tributary.cli.output import add_format, progress, show
from tributary.printable import lines
from tributary.registry.check.history import find_topic
from tributary.registry.client import RegistryClient
from tributary.registry.records.census import Census, IdCount, RecordPosition, census
from tributary.registry.render.markup import code, plain, table
from tributary.registry.render.words import attributes, number


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Its arguments."""
    command.description = (
        "Read a topic from its beginning to its current end, and count its records by the version that wrote them, "
        "with the oldest and the newest of each. A version can be deleted from the registry when no record and no dead "
        "letter has its id, and it is neither the latest nor the contract. Only the prefix of each value is read; no "
        "offset is committed. Exits with 1 if there are records without a version of the subject: other subjects', "
        "deleted versions', or none in Confluent's wire format."
    )
    add_format(command)
    add_subject(command)


def run(args: argparse.Namespace) -> int:
    """Count the records; 1 if one has no version of the subject."""
    from tributary.registry.records.scan import count  # the Kafka client takes 50 ms to import

    loaded = settings.load()
    topics = catalog.load(loaded)
    topic = find_topic(args.subject, topics.topics)
    counted, letters = (count(loaded, name, partial(progress, name)) for name in (topic.name, topics.dead_letters.name))
    # After the records: a version registered while they were read is then known.
    versions = RegistryClient.from_settings(loaded).versions(topic.subject)
    found = census(topic, versions, counted, letters)
    show(args.format, found, text=text, json=document, markdown=markdown)
    return exits.passed(found.ok)


def text(found: Census) -> str:
    """Each version with its records, and whether it can be deleted."""
    rows = [f"{found.topic}: {number(found.records, 'record')}"]
    for row in found.rows:
        name = "no version" if row.version is None else f"v{row.version}"
        rows.append(f"{name} (id {row.id}): {_records(row)}; {_deletion(row)}")
        if row.use:
            rows += [f"    first  {_place(row.use.first)}", f"    last   {_place(row.use.last)}"]
    rows += [f"no schema id: {count:,}: {seen}" for seen, count in sorted(found.unframed.items())]
    free = sum(row.deletable for row in found.rows)
    return lines([*rows, f"{number(free, 'version')} can be deleted"])


def document(found: Census) -> dict[str, Any]:
    """`topic`, `subject`, `ok`, `records`, `unframed`, and `ids` with version (null: none), records, dead letters."""
    return {
        **attributes(found, "topic", "subject", "ok", "records"),
        "ids": [
            {
                **attributes(row, "id", "version"),
                "records": row.use.records if row.use else 0,
                "dead_letters": row.letters,
                "first": attrs.asdict(row.use.first) if row.use else None,
                "last": attrs.asdict(row.use.last) if row.use else None,
                **attributes(row, "deletable", "reason"),
            }
            for row in found.rows
        ],
        "unframed": [{"seen": seen, "records": count} for seen, count in sorted(found.unframed.items())],
    }


def markdown(found: Census) -> str:
    """A table of the schema ids."""
    rows = [
        (
            "none" if row.version is None else f"v{row.version}",
            str(row.id),
            _records(row),
            _place(row.use.first) if row.use else "",
            _place(row.use.last) if row.use else "",
            _deletion(row),
        )
        for row in found.rows
    ]
    rows += [("none", "none", f"{count:,}", "", "", plain(seen)) for seen, count in sorted(found.unframed.items())]
    heads = ("version", "id", "records", "first", "last", "")
    return "\n".join([f"### {code(found.topic)}", *table(heads, rows)])


def _records(row: IdCount) -> str:
    words = number(row.use.records if row.use else 0, "record")
    return f"{words}, {number(row.letters, 'dead letter')}" if row.letters else words


def _deletion(row: IdCount) -> str:
    if row.version is None:
        return row.reason
    return f"{'can be deleted' if row.deletable else 'keep'}: {row.reason}"


def _place(at: RecordPosition) -> str:
    """When and where a record is, for example `2026-01-31 12:00:00Z, partition 0 offset 7`."""
    when = "no timestamp" if at.time_ms < 0 else f"{datetime.fromtimestamp(at.time_ms // 1000, UTC):%Y-%m-%d %H:%M:%SZ}"
    return f"{when}, partition {at.partition} offset {at.offset}"

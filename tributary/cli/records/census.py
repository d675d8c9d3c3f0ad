"""`tributary census`: a topic's records by schema version."""

from __future__ import annotations

import argparse
from functools import partial

from tributary import catalog, settings
from tributary.cli import exits
from tributary.cli.options import add_subject
from tributary.cli.output import add_format, progress, show
from tributary.registry.check.history import find_topic
from tributary.registry.client import RegistryClient
from tributary.registry.records.census import census
from tributary.registry.render import documents, markdown, text


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Its arguments."""
    command.description = (
        "Read a topic from its beginning to where it ends now, and count its records by the version that wrote them, "
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
    show(args.format, found, text=text.census, json=documents.census, markdown=markdown.census)
    return exits.passed(found.ok)

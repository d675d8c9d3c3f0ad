"""`tributary prove`: decode real records with the contracts of the working copy."""

from __future__ import annotations

import argparse
from pathlib import Path

from tributary import catalog, settings
from tributary.cli import exits
from tributary.cli.options import positive
from tributary.cli.output import add_format, progress, show
from tributary.registry.check.history import find_topic
from tributary.registry.records import sources
from tributary.registry.render import verification
from tributary.signals import stop_signal


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Its arguments."""
    add_format(command)
    command.add_argument(
        "topics", metavar="TOPIC", nargs="*", help="a subject, or its topic's name in the catalogue (default: all)"
    )
    command.add_argument(
        "--last",
        type=positive,
        default=1000,
        metavar="N",
        help="take the newest N records of each version; the topic is read once as a whole (default: %(default)s)",
    )
    command.add_argument(
        "--fixtures",
        type=Path,
        metavar="DIR",
        help="take files of one message's value each, in DIR/TOPIC/…, instead of Kafka; needs only the lock",
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
        proven = list(found)
        left = topics[len(proven) :] if stop.is_set() and not args.fixtures else []
    show(
        args.format,
        *(proven, left),
        text=verification.text,
        json=verification.document,
        markdown=verification.markdown,
    )
    return exits.passed(not left and all(proof.ok for proof in proven))

"""Which topics are counted, and how each is read."""

from __future__ import annotations

import logging
from collections.abc import Callable

import attrs

from consumers.analytics.merge import EVENT_TIME, FIELDS, check_types
from tributary.avro.columns.reader import ColumnReader
from tributary.avro.types import SchemaError
from tributary.catalog import Catalog, CatalogError, Topic
from tributary.kafka.clock import Clock
from tributary.settings import Settings

log = logging.getLogger(__name__)


@attrs.frozen(eq=False)
class Route:
    """How one topic is read."""

    event: str
    reader: ColumnReader
    clock: Clock


def routes(settings: Settings, catalog: Catalog, schema_text: Callable[[int], str]) -> dict[str, Route]:
    """A route for each topic that is counted, by the topic's name; `schema_text` gives writer schemas by id.

    Raises CatalogError, also for a contract of which no figure can be made.
    """
    return {topic.name: _route(settings, topic, schema_text) for topic in counted_topics(catalog)}


def _route(settings: Settings, topic: Topic, schema_text: Callable[[int], str]) -> Route:
    try:
        reader = ColumnReader(topic.schema, FIELDS[topic.event], schema_text)
        check_types(reader.wanted)
    except SchemaError as error:
        raise CatalogError(f"{topic.path}: {error}") from error
    clock = Clock(topic.event, EVENT_TIME, settings.event_time_earliest_ms, settings.event_time_ahead_ms)
    return Route(topic.event, reader, clock)


def counted_topics(catalog: Catalog) -> list[Topic]:
    """The topics that the figures are made of; warns of the others. Raises CatalogError if there are none."""
    known = {topic.event: topic for topic in reversed(catalog.topics) if topic.event in FIELDS}
    counted = [topic for topic in catalog.topics if topic in known.values()]
    others = [f"{topic.name} ({topic.event})" for topic in catalog.topics if topic not in counted]
    expected = f"figures are made of {', '.join(FIELDS)}, each from one topic"
    if not counted:
        raise CatalogError(f"analytics counts no topic of the catalogue: {expected}")
    if others:
        log.warning("not counted: %s: %s", ", ".join(others), expected)
    return counted

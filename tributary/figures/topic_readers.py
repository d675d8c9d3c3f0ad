"""The topics that figures are made of, and how each is read."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence

import attrs
from confluent_kafka import Message

from tributary.avro.columns.projection import Form, form
from tributary.avro.columns.reader import ColumnReader, ReadResult
from tributary.avro.schema import Array, Record, SchemaError, Union
from tributary.catalog import Catalog, CatalogError, Topic
from tributary.figures.declaration import Declaration
from tributary.kafka.event_time import EventTimeLimits
from tributary.settings import Settings

log = logging.getLogger(__name__)


@attrs.frozen(eq=False)
class TopicReader:
    """Reads one topic's messages as columns, and sets implausible event times apart."""

    event: str
    columns: ColumnReader
    limits: EventTimeLimits

    def read(self, messages: Sequence[Message], since_ms: int) -> ReadResult:
        """The rows that can be read; `since_ms` is when the first of the messages was sent."""
        return self.limits.check(self.columns.read(list(map(Message.value, messages))), messages, since_ms)


def topic_readers(
    declaration: Declaration, settings: Settings, catalog: Catalog, schema_text: Callable[[int], str]
) -> dict[str, TopicReader]:
    """The reader of each topic that is counted, by topic name; `schema_text` gives writer schemas by id.

    Raises CatalogError, also for a contract of which no figure can be made.
    """
    return {
        topic.name: _topic_reader(declaration, settings, topic, schema_text)
        for topic in counted_topics(declaration, catalog)
    }


def _topic_reader(
    declaration: Declaration, settings: Settings, topic: Topic, schema_text: Callable[[int], str]
) -> TopicReader:
    fields = declaration.fields[topic.event]
    try:
        columns = ColumnReader(topic.schema, fields, schema_text)
        _check_forms(columns.wanted, fields)
        if fields.get(declaration.event_time) is not Form.INTEGERS:
            raise SchemaError(
                f"{columns.wanted.short_name}.{declaration.event_time}: it is the event time, so the declaration of "
                f"the figures must name it with the form {Form.INTEGERS.name}"
            )
    except SchemaError as error:
        raise CatalogError(f"{topic.path}: {error}") from error
    limits = EventTimeLimits(
        topic.event, declaration.event_time, settings.event_time_earliest_ms, settings.event_time_ahead_ms
    )
    return TopicReader(topic.event, columns, limits)


def counted_topics(declaration: Declaration, catalog: Catalog) -> list[Topic]:
    """The topics that the figures are made of; warns of the others. Raises CatalogError if there are none."""
    known = {topic.event: topic for topic in reversed(catalog.topics) if topic.event in declaration.fields}
    counted = [topic for topic in catalog.topics if topic in known.values()]
    others = [f"{topic.name} ({topic.event})" for topic in catalog.topics if topic not in counted]
    expected = f"figures are made of {', '.join(declaration.fields)}, each from one topic"
    if not counted:
        raise CatalogError(f"no topic of the catalogue is counted: {expected}")
    if others:
        log.warning("not counted: %s: %s", ", ".join(others), expected)
    return counted


def _check_forms(record: Record, forms: Mapping[str, Form], prefix: str = "") -> None:
    """Raise SchemaError if a field that is read is of a type of which the figures cannot be made."""
    for field in record.fields:
        path = prefix + field.name
        expected = forms.get(path)
        if isinstance(field.type, Array) and isinstance(field.type.element, Record):
            _check_forms(field.type.element, forms, f"{path}.")
        elif expected is None or expected not in _EXPECTED:
            raise SchemaError(
                f"{record.short_name}.{field.name}: the declaration of the figures must name {path} with one of the "
                f"forms {', '.join(allowed.name for allowed in _EXPECTED)}; it is {field.type}"
            )
        elif form(field.type) is not expected or (expected is Form.STRINGS and isinstance(field.type, Union)):
            raise SchemaError(
                f"{record.short_name}.{field.name}: figures are made of it, so it must be {_EXPECTED[expected]}; "
                f"it is {field.type}"
            )


_EXPECTED: Mapping[Form, str] = {
    Form.INTEGERS: "a whole number or an enum",
    Form.STRINGS: "text",
    Form.FLOATS: "a float or a double",
    Form.NULLABLE: "a whole number or an enum, or null",
    Form.NULLABLE_FLOATS: "a float or a double, or null",
}

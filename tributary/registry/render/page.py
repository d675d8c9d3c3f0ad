"""The event catalogue as one HTML page, which loads nothing: its style is in it, and it has no script."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tributary.registry.catalogue import (
    NOT_REGISTERED,
    Event,
    EventCatalogue,
    FieldEntry,
    Note,
    TypeEntry,
    version_name,
)
from tributary.registry.check.history import HistoryEntry
from tributary.registry.check.verdict import retention
from tributary.registry.render.changes import field, summary
from tributary.registry.render.html import Content, Element, anchor, tag

_STYLE = Path(__file__).with_name("catalogue.css")
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
"""A browser that follows it runs and fetches nothing, whatever a schema says."""


def page(catalogue: EventCatalogue) -> str:
    """The whole page."""
    head = tag(
        "head",
        Element('<meta charset="utf-8">'),
        Element(f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'),
        Element('<meta name="viewport" content="width=device-width, initial-scale=1">'),
        tag("title", "Event catalogue"),
        tag("style", Element(_STYLE.read_text(encoding="utf-8"))),
    )
    main = tag(
        "main",
        _overview(catalogue),
        _personal(catalogue),
        [_event(event) for event in catalogue.events],
        _letters(catalogue),
    )
    body = tag("body", _header(catalogue), tag("div", _contents(catalogue), main, class_="columns"))
    return f"<!doctype html>\n{tag('html', head, body, lang='en')}\n"


def _header(catalogue: EventCatalogue) -> Element:
    fields = sum(len(event.fields) for event in catalogue.events)
    counts = f"{len(catalogue.events)} events, {fields} fields, from the contracts and the versions in the lock."
    return tag("header", tag("h1", "Event catalogue"), tag("p", counts))


def _contents(catalogue: EventCatalogue) -> Element:
    links = [
        _link("Overview", "overview"),
        _link("Personal data", "personal-data"),
        *(_link(event.title, anchor(event.topic.contract)) for event in catalogue.events),
        _link("Dead letters", "dead-letters"),
    ]
    return tag("nav", tag("ul", [tag("li", link) for link in links]), aria_label="Contents")


def _overview(catalogue: EventCatalogue) -> Element:
    rows = [
        tag(
            "div",
            tag("dt", tag("strong", _link(event.title, anchor(event.topic.contract))), _quiet(event.status)),
            tag(
                "dd",
                tag("p", event.doc, class_="doc"),
                tag("p", "topic ", tag("code", event.topic.name), f"; owner {event.topic.owner}", class_="notes"),
            ),
        )
        for event in catalogue.events
    ]
    return tag("section", tag("h2", "Overview"), tag("dl", rows, class_="fields"), id="overview")


def _personal(catalogue: EventCatalogue) -> Element:
    def where(path: str, event: Event) -> Element:
        return _link(event.title, anchor(event.topic.contract, path))

    rows = [
        tag(
            "div",
            tag("dt", tag("code", path), _badge(mark, personal=True)),
            tag("dd", _joined([where(path, event) for event in events], ", ")),
        )
        for (path, mark), events in catalogue.personal.items()
    ]
    words = "Fields with personal data, by the mark in their contract, and the events that have them."
    none = "No field is marked as personal."
    content = [tag("p", words), tag("dl", rows, class_="fields")] if rows else [tag("p", none)]
    return tag("section", tag("h2", "Personal data"), content, id="personal-data")


def _event(event: Event) -> Element:
    contract = event.topic.contract
    facts = [tag("div", tag("dt", name), tag("dd", _notes(notes))) for name, notes in event.facts]
    fields = [_field(contract, field) for field in event.fields]
    return tag(
        "section",
        tag("h2", event.title),
        tag("p", event.doc, class_="doc"),
        tag("dl", facts, class_="facts"),
        tag("h3", "Fields"),
        tag("dl", fields, class_="fields"),
        [tag("h3", "Types"), tag("dl", [_type(one) for one in event.types], class_="fields")] if event.types else [],
        tag("h3", "Versions"),
        tag("ol", [_version(entry) for entry in reversed(event.versions)], class_="versions"),
        tag(
            "details",
            tag("summary", "The contract as it is written"),
            tag("pre", tag("code", event.topic.text), tabindex="0"),
        ),
        id=anchor(contract),
    )


def _field(contract: str, field: FieldEntry) -> Element:
    head = [
        tag("a", tag("code", field.path), href=f"#{anchor(contract, field.path)}"),
        _quiet(field.type),
        [_badge(mark, personal=mark.startswith("personal")) for mark in field.marks],
    ]
    return tag(
        "div",
        tag("dt", head),
        tag(
            "dd",
            tag("p", field.doc, class_="doc"),
            tag("p", _notes(field.notes), class_="notes") if field.notes else [],
        ),
        id=anchor(contract, field.path),
        class_=f"depth-{min(field.depth, 3)}",
    )


def _type(one: TypeEntry) -> Element:
    head = tag("dt", tag("code", one.name), _quiet(f"{one.kind}, defined at {one.path}"))
    return tag("div", head, tag("dd", tag("p", one.doc, class_="doc")))


def _version(entry: HistoryEntry) -> Element:
    changes = [tag("li", tag("code", field(change.path)), f" {change.text}") for change in entry.changes]
    name = version_name(entry)
    head = [
        tag("strong", name),
        f" (id {entry.version.id})" if entry.version.id != NOT_REGISTERED else "",
        f": {summary(entry)}",
    ]
    return tag("li", tag("p", head), tag("ul", changes) if changes else [])


def _letters(catalogue: EventCatalogue) -> Element:
    letters = catalogue.dead_letters
    words = [
        "Messages that could not be read, with their original bytes, in the topic ",
        tag("code", letters.name),
        f": {letters.partitions} partition{'' if letters.partitions == 1 else 's'}, "
        f"kept {retention(letters.retention_ms)}, owner {letters.owner}. They have no contract.",
    ]
    return tag("section", tag("h2", "Dead letters"), tag("p", words), id="dead-letters")


def _notes(notes: Sequence[Note]) -> list[Content]:
    return _joined([_note(note) for note in notes], "; ")


def _note(note: Note) -> Content:
    code = _joined([tag("code", value) for value in note.code], ", ")
    return [note.words, " " if note.words and code else "", code]


def _joined(parts: Sequence[Content], between: str) -> list[Content]:
    return [piece for part in parts for piece in (between, part)][1:]


def _link(words: str, to: str) -> Element:
    return tag("a", words, href=f"#{to}")


def _quiet(words: str) -> Element:
    return tag("span", words, class_="quiet")


def _badge(words: str, *, personal: bool = False) -> Element:
    return tag("span", words, class_="badge personal" if personal else "badge")

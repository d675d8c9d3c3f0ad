"""The event catalogue: everything that the contracts and the lock say is in it, and nothing in them is markup."""

from __future__ import annotations

import json
import re
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import attrs
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from tests.support.contracts import CONTRACTS, Contracts, field
from tributary import catalog
from tributary.catalog import Catalog, DeadLetters, Topic
from tributary.cli.main import main
from tributary.printable import printable
from tributary.registry.catalogue import PROMISES, EventCatalogue, build
from tributary.registry.contract import walk
from tributary.registry.contract.diff import short
from tributary.registry.lock import Lock, Subject, Version
from tributary.registry.render import catalogue
from tributary.registry.render.html import tag
from tributary.registry.render.page import page as html_page

VOID = ("meta",)
COUPON = {
    "name": "coupon",
    "type": ["null", {"type": "record", "name": "Coupon", "doc": "A voucher.", "fields": [
        {"name": "code", "type": "string", "doc": "What the user typed.", "pii": "sensitive", "pattern": "^[A-Z`|]+$"},
        {"name": "worth", "type": {"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 2},
         "doc": "What it takes off.", "aliases": ["value"], "unit": "EUR"},
        {"name": "for_segment", "type": ["null", "Segment"], "default": None, "doc": "Whose it is."},
        {"name": "share", "type": "int", "minimum": 1, "maximum": 90, "default": 10, "doc": "Per cent."},
    ]}],
    "default": None,
    "doc": "The voucher that was used.",
}  # fmt: skip


@attrs.define
class Page(HTMLParser):
    """What a page says and what it is made of."""

    tags: list[str] = attrs.field(factory=list)
    """Every start tag with the names of its attributes, in order."""
    attributes: list[tuple[str, str]] = attrs.field(factory=list)
    words: list[str] = attrs.field(factory=list)
    open: list[str] = attrs.field(factory=list)

    def __attrs_post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append(" ".join([tag, *(name for name, _ in attributes)]))
        self.attributes += [(name, value or "") for name, value in attributes]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.words.append(data)

    @property
    def text(self) -> str:
        return "".join(self.words)


def read(html: str) -> Page:
    page = Page()
    page.feed(html)
    page.close()
    assert page.open == []
    return page


def rendered(markdown: str) -> Page:
    """The Markdown as a renderer that lets HTML through shows it."""
    html = MarkdownIt("commonmark", {"html": True, "xhtmlOut": False}).enable("table").render(markdown)
    return read(re.sub("<(br|hr)>", " ", html))


@pytest.fixture
def edited(contracts: Contracts) -> tuple[Catalog, Lock]:
    """user-events has two registered versions and an edit that is not registered; the others have no version."""
    topic = contracts.load().topic("user-events")
    second = topic.text
    first = json.loads(second)
    field(first, "quantity").pop("minimum")
    contracts.edit("user-events", lambda schema: schema["fields"].append(COUPON))
    versions = (Version(1, 7, json.dumps(first)), Version(3, 9, second))
    return contracts.load(), Lock("local", {topic.subject: Subject("FULL_TRANSITIVE", versions)})


def test_every_field_is_there_with_its_type_and_doc(edited: tuple[Catalog, Lock]) -> None:
    built = build(*edited, CONTRACTS)
    page, shown, text = read(html_page(built)).text, rendered(catalogue.markdown(built)).text, catalogue.text(built)
    for topic, event in zip(edited[0].topics, catalogue.document(built)["events"], strict=True):
        fields = walk.fields(topic.schema)
        assert [(f["field"], f["type"], f["doc"]) for f in event["fields"]] == [
            (f.path, short(f.type), f.spec["doc"]) for f in fields
        ]
        wanted = [words for f in fields for words in (f.path, short(f.type), f.spec["doc"])]
        for form in (page, shown, text):
            for words in [*wanted, topic.name, topic.owner, topic.subject, topic.compatibility, topic.schema["doc"]]:
                assert words in form


def test_what_else_a_field_says(edited: tuple[Catalog, Lock]) -> None:
    built = build(*edited, CONTRACTS)
    fields = {f["field"]: f for event in catalogue.document(built)["events"][1:2] for f in event["fields"]}
    segment = ["one of UNKNOWN, NEW, REGULAR, LOYAL, VIP", "readers read an unknown symbol as UNKNOWN"]
    assert fields["segment"]["notes"] == segment
    assert fields["coupon.for_segment"]["notes"] == ["default null", *segment]
    assert fields["coupon.worth"]["notes"] == ["also known as value", 'unit "EUR"']
    assert fields["coupon.worth"]["type"] == "bytes (decimal 9,2)"
    assert fields["coupon.share"]["notes"] == ["default 10", "at least 1", "at most 90"]
    assert fields["coupon.code"]["notes"] == ["matches ^[A-Z`|]+$"]
    assert fields["coupon.code"]["personal"] == "sensitive"
    assert [name for name, f in fields.items() if f["key"]] == ["user_id"]
    assert [name for name, f in fields.items() if f["envelope"]] == [
        *("event_id", "occurred_at", "user_id", "session_id", "segment", "region")
    ]
    for form in (read(html_page(built)).text, rendered(catalogue.markdown(built)).text, catalogue.text(built)):
        for words in ("default null", "matches ^[A-Z`|]+$", 'unit "EUR"', "personal: sensitive", "at most 90", "LOYAL"):
            assert words in form


def test_versions_and_what_each_changed(edited: tuple[Catalog, Lock]) -> None:
    built = build(*edited, CONTRACTS)
    for form in (read(html_page(built)).text, rendered(catalogue.markdown(built)).text, catalogue.text(built)):
        versions = form[form.rindex("v4, not registered yet") :]
        added, tightened = "added: null or record Coupon, default null", "attribute minimum: none → 1"
        places = [versions.index(words) for words in (added, "v3", tightened, "v1", "the first")]
        assert places == sorted(places)
    assert "v1, not registered yet" in catalogue.markdown(built)  # the topics that have no version
    document = catalogue.document(built)["events"][1]["versions"]
    assert [(one["version"], one["id"]) for one in document] == [(1, 7), (3, 9), (4, 0)]


def test_a_reverted_contract_is_no_new_version(edited: tuple[Catalog, Lock], contracts: Contracts) -> None:
    before = edited[1].subjects["user-events-value"].versions[0].schema
    contracts.load().topic("user-events").path.write_text(before)
    assert [entry.version.id for entry in build(contracts.load(), edited[1], contracts.project).events[1].versions] == [
        7,
        9,
    ]


def test_a_contract_that_is_no_schema_is_named(contracts: Contracts) -> None:
    contracts.edit("purchases", lambda schema: field(schema, "region").update(type="strin"))
    with pytest.raises(catalog.CatalogError, match=r"^[^:]*purchase_completed\.avsc: [^/]*strin"):
        build(contracts.load(), Lock("local"), contracts.project)


def test_one_partition_is_not_several(contracts: Contracts) -> None:
    topics = contracts.load().topics
    one = attrs.evolve(contracts.load(), topics=[attrs.evolve(topic, partitions=1) for topic in topics])
    events = build(one, Lock("local"), contracts.project)
    assert "1 partition;" in catalogue.text(events)
    assert "1 partitions" not in catalogue.text(events) + catalogue.markdown(events) + html_page(events)


def test_personal_data_by_event(edited: tuple[Catalog, Lock]) -> None:
    found = build(*edited, CONTRACTS).personal
    assert {key: [event.title for event in events] for key, events in found.items()} == {
        ("user_id", "pseudonym"): ["ProductViewed", "CartUpdated", "PurchaseCompleted"],
        ("session_id", "pseudonym"): ["ProductViewed", "CartUpdated", "PurchaseCompleted"],
        ("coupon.code", "sensitive"): ["CartUpdated"],
    }


def test_the_page_needs_nothing_else_and_its_links_lead_somewhere(edited: tuple[Catalog, Lock]) -> None:
    html = html_page(build(*edited, CONTRACTS))
    page = read(html)
    ids = [value for name, value in page.attributes if name == "id"]
    assert max(Counter(ids).values()) == 1
    links = [value for name, value in page.attributes if name == "href"]
    assert {link.removeprefix("#") for link in links} <= set(ids)
    assert {"product-events", "user-events", "purchases", "personal-data"} <= {link[1:] for link in links}
    assert not {name for name, _ in page.attributes} & {"src", "style", "srcset", "action"}
    assert not re.search(r"url\(|@import|<script|<link", html)


HOSTILE = st.text(min_size=1, max_size=60) | st.lists(
    st.sampled_from(
        (
            *("<script>alert(1)</script>", '"', "'", "&lt;", "&#60;", "</style>", "</code>", "<!--", "-->", "<b on=x>"),
            *("`", "```", "|", "\\", "\n", "\r\n", "# ", "- ", "1. ", "> ", "[x](y)", "![x](y)", "<http://x>"),
            *("*x*", "_x_", "~~~", "===", "---", "    ", "x", "\x00", "\x1b", "\u2028", "$", "&"),
        )
    ),
    min_size=1,
    max_size=6,
).map("".join)


def says(words: str, file: Path) -> EventCatalogue:
    """A catalogue whose free texts all say these words."""
    enum = {"type": "enum", "name": "Kind", "symbols": ["A"], "doc": words}
    fields = [
        {"name": "a", "type": "string", "doc": words, "default": words, "pattern": words, "pii": words, "why": words},
        {"name": "kind", "type": enum, "doc": words},
        {"name": "at", "type": {"type": "long", "logicalType": words}, "doc": words},
    ]
    schema: dict[str, Any] = {"type": "record", "name": "E", "doc": words, "fields": fields}
    file.write_text(json.dumps(schema))
    topic = Topic("e", "e", "a", 1, 1, "NONE", words, file)
    before = json.dumps(schema | {"doc": "Before.", "fields": fields[:2]})
    known = Lock("local", {"e-value": Subject("NONE", (Version(1, 1, before),))})
    return build(Catalog((topic,), DeadLetters("dead", 1, 1, words)), known, CONTRACTS)


def squeezed(words: str) -> str:
    """Without what is shown as an escape, and with white space as one blank."""
    visible = "".join(" " if printable(one) != one else one for one in words)
    return " ".join(re.sub(r"\\u[0-9a-f]{4}|\\[nrt]", " ", visible).split())


@given(HOSTILE)
@example('" onclick="alert(1)')
def test_an_attribute_cannot_be_left(words: str) -> None:
    page = read(tag("a", words, title=words, aria_label="x"))
    assert page.tags == ["a title aria-label"]
    assert squeezed(dict(page.attributes)["title"]) == squeezed(words)


@settings(max_examples=150, deadline=None)
@given(HOSTILE)
@example("</p></dd><script>alert(1)</script>")
@example("&lt;script&gt;")
def test_the_page_says_what_schemas_say_and_runs_none_of_it(tmp_path_factory: Any, words: str) -> None:
    file = tmp_path_factory.mktemp("schemas", numbered=True) / "e.avsc"
    page, plain = read(html_page(says(words, file))), read(html_page(says("words", file)))
    assert page.tags == plain.tags
    assert squeezed(page.text).count(squeezed(words)) >= 5


@settings(max_examples=150, deadline=None)
@given(HOSTILE)
@example("# no heading")
@example("a | b\n--- | ---\n1 | 2")
@example("``x` and `y``")
@example("x\n\n    code")
def test_the_markdown_says_what_schemas_say_and_nothing_of_it_is_markup(tmp_path_factory: Any, words: str) -> None:
    file = tmp_path_factory.mktemp("schemas", numbered=True) / "e.avsc"
    assume(squeezed(words))
    page = rendered(catalogue.markdown(says(words, file)))
    plain = rendered(catalogue.markdown(says("words", file)))
    assert page.tags == plain.tags
    assert squeezed(page.text).count(squeezed(words)) >= 5


def test_each_level_has_its_promise() -> None:
    assert set(PROMISES) == set(catalog.LEVELS)


def test_the_command_writes_both_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "new"
    for state in ("written", "up to date"):
        assert main(["docs", "--output", str(folder)]) == 0
        assert capsys.readouterr().out == f"{folder}/events.md: {state}\n{folder}/events.html: {state}\n"
    assert "# Event catalogue" in (folder / "events.md").read_text()
    assert "ProductViewed" in read((folder / "events.html").read_text()).text
    assert sorted(path.name for path in folder.iterdir()) == ["events.html", "events.md"]


def test_the_command_says_why_it_cannot_write(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("")
    assert main(["docs", "--output", str(tmp_path / "file")]) == 1
    assert str(tmp_path / "file") in capsys.readouterr().err

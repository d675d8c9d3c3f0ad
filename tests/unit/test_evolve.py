"""The next version of a contract: a minimal edit where the level allows it, and nothing where it does not."""

from __future__ import annotations

import difflib
import json
import shutil
from pathlib import Path

import attrs
import pytest

import settings
from registry import evolve, lock
from schemas import catalog
from schemas.catalog import Topic


@pytest.fixture
def topic(tmp_path: Path) -> Topic:
    """A copy of a contract of ours, to edit."""
    original = catalog.load(settings.load()).topic("user-events")
    shutil.copy(original.path, tmp_path / original.path.name)
    return attrs.evolve(original, path=tmp_path / original.path.name, compatibility="FULL_TRANSITIVE")


def run(topic: Topic, edit: evolve.Edit) -> list[str]:
    """The changed lines, - and +, of the file."""
    before = topic.text
    evolve.evolve(topic, [lock.Version(1, 1, before)], edit, "the way around")
    after = topic.path.read_text(encoding="utf-8")
    json.loads(after)
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), n=0, lineterm="")
    return [line for line in lines if line[0] in "+-" and line[:3] not in ("+++", "---")]


def test_an_optional_field_is_one_more_line(topic: Topic) -> None:
    lines = run(topic, evolve.add_field("referrer", "string", optional=True, doc="Where from."))
    assert [line[0] for line in lines] == ["-", "+", "+"]
    assert lines[1] == "+" + lines[0][1:] + ","
    assert lines[2] == '+    {"name": "referrer", "type": ["null", "string"], "default": null, "doc": "Where from."}'


def test_a_symbol_changes_one_line(topic: Topic) -> None:
    removed, added = run(topic, evolve.add_symbol("CartAction", "SAVE"))
    assert added[1:] == removed[1:].replace('"REMOVE"]', '"REMOVE", "SAVE"]')


def test_a_deprecation_is_in_the_doc(topic: Topic) -> None:
    removed, added = run(topic, evolve.deprecate("region", "Use market."))
    assert added[1:] == removed[1:].replace('"Sales', '"Deprecated: Use market. Sales')


@pytest.mark.parametrize(
    "edit",
    [
        evolve.add_field("referrer", "string", optional=False, doc="Where from."),
        evolve.rename("quantity", "pieces"),
        evolve.widen("quantity", "long"),
    ],
)
def test_what_the_level_forbids_is_not_written(topic: Topic, edit: evolve.Edit) -> None:
    before = topic.text
    with pytest.raises(evolve.EvolveError, match=r"FULL_TRANSITIVE forbids this(.|\n)*the way around"):
        run(topic, edit)
    assert topic.path.read_text(encoding="utf-8") == before


def test_a_level_that_looks_backward_allows_widening_and_renaming(topic: Topic) -> None:
    backward = attrs.evolve(topic, compatibility="BACKWARD")
    removed, added = run(backward, evolve.widen("quantity", "long"))
    assert added[1:] == removed[1:].replace('"int"', '"long"')
    again = attrs.evolve(backward)
    _, renamed = run(again, evolve.rename("quantity", "pieces"))
    assert '"name": "pieces"' in renamed and '"aliases": ["quantity"]' in renamed


def test_a_pending_edit_counts_as_a_version(topic: Topic) -> None:
    registered = [lock.Version(1, 1, topic.text)]
    evolve.evolve(topic, registered, evolve.add_field("a", "int", optional=True, doc="A."), "")
    checked = evolve.evolve(attrs.evolve(topic), registered, evolve.add_field("b", "int", optional=True, doc="B."), "")
    assert [change.path for change in checked.changes] == ["b"]


def test_an_unknown_field_is_named(topic: Topic) -> None:
    with pytest.raises(evolve.EvolveError, match="no field 'nowhere'; there are event_id"):
        run(topic, evolve.deprecate("nowhere", "x"))
